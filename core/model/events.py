"""The kinds of audit event and the details each may carry; nothing else enters the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    REQUEST_FILED = "request.filed"
    REQUEST_CLOSED = "request.closed"
    TASK_SENDING = "task.sending"
    TASK_SUBMITTED = "task.submitted"
    TASK_RETRY = "task.retry"
    TASK_TRACKED = "task.tracked"
    TASK_ENDED = "task.ended"
    TASK_NEEDS_PERSON = "task.needs_person"
    TASK_LATE_ANSWER = "task.late_answer"
    TASK_CANCELLED = "task.cancelled"
    TASK_RETRIED_BY_PERSON = "task.retried_by_person"
    TASK_ATTESTED = "task.attested"
    PRIVACY_DELETION_COMPLETED = "PRIVACY_DELETION_COMPLETED"
    IDENTIFIER_DESTROYED = "identifier.destroyed"
    WEBHOOK_ACCEPTED = "webhook.accepted"
    WEBHOOK_JOINED = "webhook.joined"
    WEBHOOK_CONFLICT = "webhook.conflict"
    WEBHOOK_CONTRADICTION = "webhook.contradiction"
    VENDOR_ID_CONFLICT = "vendor_id.conflict"
    VAULT_DELIVERED = "vault.delivered"
    VAULT_FAILED = "vault.failed"
    VAULT_RESENT = "vault.resent"
    CONNECTION_PAUSED = "connection.paused"
    CONNECTION_RESUMED = "connection.resumed"
    CONNECTION_TOKEN_TESTED = "connection.token_tested"  # noqa: S105 - the name of an event
    BREAKER_CHANGED = "breaker.changed"
    SANDBOX_FAULTS_SET = "sandbox.faults_set"
    SANDBOX_FILLED = "sandbox.filled"
    AUDIT_VERIFIED = "audit.verified"
    BACKUP_MADE = "backup.made"
    CLOCK_ANOMALY = "clock.anomaly"
    ACCESS_DENIED = "access.denied"
    PURPOSE_DECLARED = "purpose.declared"
    PURPOSE_WITHDRAWN = "purpose.withdrawn"
    PURPOSES_COMPARED = "purpose.compared"
    PURPOSES_NOT_COMPARED = "purpose.not_compared"
    PURPOSE_ENFORCEMENT_ASKED = "purpose.enforcement_asked"
    PURPOSE_ENFORCING = "purpose.enforcing"
    PURPOSE_RETRY = "purpose.retry"
    PURPOSE_ENFORCED = "purpose.enforced"
    PURPOSE_NOT_CHANGED = "purpose.not_changed"
    PURPOSE_CONFLICT = "purpose.conflict"
    PURPOSE_FAILED = "purpose.failed"
    PURPOSE_CANCELLED = "purpose.cancelled"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_DECIDED = "approval.decided"
    PROCESSING_RECORD_EXPORTED = "processing_record.exported"
    EXPORT_MADE = "export.made"
    EXPORT_DELETED = "export.deleted"
    RECORDS_DISPOSED = "records.disposed"
    PERSON_SIGNED_IN = "person.signed_in"
    PERSON_REFUSED = "person.refused"
    PERSON_SESSION_ENDED = "person.session_ended"
    PERSON_ROLE_GIVEN = "person.role_given"
    PERSON_ROLE_TAKEN = "person.role_taken"
    PERSON_SUSPENDED = "person.suspended"
    PERSON_REINSTATED = "person.reinstated"
    REQUEST_DENIED = "request.denied"
    REQUEST_SENT_NOW = "request.sent_now"
    TASK_HELD = "task.held"
    TASK_NO_LONGER_HELD = "task.no_longer_held"
    HOLD_PLACED = "hold.placed"
    HOLD_REVIEWED = "hold.reviewed"
    HOLD_RELEASED = "hold.released"
    DEADLINE_EXTENDED = "deadline.extended"
    CLOCK_PAUSED = "clock.paused"
    CLOCK_RESUMED = "clock.resumed"
    IDENTITY_ESTABLISHED = "identity.established"
    LEDGER_CHECKED = "ledger.checked"
    NOTICE_RAISED = "notice.raised"
    NOTICE_ACKNOWLEDGED = "notice.acknowledged"
    NOTICE_DELIVERED = "notice.delivered"
    NOTICE_FAILED = "notice.failed"
    NOTICES_RESENT = "notice.resent"
    SENDING_STOPPED = "sending.stopped"
    SENDING_RESUMED = "sending.resumed"
    BATCH_UPLOADED = "batch.uploaded"
    BATCH_CHECKED = "batch.checked"
    BATCH_ACCEPTING = "batch.accepting"
    BATCH_ACCEPTED = "batch.accepted"
    BATCH_DISCARDED = "batch.discarded"
    BATCH_PAUSED = "batch.paused"
    BATCH_RESUMED = "batch.resumed"
    BATCH_LIMITED = "batch.limited"
    BATCH_CANCELLED = "batch.cancelled"
    BATCH_APPROVED = "batch.approved"
    BATCH_DENIED = "batch.denied"


# A purpose's values are no personal data; its description is free text and stays out, as a reason does.
_PURPOSE_VALUES = ("retention_days", "legal_basis", "is_active", "description_sha256")
_CHANGE = ("enforcement", "name", "vendor_id")

# Which details each kind may carry, beside the columns every event has. Values are text, whole numbers,
# booleans, None, or lists and objects of these; never a float (one canonical form), never free text of a person.
DETAILS: Mapping[EventKind, frozenset[str]] = {
    EventKind.REQUEST_FILED: frozenset(
        {
            "type",
            "categories",
            "scope",
            "law",
            "region",
            "received",
            "due",
            "policy",
            "pack",
            "subject",
            "tasks",
            "overrides",
            "sample",
            "batch",
            "line",
        }
    ),
    EventKind.REQUEST_CLOSED: frozenset({"state", "subject"}),
    EventKind.TASK_SENDING: frozenset({"attempt", "intent", "fence"}),
    EventKind.TASK_SUBMITTED: frozenset({"attempt", "vendor_request_id", "vendor_status", "latency_ms"}),
    EventKind.TASK_RETRY: frozenset({"attempt", "why", "due", "http_status"}),
    EventKind.TASK_TRACKED: frozenset({"vendor_status", "state", "poll"}),
    EventKind.TASK_ENDED: frozenset(
        {"state", "vendor_status", "records", "cascade", "latency_ms", "attempts", "polls", "error"}
    ),
    EventKind.TASK_NEEDS_PERSON: frozenset({"state", "why", "vendor_status"}),
    EventKind.TASK_LATE_ANSWER: frozenset({"fence", "vendor_request_id"}),
    EventKind.TASK_CANCELLED: frozenset(),
    EventKind.TASK_RETRIED_BY_PERSON: frozenset({"new_task", "state"}),
    EventKind.TASK_ATTESTED: frozenset({"state", "evidence_sha256", "records"}),
    EventKind.PRIVACY_DELETION_COMPLETED: frozenset(
        {"request_id", "subject", "completion_time_ms", "records_deleted", "audit_timestamp"}
    ),
    EventKind.IDENTIFIER_DESTROYED: frozenset({"subject"}),
    EventKind.WEBHOOK_ACCEPTED: frozenset({"webhook_id", "vendor_request_id", "vendor_status", "body_sha256"}),
    EventKind.WEBHOOK_JOINED: frozenset({"webhook_id", "vendor_request_id"}),
    EventKind.WEBHOOK_CONFLICT: frozenset({"webhook_id", "body_sha256", "first_body_sha256"}),
    EventKind.WEBHOOK_CONTRADICTION: frozenset({"webhook_id", "vendor_request_id", "why"}),
    EventKind.VENDOR_ID_CONFLICT: frozenset({"vendor_request_id", "other_task"}),
    EventKind.VAULT_DELIVERED: frozenset({"delivery", "vault", "attempts"}),
    EventKind.VAULT_FAILED: frozenset({"delivery", "vault", "attempts", "why", "dead"}),
    EventKind.VAULT_RESENT: frozenset({"delivery"}),
    EventKind.CONNECTION_PAUSED: frozenset({"reason_sha256"}),
    EventKind.CONNECTION_RESUMED: frozenset(),
    EventKind.CONNECTION_TOKEN_TESTED: frozenset({"ok", "code"}),
    EventKind.BREAKER_CHANGED: frozenset({"state", "open_seconds"}),
    EventKind.SANDBOX_FAULTS_SET: frozenset({"faults"}),
    EventKind.SANDBOX_FILLED: frozenset({"days", "requests"}),
    EventKind.AUDIT_VERIFIED: frozenset({"ok", "events", "bad"}),
    EventKind.BACKUP_MADE: frozenset({"sha256"}),
    EventKind.CLOCK_ANOMALY: frozenset({"back_ms"}),
    EventKind.ACCESS_DENIED: frozenset({"action"}),
    EventKind.PURPOSE_DECLARED: frozenset({"name", "version", "what", *_PURPOSE_VALUES, "reason_sha256"}),
    EventKind.PURPOSE_WITHDRAWN: frozenset({"name", "version", "reason_sha256"}),
    EventKind.PURPOSES_COMPARED: frozenset(
        {
            "comparison",
            "in_force",
            "drifted",
            "missing",
            "undeclared",
            "ambiguous",
            "newly_drifted",
            "live_sha256",
            "latency_ms",
            "calls",
        }
    ),
    EventKind.PURPOSES_NOT_COMPARED: frozenset({"comparison", "why", "http_status", "latency_ms", "calls"}),
    EventKind.PURPOSE_ENFORCEMENT_ASKED: frozenset({"enforcement", "changes", "shortening", "replaced"}),
    EventKind.PURPOSE_ENFORCING: frozenset({*_CHANGE, "attempt", "fields", "before_days", *_PURPOSE_VALUES}),
    EventKind.PURPOSE_RETRY: frozenset({*_CHANGE, "attempt", "why", "due", "http_status"}),
    EventKind.PURPOSE_ENFORCED: frozenset({*_CHANGE, "attempts", "latency_ms", "put_ms", "found_sha256"}),
    EventKind.PURPOSE_NOT_CHANGED: frozenset({*_CHANGE, "attempts", "latency_ms", "put_ms", "fields", "found_sha256"}),
    EventKind.PURPOSE_CONFLICT: frozenset({*_CHANGE, "attempts", "latency_ms", "fields", "found_sha256"}),
    EventKind.PURPOSE_FAILED: frozenset({*_CHANGE, "attempts", "latency_ms", "put_ms", "why", "http_status"}),
    EventKind.PURPOSE_CANCELLED: frozenset({*_CHANGE, "why"}),
    EventKind.APPROVAL_ASKED: frozenset({"approval", "kind", "about", "payload_sha256"}),
    EventKind.APPROVAL_DECIDED: frozenset({"approval", "kind", "about", "payload_sha256", "ground_sha256"}),
    EventKind.PROCESSING_RECORD_EXPORTED: frozenset({"format", "rows", "sha256"}),
    EventKind.EXPORT_MADE: frozenset({"export", "what", "filter", "rows", "bytes", "sha256", "masked"}),
    EventKind.EXPORT_DELETED: frozenset({"export", "sha256"}),
    EventKind.RECORDS_DISPOSED: frozenset({"what", "count", "until", "upto", "head", "first", "last", "reason"}),
    # People of the desk by `Actor.id`, in which an e-mail address stands as a keyed mark; their names stay out.
    EventKind.PERSON_SIGNED_IN: frozenset({"session", "roles", "first"}),
    EventKind.PERSON_REFUSED: frozenset({"session", "why"}),
    EventKind.PERSON_SESSION_ENDED: frozenset({"session", "why"}),
    EventKind.PERSON_ROLE_GIVEN: frozenset({"person", "role"}),
    EventKind.PERSON_ROLE_TAKEN: frozenset({"person", "role"}),
    EventKind.PERSON_SUSPENDED: frozenset({"person"}),
    EventKind.PERSON_REINSTATED: frozenset({"person"}),
    EventKind.REQUEST_DENIED: frozenset({"code", "class_7102", "note_sha256"}),
    EventKind.REQUEST_SENT_NOW: frozenset({"tasks", "grace_until"}),
    EventKind.TASK_HELD: frozenset({"holds", "state"}),
    EventKind.TASK_NO_LONGER_HELD: frozenset({"state", "due"}),
    EventKind.HOLD_PLACED: frozenset(
        {"hold", "subject", "categories", "ground", "review_on", "matter_sha256", "covered"}
    ),
    EventKind.HOLD_REVIEWED: frozenset({"hold", "review_on", "review_on_before"}),
    EventKind.HOLD_RELEASED: frozenset({"hold", "reason_sha256", "free"}),
    EventKind.DEADLINE_EXTENDED: frozenset({"due_before", "due", "pack", "reason_sha256"}),
    EventKind.CLOCK_PAUSED: frozenset({"first", "due", "pack", "reason_sha256"}),
    EventKind.CLOCK_RESUMED: frozenset({"first", "last", "due_before", "due", "pack"}),
    EventKind.IDENTITY_ESTABLISHED: frozenset({"day", "due_before", "due", "pack", "reason_sha256"}),
    EventKind.LEDGER_CHECKED: frozenset({"lines", "found"}),
    EventKind.NOTICE_RAISED: frozenset({"notice", "kind", "about", "threshold"}),
    EventKind.NOTICE_ACKNOWLEDGED: frozenset({"notice", "kind", "count"}),
    EventKind.NOTICE_DELIVERED: frozenset({"notice", "attempts"}),
    EventKind.NOTICE_FAILED: frozenset({"notice", "attempts", "why", "dead"}),
    EventKind.NOTICES_RESENT: frozenset({"notices"}),
    EventKind.SENDING_STOPPED: frozenset({"reason_sha256"}),
    EventKind.SENDING_RESUMED: frozenset({"stopped_by", "stopped_at"}),
    # Neither a file's name nor those of its columns: people put names of people into them.
    EventKind.BATCH_UPLOADED: frozenset({"batch", "file_sha256", "bytes"}),
    EventKind.BATCH_CHECKED: frozenset({"batch", "rows", "good", "rejected", "duplicates", "findings", "policy"}),
    EventKind.BATCH_ACCEPTING: frozenset({"batch", "rows", "only_good", "limit_per_hour"}),
    EventKind.BATCH_ACCEPTED: frozenset({"batch", "accepted", "left_out", "rows_sha256"}),
    EventKind.BATCH_DISCARDED: frozenset({"batch", "why"}),
    EventKind.BATCH_PAUSED: frozenset({"batch"}),
    EventKind.BATCH_RESUMED: frozenset({"batch"}),
    EventKind.BATCH_LIMITED: frozenset({"batch", "limit_per_hour"}),
    EventKind.BATCH_CANCELLED: frozenset({"batch"}),
    EventKind.BATCH_APPROVED: frozenset({"batch"}),
    EventKind.BATCH_DENIED: frozenset({"batch"}),
}


@dataclass(frozen=True)
class Event:
    """Something that happened, as it enters the audit log. `actor` is an `Actor.id`."""

    kind: EventKind
    actor: str
    request: str | None = None
    task: str | None = None
    connection: str | None = None
    outcome: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
