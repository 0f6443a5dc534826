"""The words and icons that pages use for states, measures and times."""

from collections.abc import Mapping
from datetime import date, datetime

from core.model.events import EventKind
from core.model.people import DESK
from core.model.privacy_requests import RequestState, RequestType, TaskState

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

STATE_ICONS: Mapping[str, str] = {
    TaskState.AWAITING_APPROVAL: ":material/how_to_reg:",
    TaskState.ON_HOLD: ":material/gavel:",
    TaskState.QUEUED: ":material/schedule:",
    TaskState.SENDING: ":material/upload:",
    TaskState.IN_PROGRESS: ":material/autorenew:",
    TaskState.UNKNOWN_VENDOR_STATUS: ":material/help:",
    TaskState.OUTCOME_UNKNOWN: ":material/help:",
    TaskState.CANNOT_BE_TRACKED: ":material/visibility_off:",
    TaskState.NEEDS_PERSON: ":material/person_alert:",
    TaskState.COMPLETED: ":material/check_circle:",
    TaskState.NOTHING_FOUND: ":material/search_off:",
    TaskState.PARTLY_COMPLETED: ":material/rule:",
    TaskState.FAILED: ":material/error:",
    TaskState.REFUSED: ":material/block:",
    TaskState.CANCELLED: ":material/cancel:",
}

TYPE_WORDS: Mapping[RequestType, str] = {RequestType.ERASURE: "Erasure", RequestType.ACCESS: "Access"}

# What happened, for each kind of audit event.
KIND_WORDS: Mapping[str, str] = {
    EventKind.REQUEST_FILED: "Request filed",
    EventKind.REQUEST_CLOSED: "Request closed",
    EventKind.TASK_SENDING: "Sending to the vendor",
    EventKind.TASK_SUBMITTED: "Taken by the vendor",
    EventKind.TASK_RETRY: "To be tried again",
    EventKind.TASK_TRACKED: "Vendor status changed",
    EventKind.TASK_ENDED: "Task ended",
    EventKind.TASK_NEEDS_PERSON: "Task needs a person",
    EventKind.TASK_LATE_ANSWER: "Late answer",
    EventKind.TASK_CANCELLED: "Task cancelled",
    EventKind.TASK_RETRIED_BY_PERSON: "Tried again by a person",
    EventKind.TASK_ATTESTED: "Outcome attested",
    EventKind.PRIVACY_DELETION_COMPLETED: "Deletion completed",
    EventKind.IDENTIFIER_DESTROYED: "Identifier destroyed",
    EventKind.WEBHOOK_ACCEPTED: "Vendor message received",
    EventKind.WEBHOOK_JOINED: "Vendor message matched",
    EventKind.WEBHOOK_CONFLICT: "Vendor message conflicts",
    EventKind.WEBHOOK_CONTRADICTION: "Vendor message contradicts",
    EventKind.VENDOR_ID_CONFLICT: "Vendor id used twice",
    EventKind.VAULT_DELIVERED: "Proof delivered to the vault",
    EventKind.VAULT_FAILED: "Proof not delivered to the vault",
    EventKind.VAULT_RESENT: "Proof sent again by a person",
    EventKind.CONNECTION_PAUSED: "Connection paused",
    EventKind.CONNECTION_RESUMED: "Connection resumed",
    EventKind.CONNECTION_TOKEN_TESTED: "Token tested",
    EventKind.BREAKER_CHANGED: "Circuit breaker changed",
    EventKind.PURPOSE_DECLARED: "Purpose declared",
    EventKind.PURPOSE_WITHDRAWN: "Purpose withdrawn",
    EventKind.PURPOSES_COMPARED: "Purposes compared with the vendor",
    EventKind.PURPOSES_NOT_COMPARED: "Purposes could not be compared",
    EventKind.PURPOSE_ENFORCEMENT_ASKED: "Enforcement of purposes asked for",
    EventKind.PURPOSE_ENFORCING: "Sending a purpose to the vendor",
    EventKind.PURPOSE_RETRY: "Purpose to be sent again",
    EventKind.PURPOSE_ENFORCED: "Purpose enforced",
    EventKind.PURPOSE_NOT_CHANGED: "Purpose not changed by the vendor",
    EventKind.PURPOSE_CONFLICT: "Purpose changed by somebody else",
    EventKind.PURPOSE_FAILED: "Purpose not enforced",
    EventKind.PURPOSE_CANCELLED: "Enforcement of a purpose cancelled",
    EventKind.APPROVAL_ASKED: "Approval asked for",
    EventKind.APPROVAL_DECIDED: "Approval decided",
    EventKind.PROCESSING_RECORD_EXPORTED: "Record of processing exported",
    EventKind.SANDBOX_FAULTS_SET: "Sandbox faults set",
    EventKind.SANDBOX_FILLED: "Sample history filled in",
    EventKind.AUDIT_VERIFIED: "Audit log verified",
    EventKind.BACKUP_MADE: "Backup made",
    EventKind.CLOCK_ANOMALY: "Clock went back",
    EventKind.ACCESS_DENIED: "Access denied",
}

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

NEEDS_ATTENTION = frozenset({RequestState.NEEDS_PERSON, RequestState.FAILED, RequestState.PARTLY_COMPLETED})


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


def ago(value: datetime | None, now: datetime) -> str:
    """`just now`, `3 min ago`, `5 h ago`, `2 days ago`; `never` where there is none."""
    if value is None:
        return "never"
    seconds = (now - value).total_seconds()
    for size, unit, least in ((86_400, "days", 2), (3_600, "h", 1), (60, "min", 1)):
        if seconds >= size * least:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def number(value: int) -> str:
    """`12 345`, with a no-break space between thousands."""
    return f"{value:,}".replace(",", "\u00a0")


def counted(value: int, cap: int = 10_000) -> str:
    """A count that stopped just above `cap`: `more than 10 000` there, the number itself below."""
    return f"more than {number(cap)}" if value > cap else number(value)


def error_class(code: str) -> str:
    """A class of error in words: `Too many requests (429)`."""
    return _ERROR_WORDS.get(code) or code.replace("_", " ").capitalize()


def who(actor_id: str) -> str:
    """An actor's id as people say it: the desk by its name, a person by the name their issuer knows them by."""
    return DESK.name if actor_id == DESK.id else actor_id.partition("|")[2] or actor_id


def days_left(due: date, today: date) -> str:
    """`3 days left`, `due today`, `2 days overdue`."""
    left = (due - today).days
    if left == 0:
        return "due today"
    unit = "day" if abs(left) == 1 else "days"
    return f"{left} {unit} left" if left > 0 else f"{-left} {unit} overdue"
