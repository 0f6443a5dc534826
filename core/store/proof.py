"""What an ended task leaves behind: its audit events and its record for the vault, in the same transaction."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import to_text
from core.model.events import Event, EventKind
from core.model.privacy_requests import SUCCESSFUL, CascadeEntry, RequestType, Task
from core.store import ledger, vault
from core.store.audit import looks_secret
from core.store.database import Transaction

MOST_CASCADE_ENTRIES = 20


def admissible(text: str | None) -> str | None:
    """What a vendor called something, fit for the audit log.

    The log refuses what looks like a secret or a card number, and one in ten bare ids of 16 digits does. Such a
    name is recorded as its hash: refused, it would roll back the very outcome that it belongs to, on every try.
    """
    if text is None or not looks_secret(text):
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def task_event(kind: EventKind, task: Task, actor: str, detail: Mapping[str, Any] | None = None) -> Event:
    """An event about one task, its outcome being the task's state."""
    return Event(
        kind,
        actor,
        request=task.request_id,
        task=task.id,
        connection=task.connection,
        outcome=task.state,
        detail={name: admissible(value) if isinstance(value, str) else value for name, value in (detail or {}).items()},
    )


def _bounded(cascade: Sequence[CascadeEntry]) -> list[dict[str, Any]]:
    """A cascade as the audit log can hold it, 8 KB an event: the first entries, and the rest in one sum."""
    shown, rest = cascade[:MOST_CASCADE_ENTRIES], cascade[MOST_CASCADE_ENTRIES:]
    entries: list[dict[str, Any]] = [{"entity": admissible(c.entity), "records": c.records} for c in shown]
    if rest:
        entries.append({"entity": f"and {len(rest)} more", "records": sum(c.records for c in rest)})
    return entries


def record_end(
    transaction: Transaction,
    task: Task,
    *,
    actor: str,
    categories: tuple[str, ...],
    scope: str,
    pseudonym: str,
    attested: bool = False,
) -> None:
    """The end of a task; a successful one gives a vault delivery, an erasure `PRIVACY_DELETION_COMPLETED` and its
    entry in the ledger too.

    `attested`: a person's word, so that what the vendor said last is not what the proof says.
    """
    transaction.record(
        task_event(
            EventKind.TASK_ENDED,
            task,
            actor,
            {
                "state": task.state,
                "vendor_status": task.vendor_status,
                "records": task.records_affected,
                "cascade": _bounded(task.cascade),
                "latency_ms": task.latency_ms,
                "attempts": task.attempts,
                "polls": task.polls,
                "error": task.error.code if task.error else None,
            },
        )
    )
    if task.state not in SUCCESSFUL:
        return
    at = to_text(transaction.at)
    if task.kind is RequestType.ERASURE:
        ledger.add(
            transaction,
            pseudonym,
            task=task.id,
            connection=task.connection,
            state=task.state,
            categories=categories,
            scope=scope,
        )
        transaction.record(
            task_event(
                EventKind.PRIVACY_DELETION_COMPLETED,
                task,
                actor,
                {
                    "request_id": task.vendor_request_id or task.id,
                    "subject": pseudonym,
                    "completion_time_ms": task.latency_ms,
                    "records_deleted": task.records_affected,
                    "audit_timestamp": at,
                },
            )
        )
    vault.post(
        transaction,
        f"vd_{uuid.uuid4().hex}",
        task.id,
        {
            "subjectId": pseudonym,
            "requestId": task.vendor_request_id or task.id,
            "status": task.state if attested else task.vendor_status or task.state,
            "timestamp": at,
            "categories_erased": list(categories) if task.kind is RequestType.ERASURE else [],
            "scope": scope,
        },
    )
