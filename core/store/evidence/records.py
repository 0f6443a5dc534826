"""The records that the law asks for about each request, as tables: 11 CCR section 7101, and one for the GDPR."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from core.model.denials import DenialCode
from core.store.request_records import Record

Day = Callable[[str], date]
"""From an instant as it is stored to the controller's calendar day."""

SECTION_7101: Final = (
    "request", "date_of_request", "nature_of_request", "manner_of_request", "date_of_response", "nature_of_response",
    "basis_of_denial", "law", "reference",
)  # fmt: skip
GDPR: Final = (
    "request", "received", "right", "law", "due", "extended_on", "answered_on", "outcome", "ground_of_refusal",
    "recipients_told", "data_subject", "reference",
)  # fmt: skip

_RIGHT: Final[Mapping[str, str]] = {"ERASURE": "erasure (Art. 17)", "ACCESS": "access (Art. 15)"}
_NATURE: Final[Mapping[str, str]] = {"ERASURE": "delete", "ACCESS": "know"}


def section_7101(record: Record, day: Day) -> tuple[Any, ...]:
    """The fields that 11 CCR section 7101(b) names, in its order; date of response is empty while it is open.

    How a person made the request is known to the desk only as far as how it came in here.
    """
    manner = f"batch {record['batch']}, filed by {record['filed_by']}" if record["batch"] else record["filed_by"]
    return (
        record["id"],
        record["received"],
        f"{_NATURE.get(record['type'], record['type'])}: {record['categories'].replace(';', ', ')}",
        manner if record["batch"] else f"entered at the desk by {manner}",
        _day(record["closed_at"], day),
        _outcome(record),
        _ground(record),
        record["law"],
        record["reference"],
    )


def gdpr(record: Record, day: Day) -> tuple[Any, ...]:
    """What shows that Art. 12(3) and (4), 17 and 19 were kept; the person is a pseudonym."""
    return (
        record["id"],
        record["received"],
        _RIGHT.get(record["type"], record["type"]),
        record["law"],
        record["due_on"],
        _day(record["extended_at"], day),
        _day(record["closed_at"], day),
        _outcome(record),
        _ground(record),
        record["told"] or "",
        record["pseudonym"],
        record["reference"],
    )


def _day(instant: str | None, day: Day) -> str:
    return day(instant).isoformat() if instant else ""


def _outcome(record: Record) -> str:
    state = str(record["state"]).replace("_", " ")
    return "denied" if record["denial"] else state if record["closed_at"] else f"open ({state})"


def _ground(record: Record) -> str:
    code = record["denial"]
    return "" if code is None else DenialCode(code).words if code in set(DenialCode) else str(code)
