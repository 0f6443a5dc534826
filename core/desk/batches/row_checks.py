"""Each row of a batch checked as the form checks one request, with what is the same for many rows reckoned once."""

from collections.abc import Callable, Sequence
from datetime import date

from core.desk import under_hold
from core.desk.filing import Place, already_open, check_further_identifiers, check_reference
from core.model.batches import FileRow, LineFinding
from core.model.findings import Finding
from core.model.holds import Hold
from core.model.identifiers import pseudonym
from core.model.privacy_requests import Draft, RequestType
from core.validation.many_requests import ManyRequests

_REMEMBERED = 10_000


class RowChecks:
    """The findings of rows, in the order of the file; knows which places the rows so far have taken.

    `of_connections` and `of_dates` are the form's own checks of these fields, `holds` the legal holds in force.
    """

    def __init__(
        self,
        of_connections: Callable[[Draft], list[Finding]],
        of_dates: Callable[[Draft], list[Finding]],
        holds: Sequence[Hold],
        pseudonym_key: bytes,
    ) -> None:
        self._of_connections = of_connections
        self._of_dates = of_dates
        self._holds = holds
        self._key = pseudonym_key
        self._many = ManyRequests()
        self._connections: dict[tuple[str, ...], list[Finding]] = {}
        self._dates: dict[tuple[str, str | None, date | None], list[Finding]] = {}
        self._taken: dict[Place, int] = {}

    def check(self, row: FileRow) -> list[Finding]:
        """What is wrong with a row by itself: what the form says of such a draft, before it looks for open requests."""
        draft = row.draft
        if draft is None:
            return list(row.findings)
        findings = self._many.check(
            subject=draft.subject,
            kind=draft.type,
            categories=draft.categories,
            scope=draft.scope,
            description=draft.description,
        )
        if draft.also_known_as:
            findings += check_further_identifiers(draft)
        findings += self._connection_findings(draft)
        findings += row.findings or self._date_findings(draft)
        if draft.reference:
            findings += check_reference(draft.reference)
        if self._holds and draft.type == RequestType.ERASURE:
            known_as = [pseudonym(identifier, self._key) for identifier in draft.identifiers]
            standing = [hold for hold in self._holds if hold.covers(known_as, draft.categories)]
            findings += under_hold.findings(draft, standing)
        return findings

    def places(self, draft: Draft) -> list[Place]:
        """Where a row without findings would have a task."""
        known_as = [pseudonym(identifier, self._key) for identifier in draft.identifiers]
        return [(name, one, str(draft.type)) for one in known_as for name in dict.fromkeys(draft.connections)]

    def take(self, row: FileRow, places: Sequence[Place], holders: dict[Place, str]) -> list[Finding]:
        """Take the places of a row without findings of its own; findings where somebody has one already."""
        assert row.draft is not None  # noqa: S101 - it has no findings
        if any(place in holders for place in places):
            return already_open(row.draft, places, holders)
        earlier = sorted({self._taken[place] for place in places if place in self._taken})
        if earlier:
            message = f"Line {earlier[0]} asks the same of the same person and system already."
            return [Finding("subjectId", "duplicate", message, "Keep one of the two.")]
        self._taken |= dict.fromkeys(places, row.line)
        return []

    def _connection_findings(self, draft: Draft) -> list[Finding]:
        if draft.connections not in self._connections:
            if len(self._connections) > _REMEMBERED:
                self._connections.clear()
            self._connections[draft.connections] = self._of_connections(draft)
        return self._connections[draft.connections]

    def _date_findings(self, draft: Draft) -> list[Finding]:
        key = (draft.law, draft.region, draft.received)
        if key not in self._dates:
            if len(self._dates) > _REMEMBERED:
                self._dates.clear()
            self._dates[key] = self._of_dates(draft)
        return self._dates[key]


def in_lines(line: int, findings: Sequence[Finding]) -> list[LineFinding]:
    return [LineFinding(line, finding) for finding in findings]
