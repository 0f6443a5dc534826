"""States, measures and times as people read them: the same words on a page, in a report and in a file."""

from collections.abc import Mapping
from datetime import date, datetime

from core.model.privacy_requests import RequestType, TaskState

STATE_WORDS: Mapping[str, str] = {
    TaskState.AWAITING_APPROVAL: "Awaiting approval",
    TaskState.ON_HOLD: "On legal hold",
    TaskState.QUEUED: "Queued",
    TaskState.SENDING: "Being sent",
    TaskState.IN_PROGRESS: "In progress at the vendor",
    TaskState.UNKNOWN_VENDOR_STATUS: "Unknown vendor status",
    TaskState.OUTCOME_UNKNOWN: "Outcome unknown",
    TaskState.CANNOT_BE_TRACKED: "Cannot be tracked",
    TaskState.NEEDS_PERSON: "Needs a person",
    TaskState.COMPLETED: "Completed",
    TaskState.NOTHING_FOUND: "Nothing found",
    TaskState.PARTLY_COMPLETED: "Partly completed",
    TaskState.FAILED: "Failed",
    TaskState.REFUSED: "Refused",
    TaskState.CANCELLED: "Cancelled",
}

TYPE_WORDS: Mapping[RequestType, str] = {RequestType.ERASURE: "Erasure", RequestType.ACCESS: "Access"}

# Why a task ended badly or waits, for each code that is not plain English once its underscores are gone.
_ERROR_WORDS: Mapping[str, str] = {
    "attested_failed": "Failed, by a person's word",
    "contract_violation": "Answer breaks the contract",
    "gave_up": "Tried too often",
    "interrupted": "Connection broke off",
    "not_authorised": "Not allowed (403)",
    "not_found": "Not found at the vendor (404)",
    "not_json": "Answer is not JSON",
    "not_sent": "Vendor could not be reached",
    "rate_limited": "Too many requests (429)",
    "rejected": "Refused by the vendor (400)",
    "timed_out": "No answer in time",
    "token_unavailable": "No access token",
    "too_large": "Answer too large",
    "vendor_failed": "Failed at the vendor",
    "vendor_unavailable": "Vendor out of order (5xx)",
}


def duration(milliseconds: float | None) -> str:
    """`4.2 s`, `3 min`, `5.1 h`, `2.4 days`; a dash where there is none."""
    if milliseconds is None:
        return "–"
    seconds = milliseconds / 1000
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def share(rate: float | None) -> str:
    """`98.4 %`; a dash where nothing ended."""
    return "–" if rate is None else f"{rate * 100:.1f} %"


def day(value: date) -> str:
    """`Mon 7 Dec 2026`, the same for every reader."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def minute(value: datetime | None) -> str:
    """`21 Nov 2026, 09:30 UTC`; a dash where there is none."""
    return "–" if value is None else f"{value.day} {value:%b %Y, %H:%M} UTC"


def number(value: int) -> str:
    """`12 345`, with a no-break space between thousands."""
    return f"{value:,}".replace(",", "\u00a0")


def error_class(code: str) -> str:
    """A class of error in words: `Too many requests (429)`."""
    return _ERROR_WORDS.get(code) or code.replace("_", " ").capitalize()
