"""Due tasks to clients to outcomes: one short, crash-safe step at a time."""

import random
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from core.auth.tokens import TokenSource
from core.clients.breaker import Breaker
from core.clients.cxone_requests import CxoneRequests, Submission, Tracking, submission_payload
from core.clients.http import Answer, Exchange, VendorHttp
from core.clients.limiter import Limiter, LimiterState
from core.clock import Clock, to_text
from core.model.events import Event, EventKind
from core.model.people import DESK
from core.model.privacy_requests import (
    TERMINAL,
    TRACKED,
    WAITS_FOR_A_PERSON,
    Task,
    TaskError,
    TaskState,
)
from core.sandbox.address import connections_of
from core.settings import ConnectionSettings, Settings
from core.store import connection_states, exchanges, identifiers, requests, tasks, webhook_events
from core.store.database import Store, Transaction
from core.store.exchanges import StoredExchange
from core.store.proof import record_end, task_event
from core.store.tasks import Leased, Outcome
from core.worker.flow import keep_flow, keep_no_answer
from core.worker.outcomes import Schedule, after_submission, after_tracking, needs_person, outcome_unknown

CALLS_AT_ONCE = 8
# A call ends within four timeouts (two round trips, and two to the token server).
LEASE_MARGIN_SECONDS = 30.0


def _nothing(step: str) -> None:
    """Where nobody watches."""


