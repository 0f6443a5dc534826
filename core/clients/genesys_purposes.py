"""Genesys Cloud, tutorial contract: read every purpose, find one again, and change one (contract.md, 2)."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from core.clients.http import Answer, Call, contract_violation, vendor_id
from core.clients.outcomes import BreakerEffect, Decision, Sending, Verdict
from core.clients.redaction import visible
from core.model.privacy_requests import TaskError
from core.model.purposes import LegalBasis, LivePurpose, Values, retention_from_wire, retention_to_wire
from core.settings import ConnectionSettings

Send = Callable[[Call], Answer]
"""Makes a call within whatever bounds its owner keeps, waits and repeats included."""

_PATH = "/api/v2/privacy/purposes"
_WALKS = 3
_MOST_PAGES = 10_000
_MOST_TOTAL = 1_000_000
_SHOWN_CHARACTERS = 500
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")

# What a person does about each refusal, contract.md 2.2.
READ_ADVICE: Mapping[int, str] = {
    400: "Check PAGE_SIZE, PAGE_SIZE_PARAMETER and PAGE_NUMBER_PARAMETER of the connection.",
    401: "Check CLIENT_ID and CLIENT_SECRET of the connection, and that the client is not disabled at the vendor.",
    403: "Give the client the scope privacy:purpose:read, and its user the role Privacy Admin.",
    404: "Check BASE_URL of the connection: there is no list of purposes at this address.",
}
WRITE_ADVICE: Mapping[int, str] = {
    400: "The vendor does not take these values. Read what it said, correct the declaration, and enforce it again.",
    401: READ_ADVICE[401],
    403: "Give the client the scope privacy:purpose:write, and its user the role Privacy Admin.",
    404: "It was deleted at the vendor meanwhile. Create it there and compare again, or withdraw the declaration.",
}


@dataclass(frozen=True)
class Reading:
    """The vendor's whole list, or why it could not be had (`answer.error`, and then no purposes).

    `warnings` tell what was left out or does not add up.
    """

    answer: Answer
    purposes: tuple[LivePurpose, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """One purpose looked up again. With an answer that is a success and no purpose, the vendor does not have it."""

    answer: Answer
    purpose: LivePurpose | None = None


def put_call(connection: ConnectionSettings, purpose_id: str, name: str, values: Values) -> Call:
    """The exact call that changes a purpose, for a preview as well.

    Raises ValueError for an id that may not enter a URL.
    """
    known = vendor_id(purpose_id)
    if known is None:
        raise ValueError("The vendor's id of the purpose cannot be used in an address")
    body = {
        "name": name,
        "description": values["description"],
        "retentionPeriod": retention_to_wire(values["retention_days"], connection.duration_format),
        "legalBasis": values["legal_basis"],
        "isActive": values["is_active"],
    }
    # The read-back decides what was done, so the answer's body does not matter.
    return Call("PUT", f"{connection.base_url}{_PATH}/{known}", json=body, expects="nothing")


@dataclass(frozen=True)
class _Page:
    answer: Answer
    purposes: tuple[LivePurpose, ...] = ()
    unreadable: int = 0
    page_count: int | None = None
    total: int | None = None

    @property
    def is_empty(self) -> bool:
        return not self.purposes and not self.unreadable


class GenesysPurposes:
    """The contract over one connection."""

    def __init__(self, connection: ConnectionSettings, read: Send, write: Send) -> None:
        self._connection = connection
        self._read = read
        self._write = write

    def read_all(self, expected: Collection[str] = ()) -> Reading:
        """Every purpose, each once.

        The contract has no snapshot: items move between pages while they are read. So the list is walked again, up
        to three times, until one walk shows no sign of that, or until two walks in a row find the same. A name that
        is `expected` and not there is such a sign: only a second look makes it missing.
        """
        earlier: _Walk | None = None
        for _ in range(_WALKS):
            walk = self._walk()
            if not walk.answer.ok:
                return Reading(walk.answer)
            same = earlier is not None and walk.came_to_an_end and earlier.same_as(walk)
            if walk.adds_up and (same or walk.names >= set(expected)):
                return walk.reading()
            if same:
                return walk.reading(*walk.what_does_not_add_up())
            earlier = walk
        assert earlier is not None  # noqa: S101 - there is at least one walk
        return Reading(_unstable(earlier.answer))

    def find(self, purpose_id: str, near_page: int) -> Found:
        """One purpose as it is now. The contract has no call for one, so the page is read on which it last was."""
        page = self._page(max(1, near_page))
        if not page.answer.ok:
            return Found(page.answer)
        for purpose in page.purposes:
            if purpose.id == purpose_id:
                return Found(page.answer, purpose)
        reading = self.read_all()
        return Found(reading.answer, next((p for p in reading.purposes if p.id == purpose_id), None))

    def put(self, purpose_id: str, name: str, values: Values) -> Answer:
        """One attempt to change a purpose. Any 2xx is a success; what was really done is for a read-back to tell."""
        return self._write(put_call(self._connection, purpose_id, name, values))

    def _walk(self) -> "_Walk":
        walk, number = _Walk(), 1
        while number <= _MOST_PAGES and not walk.is_over:
            page = self._page(number)
            if page.answer.ok and walk.has_all_of(page):
                page = self._page(number)  # the page before once more, perhaps: ask for this one again
            walk.take(number, page)
            number += 1
        return walk

    def _page(self, number: int) -> _Page:
        c = self._connection
        params = {c.page_size_parameter: c.page_size, c.page_number_parameter: number}
        answer = self._read(Call("GET", f"{c.base_url}{_PATH}", params=params))
        if not answer.ok:
            return _Page(answer)
        body = answer.body
        entities = body.get("entities") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(entities, list):
            message = "The vendor's list of purposes has no entities."
            return _Page(contract_violation(answer, Sending.REPEATABLE, message, READ_ADVICE[404]))
        purposes = [purpose for entity in entities if (purpose := _purpose(entity, number))]
        return _Page(
            answer,
            tuple(purposes),
            len(entities) - len(purposes),
            _count(body.get("pageCount")),
            _count(body.get("total")),
        )


class _Walk:
    """One way through the list, page by page, and whether what was seen adds up."""

    def __init__(self) -> None:
        self.answer: Answer
        self.is_over = False
        self.came_to_an_end = False
        self._purposes: dict[str, LivePurpose] = {}
        self._unreadable = 0
        self._repeats = 0
        self._stale_pages = 0
        self._totals: list[int] = []

    @property
    def names(self) -> set[str]:
        return {purpose.name for purpose in self._purposes.values()}

    @property
    def adds_up(self) -> bool:
        """No item twice, no shrinking total, and as many items as the vendor says it has."""
        shrank = any(later < earlier for earlier, later in zip(self._totals, self._totals[1:], strict=False))
        return self.came_to_an_end and not self._repeats and not shrank and self._missing == 0

    @property
    def _missing(self) -> int:
        return self._totals[-1] - self._seen if self._totals else 0

    @property
    def _seen(self) -> int:
        return len(self._purposes) + self._unreadable

    def has_all_of(self, page: _Page) -> bool:
        """Whether a page brings nothing new although it should."""
        return bool(page.purposes) and all(purpose.id in self._purposes for purpose in page.purposes)

    def same_as(self, other: "_Walk") -> bool:
        return self._purposes.keys() == other._purposes.keys() and not (self._repeats or other._repeats)

    def take(self, number: int, page: _Page) -> None:
        self.answer = page.answer
        if not page.answer.ok:
            self.is_over = True
            return
        if page.total is not None and (page.total or page.is_empty):
            self._totals.append(page.total)  # none at all beside items is no number to count against
        if page.is_empty:
            self.is_over = self.came_to_an_end = True
            return
        stale = self.has_all_of(page)
        if stale and not self._totals and not page.page_count:
            # A vendor that counts nothing and gives its last page again for every later one.
            self.is_over = self.came_to_an_end = True
            return
        self._stale_pages = self._stale_pages + 1 if stale else 0
        self._repeats += sum(purpose.id in self._purposes for purpose in page.purposes)
        self._unreadable += page.unreadable
        self._purposes |= {purpose.id: purpose for purpose in page.purposes}
        last = number >= page.page_count if page.page_count else bool(page.total) and self._missing <= 0
        if last or self._stale_pages == 2:
            self.is_over, self.came_to_an_end = True, last

    def reading(self, *warnings: str) -> Reading:
        if self._unreadable:
            left_out = f"{self._unreadable} entries of the vendor's list have no usable id, name or value; left out."
            warnings = (left_out, *warnings)
        return Reading(self.answer, tuple(self._purposes.values()), warnings)

    def what_does_not_add_up(self) -> Iterable[str]:
        if self._missing:
            yield f"The vendor speaks of {self._totals[-1]} purposes and lists {self._seen}, twice over."


def _purpose(entity: object, page: int) -> LivePurpose | None:
    """A purpose of the list; None for one that cannot be told from others or not be shown."""
    if not isinstance(entity, dict):
        return None
    known, name = vendor_id(entity.get("id")), entity.get("name")
    description, active = entity.get("description"), entity.get("isActive", True)
    if known is None or not isinstance(name, str) or not name or not isinstance(active, bool):
        return None
    if description is not None and not isinstance(description, str):
        return None
    retention = _shown(entity.get("retentionPeriod"))
    basis = _shown(entity.get("legalBasis"))
    modified = entity.get("modifiedDate")
    try:
        days = retention_from_wire(retention)
    except ValueError:
        days = None
    return LivePurpose(
        id=known,
        name=_storable(name),
        description=_storable(description or ""),
        retention=retention,
        retention_days=days,
        legal_basis=basis.lower() if basis.lower() in set(LegalBasis) else basis,
        is_active=active,
        modified_at=_shown(modified) if isinstance(modified, str) else None,
        page=page,
    )


def _storable(text: str) -> str:
    """The text as it is, because it is compared; only what no database takes is spelt out."""
    return visible(text) if _UNSTORABLE.search(text) else text


def _shown(value: object) -> str:
    """Whatever the vendor has there as text fit to show, cut to 500 characters."""
    return visible(value if isinstance(value, str) else "" if value is None else repr(value))[:_SHOWN_CHARACTERS]


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOTAL:
        return None
    return value


def _unstable(answer: Answer) -> Answer:
    error = TaskError(
        "unstable_list",
        "The vendor's list of purposes repeated itself, or changed, each time it was read; it cannot be relied on.",
        "Compare again in a while. If it lasts, show the vendor's support the pages it sent.",
    )
    return replace(answer, verdict=Verdict(Decision.RETRY, BreakerEffect.NEUTRAL), error=error)
