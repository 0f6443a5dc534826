"""What a signed vendor event does: it is stored once and wakes the task it names; the worker then asks the vendor."""

from dataclasses import dataclass
from enum import StrEnum

from core.desk.base import DeskBase
from core.model.events import Event, EventKind
from core.model.identifiers import pseudonym
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import GAVE_UP, TERMINAL, TRACKED, TaskError, TaskState
from core.store import requests, tasks, webhook_events
from core.store.database import Transaction
from core.store.notices import raise_notice
from core.store.proof import admissible, task_event
from core.store.tasks import Outcome
from core.store.webhook_events import WebhookEvent


class Acceptance(StrEnum):
    """`stored`: new. `repeated`: the same once more, nothing happened. `conflict`: the same id with another body."""

    STORED = "stored"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class VendorEvent:
    """An authenticated event, as contract 1.6 has it, reduced to what the desk needs."""

    webhook_id: str
    body_sha256: str
    request_id: str
    status: str
    subject: str | None


class WebhookActions(DeskBase):
    """The part of the desk that vendors talk to; the caller has checked the signature."""

    def accept_webhook(self, connection: str, event: VendorEvent) -> Acceptance:
        """Store an event and wake what it names, in one transaction. On disk when this returns."""
        subject = pseudonym(event.subject, self.store.keys.pseudonym) if event.subject else None
        # A vendor may repeat the identifier anywhere; what is kept of its words must not.
        status = event.status.replace(event.subject, "{subject}") if event.subject else event.status
        stored = WebhookEvent(connection, event.webhook_id, event.body_sha256, event.request_id, status, subject)
        with self.store.writing() as transaction:
            first_hash = webhook_events.insert(transaction, stored)
            if first_hash == event.body_sha256:
                return Acceptance.REPEATED
            if first_hash is not None:
                detail = {
                    "webhook_id": admissible(event.webhook_id),
                    "body_sha256": event.body_sha256,
                    "first_body_sha256": first_hash,
                }
                transaction.record(
                    Event(EventKind.WEBHOOK_CONFLICT, DESK.id, connection=connection, outcome="conflict", detail=detail)
                )
                raise_notice(transaction, NoticeKind.WEBHOOK_CONFLICT, connection)
                return Acceptance.CONFLICT
            detail = {
                "webhook_id": admissible(event.webhook_id),
                "vendor_request_id": admissible(event.request_id),
                "vendor_status": admissible(status),
                "body_sha256": event.body_sha256,
            }
            transaction.record(
                Event(EventKind.WEBHOOK_ACCEPTED, DESK.id, connection=connection, outcome="stored", detail=detail)
            )
            self._wake(transaction, stored)
        return Acceptance.STORED

    def _wake(self, transaction: Transaction, event: WebhookEvent) -> None:
        task_id = tasks.holder_of(transaction.db, event.connection, event.vendor_request_id)
        if task_id is None:
            task_id = self._adopt(transaction, event)
            if task_id is None:
                return  # kept; joined when the row appears
        webhook_events.join(transaction, event.connection, event.vendor_request_id, task_id)
        found = tasks.get(transaction.db, task_id)
        if found is None or found[0].state in TERMINAL:
            return
        task, request_number = found
        if event.pseudonym and event.pseudonym != task.pseudonym:
            self._contradiction(transaction, event, task_id, request_number)
        elif task.state in TRACKED:
            tasks.wake(transaction, task_id)
        elif task.state is TaskState.NEEDS_PERSON and task.error and task.error.code == GAVE_UP:
            # The desk had stopped asking; now the vendor has something to say.
            tasks.change(transaction, task_id, Outcome(TaskState.IN_PROGRESS, next_due_at=transaction.at))
            self._follow_number(transaction, request_number)

    def _adopt(self, transaction: Transaction, event: WebhookEvent) -> str | None:
        """The one task about the event's subject whose submission went unanswered; it now has its vendor id."""
        if event.pseudonym is None:
            return None
        sent = tasks.unanswered(transaction.db, event.connection, event.pseudonym)
        if len(sent) != 1 or sent[0][1] is not TaskState.OUTCOME_UNKNOWN:
            return None
        outcome = Outcome(TaskState.IN_PROGRESS, vendor_request_id=event.vendor_request_id, next_due_at=transaction.at)
        task = tasks.change(transaction, sent[0][0], outcome)
        found = tasks.get(transaction.db, task.id)
        assert found is not None  # noqa: S101 - it was changed a line ago
        self._follow_number(transaction, found[1])
        detail = {"webhook_id": event.webhook_id, "vendor_request_id": event.vendor_request_id}
        transaction.record(task_event(EventKind.WEBHOOK_JOINED, task, DESK.id, detail))
        return task.id

    def _contradiction(self, transaction: Transaction, event: WebhookEvent, task_id: str, request_number: int) -> None:
        error = TaskError(
            "webhook_contradiction",
            "A signed message of the vendor names this request, but another person.",
            "Ask the vendor which is right before anything is called done.",
        )
        task = tasks.change(transaction, task_id, Outcome(TaskState.NEEDS_PERSON, error=error))
        detail = {
            "webhook_id": event.webhook_id,
            "vendor_request_id": event.vendor_request_id,
            "why": "another subject",
        }
        transaction.record(task_event(EventKind.WEBHOOK_CONTRADICTION, task, DESK.id, detail))
        raise_notice(transaction, NoticeKind.WEBHOOK_CONFLICT, event.connection, latest=task.request_id)
        self._follow_number(transaction, request_number)

    def _follow_number(self, transaction: Transaction, number: int) -> None:
        requests.follow_tasks(transaction, number, actor=DESK.id, grace_days=self.settings.identifier_grace_days)
