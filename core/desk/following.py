"""Following privacy requests: find and show them, and cancel, retry or attest what a person has to decide."""

import hashlib
import shlex
from dataclasses import dataclass, replace
from datetime import datetime

from core.clients.cxone_requests import DESCRIPTION, SUBJECT
from core.desk.approvals import ApprovalActions, PendingApproval, unsent
from core.desk.base import DeskError
from core.desk.changes import unchanged
from core.desk.deadlines import ClockView, DeadlineActions
from core.model.denials import DENIED, Denial
from core.model.events import EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import (
    CLOSED,
    TERMINAL,
    WAITS_FOR_A_PERSON,
    PrivacyRequest,
    Task,
    TaskError,
    TaskState,
)
from core.store import attestations, exchanges, grace, holds, identifiers, request_approvals, requests, tasks, vault
from core.store.attestations import Attestation
from core.store.audit import EventFilter, StoredEvent, events
from core.store.database import Transaction
from core.store.exchanges import StoredExchange
from core.store.proof import record_end, task_event
from core.store.requests import RequestFilter, RequestSummary
from core.store.tasks import Outcome
from core.store.vault import Delivery


@dataclass(frozen=True)
class RequestPage:
    """One page of the list; `total` is counted to 10 001 at the most."""

    rows: tuple[RequestSummary, ...]
    total: int


@dataclass(frozen=True)
class RequestView:
    """One request whole: its timeline, HTTP attempts, vault deliveries, attestations, and what may be done now."""

    request: PrivacyRequest
    timeline: tuple[StoredEvent, ...]
    exchanges: tuple[StoredExchange, ...]
    deliveries: tuple[Delivery, ...]
    attestations: tuple[Attestation, ...]
    can_cancel: bool
    can_retry: tuple[str, ...]  # task ids
    can_attest: tuple[str, ...]  # task ids
    approval: PendingApproval | None = None  # the decision that it waits for
    denial: Denial | None = None
    clock: ClockView | None = None
    holds: tuple[str, ...] = ()  # that stand in its way, by id
    in_grace_until: datetime | None = None  # nothing is sent before
    can_deny: bool = False
    can_send_now: bool = False