class Worker:
    """Takes due tasks, calls the vendor, writes what came of it.

    Keeps nothing but caches between steps: what is due, leased, throttled or broken is in the store, so that
    another process can carry on at any point. `watch` is told each step's name; the kill tests stop the
    process there.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        watch: Callable[[str], None] = _nothing,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.owner = uuid.uuid4().hex
        self.rng = rng or random.Random()
        self._watch = watch
        self._making = threading.Lock()
        self._clients: dict[str, tuple[ConnectionSettings, CxoneRequests, VendorHttp]] = {}

    def connections(self) -> dict[str, ConnectionSettings]:
        """The connections that privacy requests can be sent through."""
        return {n: c for n, c in connections_of(self.settings).items() if c.contract == "cxone-requests"}

    def step(self, name: str, limit: int = CALLS_AT_ONCE) -> int:
        """One step for one connection. Returns how many tasks were acted on."""
        leased = self.lease(name, limit)
        for one in leased:
            self.act(name, one)
        return len(leased)

    def lease(self, name: str, limit: int) -> list[Leased]:
        """Take what is due, as much as pause switch, breaker and limiter allow, with the intent on disk."""
        connection = self.connections().get(name)
        if connection is None or connection.paused:
            return []
        with self.store.reading() as db:
            due = tasks.next_due(db, name)
        if due is None or due > self.clock.now():
            return []
        with self.store.writing() as transaction:
            state = connection_states.get(transaction.db, name)
            if state.paused:
                return []
            # A probe that nobody reports back on is given up once its call must have ended.
            longest = 4 * connection.timeout_seconds + LEASE_MARGIN_SECONDS
            breaker = replace(Breaker.from_json(state.breaker), probe_seconds=longest)
            wanted = min(limit, breaker.permits(transaction.at), tasks.count_due(transaction, name, limit))
            limiter = Limiter(connection.limit_per_minute)
            granted, limits, _ = limiter.take(LimiterState.from_json(state.limiter), transaction.at, wanted)
            if not granted:
                return []
            leased = tasks.lease(
                transaction,
                name,
                owner=self.owner,
                limit=granted,
                seconds=longest,
                probing=breaker.state(transaction.at) != "closed",
            )
            if leased:
                breaker = breaker.start_probe(transaction.at)
            connection_states.save_flow(transaction, name, limiter=limits.to_json(), breaker=breaker.to_json())
            for one in leased:
                if one.task.state is TaskState.SENDING:
                    transaction.record(
                        _event(
                            EventKind.TASK_SENDING,
                            one.task,
                            detail={"attempt": one.task.attempts, "intent": one.task.intent, "fence": one.task.fence},
                        )
                    )
        self._watch("leased")
        return leased

    def act(self, name: str, leased: Leased) -> None:
        """Call the vendor for one leased task and commit what came of it, in one transaction."""
        connection = self.connections().get(name)
        if connection is None:
            return  # taken out of the settings meanwhile; the lease runs out and the task waits
        schedule = Schedule(connection, self.rng)
        task = leased.task
        if task.state in TRACKED:
            tracking = self._client(name, connection).track(
                task.vendor_request_id or "", subject=self._subject(task.request_id)
            )
            self._watch("answered")
            outcome = after_tracking(task, tracking, schedule, self.clock.now())
            self._commit(name, connection, leased, outcome, tracking.answer, tracking)
            return
        if leased.recovered and not connection.idempotency_header:
            # Whoever held it may have sent it, and this vendor cannot be asked nor told it is the same one.
            self._commit(name, connection, leased, outcome_unknown(None), None)
            return
        submission = self._submit(name, connection, leased)
        if submission is None:
            return
        self._watch("answered")
        outcome = after_submission(task, submission, schedule, self.clock.now())
        self._commit(name, connection, leased, outcome, submission.answer, submission)

    def _submit(self, name: str, connection: ConnectionSettings, leased: Leased) -> Submission | None:
        with self.store.reading() as db:
            secret = identifiers.reveal(db, self.store.keys, leased.task.request_id)
            held = tasks.still_held(db, leased)
        if not held:
            return None
        if self.clock.now() > leased.leased_until - timedelta(seconds=4 * connection.timeout_seconds):
            # Stalled: it could be somebody else's by the time the bytes would leave. Certainly nothing was sent.
            self._commit(name, connection, leased, Outcome(TaskState.QUEUED, next_due_at=self.clock.now()), None)
            return None
        if secret is None:
            self._commit(name, connection, leased, needs_person(None, "The identifier was destroyed."), None)
            return None
        payload = submission_payload(
            subject=secret.subject,
            type=leased.task.kind,
            categories=leased.categories,
            scope=leased.scope,
            description=secret.description,
            callback_url=self.settings.callback_url(name),
        )
        return self._client(name, connection).submit(payload, leased.task.intent)

    def _commit(
        self,
        name: str,
        connection: ConnectionSettings,
        leased: Leased,
        outcome: Outcome,
        answer: Answer | None,
        found: Submission | Tracking | None = None,
    ) -> None:
        with self.store.writing() as transaction:
            if answer:
                keep_flow(transaction, name, connection, answer)
                _keep_exchanges(transaction, leased, answer.exchanges)
            else:
                keep_no_answer(transaction, name)
            if tasks.still_held(transaction.db, leased):
                outcome = self._without_conflict(transaction, leased, outcome)
                outcome = self._with_waiting_webhook(transaction, leased, outcome)
            task = tasks.settle(transaction, leased, outcome)
            if task is None:
                vendor_id = found.vendor_request_id if isinstance(found, Submission) else None
                detail = {"fence": leased.task.fence, "vendor_request_id": vendor_id}
                transaction.record(_event(EventKind.TASK_LATE_ANSWER, leased.task, detail))
            else:
                self._record(transaction, leased, task, answer)
                requests.follow_tasks(
                    transaction,
                    leased.request_number,
                    actor=DESK.id,
                    grace_days=self.settings.identifier_grace_days,
                )
            self._watch("committing")
        self._watch("committed")

    def _record(self, transaction: Transaction, leased: Leased, task: Task, answer: Answer | None) -> None:
        """The audit event of a settled step, and the proof where it ended well."""
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
        elif task.state in WAITS_FOR_A_PERSON:
            detail = {
                "state": task.state,
                "why": task.error.code if task.error else "",
                "vendor_status": task.vendor_status,
            }
            transaction.record(_event(EventKind.TASK_NEEDS_PERSON, task, detail))
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
            detail = {"state": held.state, "why": error.code, "vendor_status": held.vendor_status}
            transaction.record(_event(EventKind.TASK_NEEDS_PERSON, held, detail))
            requests.follow_tasks(transaction, found[1], actor=DESK.id, grace_days=self.settings.identifier_grace_days)
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

    def _client(self, name: str, connection: ConnectionSettings) -> CxoneRequests:
        with self._making:
            cached = self._clients.get(name)
            if cached is None or cached[0] != connection:
                self.close(name)
                http = VendorHttp(connection, TokenSource(connection, self.clock), self.clock)
                cached = self._clients[name] = (connection, CxoneRequests(http, connection), http)
            return cached[1]

    def close(self, *names: str) -> None:
        """Let go of the network connections of these, or all, clients; they are made anew when needed."""
        for name in names or tuple(self._clients):
            if name in self._clients:
                self._clients.pop(name)[2].close()

    def _subject(self, request_id: str) -> str | None:
        with self.store.reading() as db:
            secret = identifiers.reveal(db, self.store.keys, request_id)
        return secret.subject if secret else None


def _event(kind: EventKind, task: Task, detail: Mapping[str, Any]) -> Event:
    return task_event(kind, task, DESK.id, detail)


def _keep_exchanges(transaction: Transaction, leased: Leased, made: Iterable[Exchange]) -> None:
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
            for exchange in made
        ],
    )
