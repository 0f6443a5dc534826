"""A request that is denied: what no vendor has of it is refused, and the ground is kept and told in the log."""

import hashlib
from collections.abc import Iterable

from core.model.denials import DENIED, DenialCode
from core.model.events import Event, EventKind
from core.model.people import Actor
from core.model.privacy_requests import PrivacyRequest, Task, TaskError, TaskState
from core.store import denials, tasks
from core.store.database import Transaction
from core.store.proof import record_end
from core.store.tasks import Outcome


def deny(
    transaction: Transaction,
    number: int,
    request: PrivacyRequest,
    refused: Iterable[Task],
    *,
    actor: Actor,
    code: DenialCode,
    note: str,
) -> None:
    """Refuse these tasks of a request, none of which a vendor can have; the request's state is for the caller to
    follow up."""
    error = TaskError(DENIED, f"Denied: {code.words}.", "It is not sent again; file a new request if that changes.")
    for task in refused:
        ended = tasks.change(transaction, task.id, Outcome(TaskState.REFUSED, error=error))
        record_end(
            transaction,
            ended,
            actor=actor.id,
            categories=request.categories,
            scope=request.scope,
            pseudonym=task.pseudonym,
        )
    denials.keep(transaction, number, request.id, actor, code, note)
    detail = {
        "code": code,
        "class_7102": code.class_7102,
        "note_sha256": hashlib.sha256(note.encode()).hexdigest() if note else None,
    }
    transaction.record(Event(EventKind.REQUEST_DENIED, actor.id, request=request.id, outcome="refused", detail=detail))
