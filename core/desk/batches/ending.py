"""Steps that move many tasks of a batch: cancelled, let go after an approval, refused after a denial."""

from core.desk.batches.base import BatchWorkBase
from core.desk.denying import deny
from core.model.batches import Batch
from core.model.denials import DenialCode
from core.model.events import Event, EventKind
from core.model.people import Actor
from core.model.privacy_requests import PrivacyRequest, Task, TaskState
from core.store import grace, requests, tasks
from core.store.batches import records, releasing
from core.store.database import Transaction
from core.store.proof import task_event
from core.store.tasks import Outcome

# Requests in one transaction: others write in between.
AT_ONCE = 100

_AWAITING = frozenset({TaskState.AWAITING_APPROVAL})
_CANCELLABLE = frozenset({TaskState.QUEUED, TaskState.AWAITING_APPROVAL, TaskState.ON_HOLD})


class EndWork(BatchWorkBase):
    """Each step is one short transaction over some requests; 0 says that none is left."""

    def _cancel_some(self, transaction: Transaction, batch: Batch) -> int:
        """Cancel what no vendor has, or may have."""
        actor = records.decider_of(transaction.db, batch.number)
        found = self._some(transaction, batch, _CANCELLABLE)
        for number, _, waiting in found:
            for task in waiting:
                ended = tasks.change(transaction, task.id, Outcome(TaskState.CANCELLED))
                transaction.record(task_event(EventKind.TASK_CANCELLED, ended, actor.id))
            self._follow_request(transaction, number, actor)
        return len(found)

    def _let_go_of_some(self, transaction: Transaction, batch: Batch) -> int:
        """After an approval: queue what waited for it; parked where the batch is paused or has a limit."""
        actor = records.decider_of(transaction.db, batch.number)
        found = self._some(transaction, batch, _AWAITING)
        for number, request, waiting in found:
            for task in waiting:
                grace.queue(transaction, task, self.settings.erasure_grace)
            event = Event(EventKind.BATCH_APPROVED, actor.id, request=request.id, detail={"batch": batch.id})
            transaction.record(event)
            self._follow_request(transaction, number, actor)
        if releasing.is_parked_from_the_start(transaction.db, batch.number):
            releasing.park(transaction, batch.number)
        return len(found)

    def _refuse_some(self, transaction: Transaction, batch: Batch) -> int:
        """After a denial: refuse what waited for the decision, each with the ground."""
        actor = records.decider_of(transaction.db, batch.number)
        code, note = records.denial_of(transaction.db, transaction.keys, batch.number)
        found = self._some(transaction, batch, _AWAITING)
        for number, request, waiting in found:
            deny(transaction, number, request, waiting, actor=actor, code=DenialCode(code), note=note)
            self._follow_request(transaction, number, actor)
        return len(found)

    def _some(
        self, transaction: Transaction, batch: Batch, states: frozenset[TaskState]
    ) -> list[tuple[int, PrivacyRequest, list[Task]]]:
        """Some requests of the batch with tasks in these states that no vendor can have, and those tasks."""
        found = []
        for number, request_id in records.requests_with_tasks_in(transaction.db, batch.number, states, AT_ONCE):
            request = requests.get(transaction.db, request_id)
            assert request is not None  # noqa: S101 - it was found a line ago
            waiting = [
                task
                for task in request.tasks
                if task.superseded_by is None and task.state in states and not task.may_have_acted
            ]
            found.append((number, request, waiting))
        return found

    def _follow_request(self, transaction: Transaction, number: int, actor: Actor) -> None:
        grace_days = self.settings.identifier_grace_days
        requests.follow_tasks(transaction, number, actor=actor.id, grace_days=grace_days)
