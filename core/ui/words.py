"""The words and icons that pages use for states, measures and times."""

from collections.abc import Mapping
from datetime import date, datetime

from core.model.events import EventKind
from core.model.people import DESK
from core.model.privacy_requests import RequestState, TaskState
from core.model.wording import STATE_WORDS as STATE_WORDS
from core.model.wording import TYPE_WORDS as TYPE_WORDS
from core.model.wording import day as day
from core.model.wording import duration as duration
from core.model.wording import error_class as error_class
from core.model.wording import minute as minute
from core.model.wording import number as number
from core.model.wording import share as share

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
    EventKind.EXPORT_MADE: "Export made",
    EventKind.EXPORT_DELETED: "Export deleted",
    EventKind.RECORDS_DISPOSED: "Records disposed of",
    EventKind.NOTICE_RAISED: "Notice raised",
    EventKind.NOTICE_ACKNOWLEDGED: "Notice acknowledged",
    EventKind.NOTICE_DELIVERED: "Notice delivered",
    EventKind.NOTICE_FAILED: "Notice not delivered",
    EventKind.NOTICES_RESENT: "Notices sent again by a person",
    EventKind.SENDING_STOPPED: "Everything stopped",
    EventKind.SENDING_RESUMED: "Everything goes on",
    EventKind.BATCH_UPLOADED: "Batch uploaded",
    EventKind.BATCH_CHECKED: "Batch checked",
    EventKind.BATCH_ACCEPTING: "Batch accepted by a person",
    EventKind.BATCH_ACCEPTED: "Batch filed",
    EventKind.BATCH_DISCARDED: "Batch discarded",
    EventKind.BATCH_PAUSED: "Batch paused",
    EventKind.BATCH_RESUMED: "Batch resumed",
    EventKind.BATCH_LIMITED: "Limit of a batch changed",
    EventKind.BATCH_CANCELLED: "Batch cancelled",
    EventKind.BATCH_APPROVED: "Batch approved",
    EventKind.BATCH_DENIED: "Batch denied",
    EventKind.SANDBOX_FAULTS_SET: "Sandbox faults set",
    EventKind.SANDBOX_FILLED: "Sample history filled in",
    EventKind.AUDIT_VERIFIED: "Audit log verified",
    EventKind.BACKUP_MADE: "Backup made",
    EventKind.CLOCK_ANOMALY: "Clock went back",
    EventKind.ACCESS_DENIED: "Access denied",
    EventKind.PERSON_SIGNED_IN: "Signed in",
    EventKind.PERSON_REFUSED: "Sign-in refused",
    EventKind.PERSON_SESSION_ENDED: "Session ended",
    EventKind.PERSON_ROLE_GIVEN: "Role given",
    EventKind.PERSON_ROLE_TAKEN: "Role taken away",
    EventKind.PERSON_SUSPENDED: "Person suspended",
    EventKind.PERSON_REINSTATED: "Suspension of a person ended",
    EventKind.REQUEST_DENIED: "Request denied",
    EventKind.REQUEST_SENT_NOW: "Grace period ended by a person",
    EventKind.TASK_HELD: "Held back by a legal hold",
    EventKind.TASK_NO_LONGER_HELD: "No longer held back",
    EventKind.HOLD_PLACED: "Legal hold placed",
    EventKind.HOLD_REVIEWED: "Legal hold reviewed",
    EventKind.HOLD_RELEASED: "Legal hold released",
    EventKind.DEADLINE_EXTENDED: "Deadline extended",
    EventKind.CLOCK_PAUSED: "Clock stopped",
    EventKind.CLOCK_RESUMED: "Clock running again",
    EventKind.IDENTITY_ESTABLISHED: "Identity established",
    EventKind.LEDGER_CHECKED: "Checked against the ledger of erasures",
}

NEEDS_ATTENTION = frozenset({RequestState.NEEDS_PERSON, RequestState.FAILED, RequestState.PARTLY_COMPLETED})


def outcome_words(code: str | None) -> str:
    """How something ended, as a person would say it: the log has `in_force`, or a vendor's own `NOT_FOUND`."""
    if not code or not code.islower():
        return code or ""
    return STATE_WORDS.get(code) or code.replace("_", " ").capitalize()


def ago(value: datetime | None, now: datetime) -> str:
    """`just now`, `3 min ago`, `5 h ago`, `2 days ago`; `never` where there is none."""
    if value is None:
        return "never"
    seconds = (now - value).total_seconds()
    for size, unit, least in ((86_400, "days", 2), (3_600, "h", 1), (60, "min", 1)):
        if seconds >= size * least:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def counted(value: int, cap: int = 10_000) -> str:
    """A count that stopped just above `cap`: `more than 10 000` there, the number itself below."""
    return f"more than {number(cap)}" if value > cap else number(value)


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
