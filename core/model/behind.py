"""The requests behind a number: what was counted, as an address that can be sent to a colleague."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self

from core.model.measures import Days, Filter
from core.model.privacy_requests import RequestState, RequestType, TaskState
from core.model.wording import STATE_WORDS, TYPE_WORDS, day, duration, error_class


class Counted(StrEnum):
    """What a number counts; its days are those of this."""

    ENDED = "ended"  # submissions; the list has the requests they belong to
    WAITING = "waiting"  # submissions that have not ended
    RECEIVED = "received"  # requests
    CLOSED = "closed"  # requests
    OPEN = "open"  # requests that are not closed; the days are those of their date


class Standing(StrEnum):
    """A closed request against its date."""

    MET = "met"
    MISSED = "missed"


_STANDING_WORDS: Mapping[Standing, str] = {Standing.MET: "in time", Standing.MISSED: "late"}
_COUNTED_WORDS: Mapping[Counted, str] = {
    Counted.ENDED: "a submission ended",
    Counted.WAITING: "a submission has not ended",
    Counted.RECEIVED: "received",
    Counted.CLOSED: "closed",
    Counted.OPEN: "open, due",
}
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True)
class Behind:
    """The requests that a number counts, or that the submissions it counts belong to.

    `first` and `last` are days of the controller, both included. `outcome` are states of a submission, `answer` those
    of the request; without one, cancelled submissions and closed requests that were cancelled are left out. `over` and
    `up_to` are milliseconds of latency, the former not included.
    """

    NAMES: ClassVar[tuple[str, ...]]  # of the parameters of an address

    counted: Counted
    first: date | None = None
    last: date | None = None
    connection: str | None = None
    kind: RequestType | None = None
    category: str | None = None
    law: str | None = None
    outcome: tuple[TaskState, ...] = ()
    error: str | None = None
    over: int | None = None
    up_to: int | None = None
    standing: Standing | None = None
    answer: tuple[RequestState, ...] = ()

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise ValueError("The last day lies before the first")

    @classmethod
    def of(cls, counted: Counted, where: Filter, days: Days | None = None, **more: Any) -> Self:
        """What a measure of `where` counts in `days`, or, without them, as things stand."""
        states: dict[str, Any] = {}
        if where.state and counted in {Counted.ENDED, Counted.WAITING}:
            states = {"outcome": (where.state,)}
        elif where.state and where.state in {str(state) for state in RequestState}:
            states = {"answer": (RequestState(where.state),)}
        found: dict[str, Any] = {
            "first": days.first if days else None,
            "last": days.last if days else None,
            "connection": where.connection,
            "kind": where.type,
            "category": where.category,
            "law": where.law,
            **states,
            **more,
        }
        return cls(counted, **found)

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self | None:
        """What an address asks for; None where it does not ask. Raises ValueError where it cannot be understood."""
        if not query.get("counted"):
            return None
        return cls(**{one.name: _READERS[one.name](query[one.name]) for one in fields(cls) if query.get(one.name)})

    def query(self) -> dict[str, str]:
        """As parameters of an address."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in given.items()
            if value is not None and value != ()
        }

    def words(self) -> str:
        """As people read it: `a submission ended from Mon 2 Nov 2026 to Sun 8 Nov 2026; failed; cxone`."""
        found = [f"{_COUNTED_WORDS[self.counted]}{self._when()}"]
        if self.standing:
            found[0] += f", {_STANDING_WORDS[self.standing]}"
        if states := (*self.outcome, *self.answer):
            found.append(" or ".join(STATE_WORDS[state].lower() for state in states))
        if self.error:
            found.append(error_class(self.error))
        if self.over is not None:
            found.append(f"took more than {duration(self.over)}")
        if self.up_to is not None:
            found.append(f"took at most {duration(self.up_to)}")
        if self.kind:
            found.append(TYPE_WORDS[self.kind])
        found += [text for text in (self.connection, self.category, self.law) if text]
        return "; ".join(found)

    def _when(self) -> str:
        if self.first and self.first == self.last:
            return f" on {day(self.first)}"
        first = f" from {day(self.first)}" if self.first else ""
        return first + (f" to {day(self.last)}" if self.first and self.last else "") or (
            f" up to {day(self.last)}" if self.last else ""
        )


Behind.NAMES = tuple(one.name for one in fields(Behind))


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("Not a name")
    return text


def _milliseconds(text: str) -> int:
    if not re.fullmatch("[0-9]{1,12}", text):
        raise ValueError("Not a number")
    return int(text)


def _day(text: str) -> date:
    found = date.fromisoformat(text)
    if not 2000 <= found.year <= 2999:
        raise ValueError("Not a day of this time")
    return found


_READERS: Mapping[str, Callable[[str], Any]] = {
    "counted": Counted,
    "first": _day,
    "last": _day,
    "connection": _name,
    "kind": RequestType,
    "category": _name,
    "law": _name,
    "outcome": lambda text: tuple(TaskState(part) for part in text.split(",")),
    "error": _name,
    "over": _milliseconds,
    "up_to": _milliseconds,
    "standing": Standing,
    "answer": lambda text: tuple(RequestState(part) for part in text.split(",")),
}
