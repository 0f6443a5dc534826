"""What an ended task leaves behind: its audit events and its record for the vault, in the same transaction."""

import uuid
from collections.abc import Mapping
from typing import Any

from core.clock import to_text
from core.model.events import Event, EventKind
from core.model.privacy_requests import SUCCESSFUL, RequestType, Task
from core.store import vault
from core.store.database import Transaction


def task_event(kind: EventKind, task: Task, actor: str, detail: Mapping[str, Any] | None = None) -> Event:
    """An event about one task, its outcome being the task's state."""
    return Event(
        kind,
        actor,
        request=task.request_id,
        task=task.id,
        connection=task.connection,
        outcome=task.state,
        detail=detail or {},
    )


def record_end(
    transaction: Transaction, task: Task, *, actor: str, categories: tuple[str, ...], scope: str, pseudonym: str
) -> None:
    """The end of a task; a successful erasure also gives `PRIVACY_DELETION_COMPLETED` and a vault delivery."""
    transaction.record(
        task_event(
            EventKind.TASK_ENDED,
            task,
            actor,
            {
                "state": task.state,
                "vendor_status": task.vendor_status,
                "records": task.records_affected,
                "cascade": [{"entity": c.entity, "records": c.records} for c in task.cascade],
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
            "status": task.vendor_status or task.state,
            "timestamp": at,
            "categories_erased": list(categories) if task.kind is RequestType.ERASURE else [],
            "scope": scope,
        },
    )
