"""The audit log: append-only rows, each bound to the one before by SHA-256 and vouched for by a keyed MAC."""

from core.store.audit.admission import AuditError, looks_secret
from core.store.audit.appending import append, append_many, head
from core.store.audit.browsing import EventFilter, FilterValues, StoredEvent, count_up_to, events, values
from core.store.audit.chain import VerificationCancelledError
from core.store.audit.schema import AUDIT_SCHEMA, GENESIS
from core.store.audit.verification import BadRow, Verdict, verify

__all__ = [
    "AUDIT_SCHEMA",
    "GENESIS",
    "AuditError",
    "BadRow",
    "EventFilter",
    "FilterValues",
    "StoredEvent",
    "Verdict",
    "VerificationCancelledError",
    "append",
    "append_many",
    "count_up_to",
    "events",
    "head",
    "looks_secret",
    "values",
    "verify",
]
