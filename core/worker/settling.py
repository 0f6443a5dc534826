"""What calls brought back, written: outcome, next due time and audit event of many finished calls in one commit."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from core.clients.cxone_requests import Submission, Tracking
from core.clients.http import Answer
from core.clock import to_text
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import TERMINAL, TRACKED, WAITS_FOR_A_PERSON, Task, TaskError, TaskState
from core.settings import ConnectionSettings, Settings
from core.store import exchanges, holding, holds, requests, task_leases, tasks, webhook_events
from core.store.database import Store, Transaction
from core.store.exchanges import StoredExchange
from core.store.notices import raise_notice
from core.store.proof import record_end, task_event
from core.store.task_leases import Leased
from core.store.tasks import Outcome
from core.worker.flow import keep_flow, keep_no_answer

log = logging.getLogger(__name__)

# A transaction holds the one lock that everybody who writes waits for; this many are written in a few hundredths
# of a second.
MOST_AT_ONCE = 32

_FAILURES = frozenset({TaskState.FAILED, TaskState.REFUSED, TaskState.PARTLY_COMPLETED})


@dataclass(frozen=True)
class Finished:
    """What came of one lease. With no outcome nothing was sent or asked: it is given back as it was."""

    leased: Leased
    connection: ConnectionSettings
    outcome: Outcome | None
    answer: Answer | None = None
    found: Submission | Tracking | None = None


@dataclass(frozen=True)
class Settling:
    """Commits outcomes, for all connections."""

    settings: Settings
    store: Store
    watch: Callable[[str], None]

    def settle(self, finished: Sequence[Finished]) -> None:
        """Each with its own audit events, many in one transaction.

        One that cannot be written must not take the others with it: then each is written by itself, and what
        fails keeps its lease, is logged, and is looked into when the lease runs out.
        """
        for first in range(0, len(finished), MOST_AT_ONCE):
            some = finished[first : first + MOST_AT_ONCE]
            try:
                self._write(some)
            except Exception:
                if len(some) == 1:
                    raise
                log.exception("outcomes could not be written together; each is written by itself")
                self._one_by_one(some)

    def _one_by_one(self, finished: Sequence[Finished]) -> None:
        for one in finished:
            try:
                self._write([one])
            except Exception:  # told to the log; the lease on disk keeps the task from being lost
                log.exception("an outcome could not be written", extra={"task": one.leased.task.id})

    def _write(self, finished: Sequence[Finished]) -> None:
        with self.store.writing() as transaction:
            self.keep(transaction, finished)
            self.watch("committing")
        self.watch("committed")

    def keep(self, transaction: Transaction, finished: Sequence[Finished]) -> None:
        """Write outcomes in an open transaction."""
        self._keep_flow(transaction, finished)
        for one in finished:
            self._keep_one(transaction, one)

    def _keep_flow(self, transaction: Transaction, finished: Sequence[Finished]) -> None:
        for name in dict.fromkeys(one.leased.task.connection for one in finished):
            ours = [one for one in finished if one.leased.task.connection == name]
            answers = [one.answer for one in ours if one.answer]
            if answers:
                keep_flow(transaction, name, ours[0].connection, *answers)
            if len(answers) < len(ours):
                keep_no_answer(transaction, name)

    def _keep_one(self, transaction: Transaction, one: Finished) -> None:
        leased, answer, outcome = one.leased, one.answer, one.outcome
        if answer:
            _keep_exchanges(transaction, leased, answer)
        if outcome is None:
            self._give_back(transaction, leased)
            self._hold_back(transaction, leased)
            return
        if task_leases.still_held(transaction.db, leased):
            outcome = self._without_conflict(transaction, leased, outcome)
            outcome = self._with_waiting_webhook(transaction, leased, outcome)
        task = task_leases.settle(transaction, leased, outcome)
        if task is None:
            vendor_id = one.found.vendor_request_id if isinstance(one.found, Submission) else None
            detail = {"fence": leased.task.fence, "vendor_request_id": vendor_id}
            transaction.record(_event(EventKind.TASK_LATE_ANSWER, leased.task, detail))
        else:
            self._record(transaction, leased, task, answer)
            self._follow(transaction, leased.request_number)
            if task.state is TaskState.QUEUED:
                self._hold_back(transaction, leased)

    def _give_back(self, transaction: Transaction, leased: Leased) -> None:
        task = task_leases.give_back(transaction, leased)
        if task and task.state is TaskState.QUEUED:
            detail = {"attempt": leased.task.attempts, "why": "not_sent", "due": None, "http_status": None}
            transaction.record(_event(EventKind.TASK_RETRY, task, detail))

    def _record(self, transaction: Transaction, leased: Leased, task: Task, answer: Answer | None) -> None:
        """The audit event of a settled step, the proof where it ended well, a notice where somebody must look."""
        before = leased.task
        if before.state is TaskState.SENDING and task.vendor_request_id and not before.vendor_request_id:
            detail = {
                "attempt": task.attempts,
                "vendor_request_id": task.vendor_request_id,
                "vendor_status": task.vendor_status,
                "latency_ms": answer.elapsed_ms if answer else None,
            }
            transaction.record(_event(EventKind.TASK_SUBMITTED, task, detail))
        if task.state in TERMINAL:
            record_end(
                transaction,
                task,
                actor=DESK.id,
                categories=leased.categories,
                scope=leased.scope,
                pseudonym=leased.pseudonym,
            )
            if task.state in _FAILURES:
                raise_notice(transaction, NoticeKind.TASKS_FAILED, task.connection, latest=task.request_id)
        elif task.state in WAITS_FOR_A_PERSON:
            self._waits_for_a_person(transaction, task)
        elif task.state is TaskState.QUEUED:
            detail = {
                "attempt": task.attempts,
                "why": task.error.code if task.error else "",
                "due": to_text(task.next_due_at) if task.next_due_at else None,
                "http_status": answer.status if answer else None,
            }
            transaction.record(_event(EventKind.TASK_RETRY, task, detail))
        elif before.state in TRACKED and (task.state, task.vendor_status) != (before.state, before.vendor_status):
            detail = {"vendor_status": task.vendor_status, "state": task.state, "poll": task.polls}
            transaction.record(_event(EventKind.TASK_TRACKED, task, detail))

    def _waits_for_a_person(self, transaction: Transaction, task: Task) -> None:
        detail = {
            "state": task.state,
            "why": task.error.code if task.error else "",
            "vendor_status": task.vendor_status,
        }
        transaction.record(_event(EventKind.TASK_NEEDS_PERSON, task, detail))
        raise_notice(transaction, NoticeKind.TASKS_NEED_PERSON, task.connection, latest=task.request_id)

    def _without_conflict(self, transaction: Transaction, leased: Leased, outcome: Outcome) -> Outcome:
        """The same vendor id for two subjects must never complete the wrong one: both wait for a person."""
        vendor_id = outcome.vendor_request_id
        if not vendor_id or leased.task.vendor_request_id == vendor_id:
            return outcome
        other = tasks.holder_of(transaction.db, leased.task.connection, vendor_id)
        if other is None or other == leased.task.id:
            return outcome
        error = TaskError(
            "vendor_id_conflict",
            f"The vendor gave this request and {other} the same id.",
            "Ask the vendor which is which before anything is called done.",
        )
        transaction.record(
            _event(
                EventKind.VENDOR_ID_CONFLICT, leased.task, detail={"vendor_request_id": vendor_id, "other_task": other}
            )
        )
        found = tasks.get(transaction.db, other)
        if found and found[0].state not in TERMINAL:
            held = tasks.change(transaction, other, Outcome(TaskState.NEEDS_PERSON, error=error))
            self._waits_for_a_person(transaction, held)
            self._follow(transaction, found[1])
        return Outcome(TaskState.NEEDS_PERSON, error=error, may_have_acted=True)

    def _with_waiting_webhook(self, transaction: Transaction, leased: Leased, outcome: Outcome) -> Outcome:
        """A webhook can overtake the answer that names its request, or be the only word of a lost answer."""
        name, task = leased.task.connection, leased.task
        if outcome.state is TaskState.OUTCOME_UNKNOWN:
            # Of events from before it was filed, and while another task may be meant, none is taken.
            since = task.created_at or transaction.at
            named = webhook_events.waiting_for_subject(transaction.db, name, leased.pseudonym, since)
            if len(named) == 1 and len(tasks.unanswered(transaction.db, name, leased.pseudonym)) == 1:
                outcome = Outcome(TaskState.IN_PROGRESS, vendor_request_id=named[0])
        vendor_id = outcome.vendor_request_id
        if vendor_id and webhook_events.join(transaction, name, vendor_id, task.id):
            detail = {"webhook_id": None, "vendor_request_id": vendor_id}
            transaction.record(_event(EventKind.WEBHOOK_JOINED, task, detail))
            outcome = replace(outcome, next_due_at=transaction.at)
        return outcome

    def _hold_back(self, transaction: Transaction, leased: Leased) -> None:
        """What would be sent again while a legal hold stands in its way goes on hold: the hold came meanwhile."""
        if standing := holds.in_the_way_of(transaction.db, leased.request_number):
            days = self.settings.identifier_grace_days
            holding.hold_back(transaction, leased.request_number, standing, DESK, grace_days=days)

    def _follow(self, transaction: Transaction, request_number: int) -> None:
        requests.follow_tasks(
            transaction, request_number, actor=DESK.id, grace_days=self.settings.identifier_grace_days
        )


def _event(kind: EventKind, task: Task, detail: Mapping[str, Any]) -> Event:
    return task_event(kind, task, DESK.id, detail)


def _keep_exchanges(transaction: Transaction, leased: Leased, answer: Answer) -> None:
    task = leased.task
    tracking = task.state in TRACKED
    exchanges.keep(
        transaction,
        [
            StoredExchange(
                task=task.id,
                connection=task.connection,
                attempt=task.polls if tracking else task.attempts,
                purpose="track" if tracking else "submit",
                **{field.name: getattr(exchange, field.name) for field in fields(exchange)},
            )
            for exchange in answer.exchanges
        ],
    )