class FollowingActions(DeadlineActions, ApprovalActions):
    """The part of the desk that sees requests through."""

    def find(self, actor: Actor, where: RequestFilter, *, page: int = 1, page_size: int = 50) -> RequestPage:
        """One page of requests. A text that is somebody's identifier finds their requests by pseudonym."""
        self._require(actor, Action.VIEW_REQUESTS)
        if where.text and not where.text.startswith("subj_"):
            where = replace(where, pseudonym=self._pseudonym(where.text))
        with self.store.reading() as db:
            rows, total = requests.find(db, where, limit=page_size, offset=(page - 1) * page_size)
        return RequestPage(tuple(rows), total)

    def show(self, actor: Actor, request_id: str) -> RequestView | None:
        """One request with everything about it; None if there is none. Identifiers only for those who may see them."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        request = self._shown(actor, request_id)
        if request is None:
            return None
        ids = [task.id for task in request.tasks]
        with self.store.reading() as db:
            timeline = events(db, EventFilter(request=request_id), before_seq=None, limit=500)
            made = exchanges.of_tasks(db, ids)
            sent = [d for task in ids for d in vault.of_task(db, task)]
            attested = attestations.of_request(db, self.store.keys, request_id, ids)
            number = requests.number_of(db, request_id)
            standing = holds.in_the_way_of(db, number)
            in_grace_until = grace.until(db, number, self.clock.now())
        if not actor.may(Action.SEE_IDENTIFIERS):  # people type names into evidence
            attested = [replace(one, evidence="") for one in attested]
        if request.subject is not None:
            subjects = {t.id: (request.subject, *request.also_known_as)[t.identifier] for t in request.tasks}
            made = [_unmasked(exchange, subjects[exchange.task], request.description) for exchange in made]
        present = [t for t in request.tasks if t.superseded_by is None]
        return RequestView(
            request=request,
            timeline=tuple(reversed(timeline)),
            exchanges=tuple(made),
            deliveries=tuple(sent),
            attestations=tuple(attested),
            can_cancel=actor.may(Action.CANCEL) and any(unsent(t) for t in present),
            can_retry=tuple(t.id for t in present if actor.may(Action.RETRY) and _retryable(t)),
            can_attest=tuple(t.id for t in present if actor.may(Action.ATTEST) and t.state in WAITS_FOR_A_PERSON),
            approval=self.pending_approval(actor, request_id),
            denial=self.denial(actor, request_id),
            clock=self.request_clock(actor, request_id),
            holds=tuple(standing) if request.state not in CLOSED else (),
            in_grace_until=in_grace_until,
            can_deny=actor.may(Action.APPROVE) and all(unsent(t) for t in present),
            can_send_now=actor.may(Action.SEND_NOW) and in_grace_until is not None,
        )

    def cancel(self, actor: Actor, request_id: str, *, version: int | None = None) -> PrivacyRequest:
        """Cancel every task that certainly has not reached its vendor. Raises DeskError if there is none."""
        self._require(actor, Action.CANCEL)
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            open_tasks = [t for t in request.tasks if t.superseded_by is None and unsent(t)]
            if not open_tasks:
                raise DeskError(
                    f"{request_id} cannot be cancelled any more: the vendor has it, or may have it. "
                    "Neither vendor offers a way to take a request back."
                )
            for task in open_tasks:
                ended = tasks.change(transaction, task.id, Outcome(TaskState.CANCELLED))
                transaction.record(task_event(EventKind.TASK_CANCELLED, ended, actor.id))
            request_approvals.withdraw(transaction, request_id, actor)
            self._follow(transaction, request_id, actor)
        return self._existing(actor, request_id)

    def retry(
        self, actor: Actor, task_id: str, *, version: int | None = None, not_received: bool = False
    ) -> PrivacyRequest:
        """Go on with a task that waits for a person, or send an ended one again as a new task.

        A task that may have reached the vendor is only sent again with `not_received`: the person's word that they
        looked it up at the vendor and it is not there.
        """
        self._require(actor, Action.RETRY)
        request_id = task_id.rpartition("-")[0]
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            task = _task_of(request, task_id)
            if not _retryable(task):
                raise DeskError(f"{task_id} is {_words(task.state)}; there is nothing to try again.")
            if standing := holds.in_the_way_of(transaction.db, requests.number_of(transaction.db, request_id)):
                raise DeskError(f"{', '.join(standing)} keeps this person's data: nothing is sent again under a hold.")
            if task.is_in_doubt and not not_received:
                raise DeskError(
                    f"{task_id} may have reached the vendor. Look it up in the vendor's console first, "
                    "and confirm that it is not there."
                )
            if task.state in TERMINAL:
                new_id = self._again(transaction, request, task)
            else:
                new_id = None
                state = TaskState.IN_PROGRESS if task.vendor_request_id else TaskState.QUEUED
                tasks.change(transaction, task_id, Outcome(state, next_due_at=transaction.at))
            detail = {"new_task": new_id, "state": task.state}
            transaction.record(task_event(EventKind.TASK_RETRIED_BY_PERSON, task, actor.id, detail))
            self._follow(transaction, request_id, actor)
        return self._existing(actor, request_id)

    def attest(
        self,
        actor: Actor,
        task_id: str,
        *,
        state: TaskState,
        evidence: str,
        records: int | None = None,
        version: int | None = None,
    ) -> PrivacyRequest:
        """A named person's word, with evidence, for how a task ended that the vendor does not tell about.

        `state` is completed, nothing_found or failed; `evidence` is at least ten characters of what was seen
        where. Raises DeskError.
        """
        self._require(actor, Action.ATTEST)
        if state not in {TaskState.COMPLETED, TaskState.NOTHING_FOUND, TaskState.FAILED}:
            raise DeskError("Attest completed, nothing found or failed.")
        if len(evidence.strip()) < 10:
            raise DeskError("Say what you saw and where, in ten characters or more: it is the only proof there is.")
        if records is not None and not 0 <= records < 2**53:
            raise DeskError("The number of records is a whole number from 0.")
        request_id = task_id.rpartition("-")[0]
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            task = _task_of(request, task_id)
            if task.state not in WAITS_FOR_A_PERSON:
                raise DeskError(f"{task_id} is {_words(task.state)}; only a task that waits for a person is attested.")
            error = (
                TaskError("attested_failed", "A person attested that it failed.") if state is TaskState.FAILED else None
            )
            ended = tasks.change(transaction, task_id, Outcome(state, records_affected=records, error=error))
            attestations.keep(transaction, request_id, task_id, actor, state, evidence.strip())
            detail = {"state": state, "records": records, "evidence_sha256": _sha256(evidence.strip())}
            transaction.record(task_event(EventKind.TASK_ATTESTED, ended, actor.id, detail))
            record_end(
                transaction,
                ended,
                actor=actor.id,
                categories=request.categories,
                scope=request.scope,
                pseudonym=task.pseudonym,
                attested=True,
            )
            self._follow(transaction, request_id, actor)
        return self._existing(actor, request_id)

    def _again(self, transaction: Transaction, request: PrivacyRequest, task: Task) -> str:
        number = requests.number_of(transaction.db, request.id)
        if identifiers.reveal(transaction.db, transaction.keys, request.id) is None:
            raise DeskError(f"The identifier of {request.id} was destroyed; file a new request instead.")
        if holder := requests.open_task_for(transaction.db, task.connection, task.pseudonym, task.kind):
            raise DeskError(f"{holder} is open for the same person and system already.")
        new_id = tasks.add(
            transaction, number, request.id, task.connection, task.contract, task.kind,
            task.pseudonym, request.due_on, TaskState.QUEUED, task.identifier,
        )  # fmt: skip
        tasks.supersede(transaction, task.id, new_id)
        return new_id

    def _follow(self, transaction: Transaction, request_id: str, actor: Actor) -> None:
        requests.follow_tasks(
            transaction,
            requests.number_of(transaction.db, request_id),
            actor=actor.id,
            grace_days=self.settings.identifier_grace_days,
        )

    def _existing(self, actor: Actor, request_id: str) -> PrivacyRequest:
        request = self._shown(actor, request_id)
        if request is None:
            raise DeskError(f"There is no request {request_id}.")
        return request


def _retryable(task: Task) -> bool:
    """A task that somebody denied is not: the wish is filed anew, and decided anew."""
    denied = task.error is not None and task.error.code == DENIED
    return not denied and task.state in {
        TaskState.FAILED,
        TaskState.REFUSED,
        TaskState.PARTLY_COMPLETED,
        TaskState.NEEDS_PERSON,
        TaskState.OUTCOME_UNKNOWN,
    }


def _task_of(request: PrivacyRequest, task_id: str) -> Task:
    for task in request.tasks:
        if task.id == task_id and task.superseded_by is None:
            return task
    raise DeskError(f"There is no open task {task_id}.")


def _words(state: TaskState) -> str:
    return state.replace("_", " ")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _unmasked(exchange: StoredExchange, subject: str, description: str) -> StoredExchange:
    def put_back(text: str | None) -> str | None:
        return text and text.replace(SUBJECT, subject).replace(DESCRIPTION, description)

    return replace(
        exchange,
        url=exchange.url.replace(SUBJECT, subject),
        request_body=put_back(exchange.request_body),
        response_body=put_back(exchange.response_body),
    )


def curl(exchange: StoredExchange) -> str:
    """A command that repeats an attempt; the token is a placeholder to fill in."""
    parts = ["curl", "-X", exchange.method, exchange.url]
    for name, value in exchange.request_headers.items():
        shown = "Bearer $TOKEN" if name.lower() == "authorization" else value
        parts += ["-H", f"{name}: {shown}"]
    if exchange.request_body:
        parts += ["--data-raw", exchange.request_body]
    # The token is left for the shell to fill in, so its header alone is in double quotes.
    quoted = [f'"{p}"' if "$TOKEN" in p else shlex.quote(p) for p in parts]
    return " ".join(quoted)
