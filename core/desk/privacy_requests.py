"""What people do with privacy requests: check, preview, submit, find, look at, cancel, retry, attest."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from core.clients.catalog import CATALOG
from core.clients.cxone_requests import DESCRIPTION, SUBJECT, submission_call, submission_payload
from core.clock import day_in
from core.desk.base import ChangedError, DeskBase, DeskError
from core.model.deadlines import Deadline, deadlines_for, laws
from core.model.events import EventKind
from core.model.findings import Finding
from core.model.identifiers import canonical, masked, pseudonym
from core.model.people import Action, Actor
from core.model.privacy_requests import (
    TERMINAL,
    WAITS_FOR_A_PERSON,
    Draft,
    PrivacyRequest,
    RequestType,
    Task,
    TaskError,
    TaskState,
)
from core.settings import ConnectionSettings
from core.store import attestations, exchanges, identifiers, requests, tasks, vault
from core.store.attestations import Attestation
from core.store.audit import EventFilter, StoredEvent, events
from core.store.database import Transaction
from core.store.exchanges import StoredExchange
from core.store.proof import record_end, task_event
from core.store.requests import NewRequest, RequestFilter, RequestSummary
from core.store.tasks import Outcome
from core.store.vault import Delivery
from core.validation import POLICY_VERSION, check_privacy_request

EARLIEST_RECEIVED_DAYS = 365
REFERENCE_LENGTH = 100


@dataclass(frozen=True)
class Preview:
    """What a draft would become: the exact body, the exact HTTP request for each system, and its dates."""

    findings: tuple[Finding, ...]
    payload: Mapping[str, Any]
    http: Mapping[str, str]  # connection -> request line, headers and body; the token is a placeholder
    deadlines: tuple[Deadline, ...]


@dataclass(frozen=True)
class Submitted:
    """The request that was filed, or None and what stopped it; `repeated`: this intent was filed before."""

    request: PrivacyRequest | None
    findings: tuple[Finding, ...]
    repeated: bool = False


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


class PrivacyRequestActions(DeskBase):
    """The part of the desk that deals in privacy requests."""

    def check(self, actor: Actor, draft: Draft) -> tuple[Finding, ...]:
        """Everything wrong with a draft, as it stands; writes nothing."""
        self._require(actor, Action.SUBMIT)
        return self._check(draft)

    def preview(self, actor: Actor, draft: Draft) -> Preview:
        """What would be sent and by when it would be due; as far as the draft allows."""
        self._require(actor, Action.SUBMIT)
        http = {}
        for name in draft.connections:
            connection = self.connections().get(name)
            if connection and connection.contract == "cxone-requests":
                http[name] = _http_text(connection, self._payload(draft, name))
        payload = self._payload(draft, draft.connections[0] if draft.connections else None)
        findings = self._check(draft)
        dated = not {f.field for f in findings if f.blocks} & {"law", "received", "region"}
        return Preview(findings, payload, http, self._deadlines(draft) if dated else ())

    def submit(self, actor: Actor, draft: Draft, *, intent: str) -> Submitted:
        """File a request: one transaction, or findings and nothing written.

        `intent` is made with the form; the same intent again gives the request of the first time.
        """
        self._require(actor, Action.SUBMIT)
        with self.store.reading() as db:
            filed = requests.filed_with(db, intent)
        if filed:
            return Submitted(self._shown(actor, filed), (), repeated=True)
        findings = self._check(draft)
        if any(f.blocks for f in findings):
            return Submitted(None, findings)
        new = self._new_request(actor, draft, intent)
        with self.store.writing() as transaction:
            # Once more under the lock: two forms about the same person can be sent in the same instant.
            blocking = [
                f for f in self._duplicates(transaction, draft, new.pseudonym)
                if requests.filed_with(transaction.db, intent) is None
            ]  # fmt: skip
            if blocking:
                return Submitted(None, (*findings, *blocking))
            request_id, fresh = requests.file(transaction, new)
        return Submitted(self._shown(actor, request_id), findings, repeated=not fresh)

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
        self._require(actor, Action.VIEW_REQUESTS)
        request = self._shown(actor, request_id)
        if request is None:
            return None
        ids = [task.id for task in request.tasks]
        with self.store.reading() as db:
            timeline = events(db, EventFilter(request=request_id), before_seq=None, limit=500)
            made = exchanges.of_tasks(db, ids)
            sent = [d for task in ids for d in vault.of_task(db, task)]
            attested = attestations.of_request(db, self.store.keys, request_id, ids)
        if not actor.may(Action.SEE_IDENTIFIERS):  # people type names into evidence
            attested = [replace(one, evidence="") for one in attested]
        if request.subject is not None:
            made = [_unmasked(exchange, request.subject, request.description) for exchange in made]
        present = [t for t in request.tasks if t.superseded_by is None]
        return RequestView(
            request=request,
            timeline=tuple(reversed(timeline)),
            exchanges=tuple(made),
            deliveries=tuple(sent),
            attestations=tuple(attested),
            can_cancel=actor.may(Action.CANCEL) and any(_cancellable(t) for t in present),
            can_retry=tuple(t.id for t in present if actor.may(Action.RETRY) and _retryable(t)),
            can_attest=tuple(t.id for t in present if actor.may(Action.ATTEST) and t.state in WAITS_FOR_A_PERSON),
        )

    def cancel(self, actor: Actor, request_id: str, *, version: int | None = None) -> PrivacyRequest:
        """Cancel every task that certainly has not reached its vendor. Raises DeskError if there is none."""
        self._require(actor, Action.CANCEL)
        with self.store.writing() as transaction:
            request = self._unchanged(transaction, request_id, version)
            open_tasks = [t for t in request.tasks if t.superseded_by is None and _cancellable(t)]
            if not open_tasks:
                raise DeskError(
                    f"{request_id} cannot be cancelled any more: the vendor has it, or may have it. "
                    "Neither vendor offers a way to take a request back."
                )
            for task in open_tasks:
                ended = tasks.change(transaction, task.id, Outcome(TaskState.CANCELLED))
                transaction.record(task_event(EventKind.TASK_CANCELLED, ended, actor.id))
            self._follow(transaction, request_id, actor)
        return self._existing(actor, request_id)

    def retry(
        self, actor: Actor, task_id: str, *, version: int | None = None, not_received: bool = False
    ) -> PrivacyRequest:
        """Go on with a task that waits for a person, or send an ended one again as a new task.

        A task whose outcome is unknown is only sent again with `not_received`: the person's word that they
        looked it up at the vendor and it is not there.
        """
        self._require(actor, Action.RETRY)
        request_id = task_id.rpartition("-")[0]
        with self.store.writing() as transaction:
            request = self._unchanged(transaction, request_id, version)
            task = _task_of(request, task_id)
            if not _retryable(task):
                raise DeskError(f"{task_id} is {_words(task.state)}; there is nothing to try again.")
            if task.state is TaskState.OUTCOME_UNKNOWN and not not_received:
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
            request = self._unchanged(transaction, request_id, version)
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
                pseudonym=request.pseudonym,
            )
            self._follow(transaction, request_id, actor)
        return self._existing(actor, request_id)

    def _check(self, draft: Draft) -> tuple[Finding, ...]:
        findings = [*check_privacy_request(dict(self._payload(draft, None)))]
        findings += self._check_connections(draft)
        findings += self._check_dates(draft)
        findings += _check_reference(draft.reference)
        if not any(f.field == "subjectId" for f in findings):
            with self.store.reading() as db:
                findings += _open_already(
                    {
                        n: requests.open_task_for(db, n, self._pseudonym(draft.subject), draft.type)
                        for n in draft.connections
                    }
                )
        return tuple(findings)

    def _check_connections(self, draft: Draft) -> list[Finding]:
        known = {n for n, c in self.connections().items() if RequestType.ERASURE in CATALOG[c.contract].kinds}
        listed = ", ".join(sorted(known)) or "none is configured"
        if not draft.connections:
            return [Finding("connection", "required", "Choose the system to send it to.", f"Known: {listed}.")]
        return [
            Finding("connection", "unknown", f"There is no connection named {name!r}.", f"Known: {listed}.")
            for name in draft.connections
            if name not in known
        ]

    def _check_dates(self, draft: Draft) -> list[Finding]:
        today, received = self.today(), draft.received or self.today()
        if received > today:
            return [
                Finding(
                    "received", "in_future", "The day of receipt lies in the future.", "Use today or an earlier day.",
                    suggestion=today,
                )
            ]  # fmt: skip
        if received < today - timedelta(days=EARLIEST_RECEIVED_DAYS):
            return [
                Finding(
                    "received", "too_old", "The day of receipt is more than a year ago.", "Check the year you entered."
                )
            ]
        if draft.law and draft.law not in {law.id for law in laws()}:
            known = ", ".join(law.id for law in laws())
            return [Finding("law", "unknown", f"No rules are known for the law {draft.law!r}.", f"Known: {known}.")]
        try:
            self._deadlines(draft)
        except ValueError as error:
            return [Finding("region", "unknown", str(error), "Leave the region empty, or choose another.")]
        return []

    def _duplicates(self, transaction: Transaction, draft: Draft, subject_pseudonym: str) -> list[Finding]:
        return _open_already(
            {n: requests.open_task_for(transaction.db, n, subject_pseudonym, draft.type) for n in draft.connections}
        )

    def _payload(self, draft: Draft, connection: str | None) -> Mapping[str, Any]:
        return submission_payload(
            subject=draft.subject,
            type=draft.type,
            categories=draft.categories,
            scope=draft.scope,
            description=draft.description,
            callback_url=self.settings.callback_url(connection) if connection else None,
        )

    def _deadlines(self, draft: Draft) -> tuple[Deadline, ...]:
        law, region = self._law_and_region(draft)
        return tuple(deadlines_for(law, draft.received or self.today(), region=region))

    def _law_and_region(self, draft: Draft) -> tuple[str, str | None]:
        """The draft's own, else the settings'; the settings' region belongs to the settings' law alone."""
        law = draft.law or self.settings.law
        return law, draft.region or (self.settings.region if law == self.settings.law else None)

    def today(self) -> date:
        """The controller's calendar day."""
        return day_in(self.settings.time_zone, self.clock.now())

    def _new_request(self, actor: Actor, draft: Draft, intent: str) -> NewRequest:
        law, region = self._law_and_region(draft)
        return NewRequest(
            intent=intent,
            type=RequestType(draft.type),
            categories=draft.categories,
            scope=draft.scope,
            law=law,
            region=region,
            received=draft.received or self.today(),
            reference=draft.reference,
            filed_by=actor.id,
            filed_by_name=actor.name,
            pseudonym=self._pseudonym(draft.subject),
            secret=identifiers.Secret(canonical(draft.subject), draft.description),
            deadlines=self._deadlines(draft),
            policy_version=POLICY_VERSION,
            connections=tuple((name, self.connections()[name].contract) for name in dict.fromkeys(draft.connections)),
        )

    def _again(self, transaction: Transaction, request: PrivacyRequest, task: Task) -> str:
        number = requests.number_of(transaction.db, request.id)
        if identifiers.reveal(transaction.db, transaction.keys, request.id) is None:
            raise DeskError(f"The identifier of {request.id} was destroyed; file a new request instead.")
        if holder := requests.open_task_for(transaction.db, task.connection, request.pseudonym, task.kind):
            raise DeskError(f"{holder} is open for the same person and system already.")
        new_id = tasks.add(
            transaction, number, request.id, task.connection, task.contract, task.kind,
            request.pseudonym, request.due_on, TaskState.QUEUED,
        )  # fmt: skip
        tasks.supersede(transaction, task.id, new_id)
        return new_id

    def _unchanged(self, transaction: Transaction, request_id: str, version: int | None) -> PrivacyRequest:
        request = requests.get(transaction.db, request_id)
        if request is None:
            raise DeskError(f"There is no request {request_id}.")
        if version is not None and request.version != version:
            raise ChangedError(f"{request_id} has changed since this page was drawn. Look at it again first.")
        return request

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

    def _shown(self, actor: Actor, request_id: str) -> PrivacyRequest | None:
        with self.store.reading() as db:
            request = requests.get(db, request_id)
            secret = identifiers.reveal(db, self.store.keys, request_id) if request else None
        if request is None or secret is None:
            return request
        if actor.may(Action.SEE_IDENTIFIERS):
            return replace(request, subject=secret.subject, description=secret.description)
        return replace(request, masked_subject=masked(secret.subject))

    def _pseudonym(self, subject: str) -> str:
        return pseudonym(subject, self.store.keys.pseudonym)


def _check_reference(reference: str) -> list[Finding]:
    printable = "".join(c for c in reference if c.isprintable())
    if len(reference) > REFERENCE_LENGTH:
        message = f"The reference has {len(reference)} characters; at most {REFERENCE_LENGTH} are allowed."
        fix = f"Cut it to {REFERENCE_LENGTH} characters"
        return [Finding("reference", "max_length", message, fix, suggestion=printable[:REFERENCE_LENGTH])]
    if printable != reference:
        message = "The reference holds a character that does not print."
        return [Finding("reference", "pattern", message, "Remove it", suggestion=printable)]
    return []


def _open_already(holders: Mapping[str, str | None]) -> list[Finding]:
    return [
        Finding(
            "subjectId",
            "already_open",
            f"{holder} is already open for this person at {name}.",
            f"Follow {holder} instead, or wait until it is closed.",
        )
        for name, holder in holders.items()
        if holder
    ]


def _cancellable(task: Task) -> bool:
    return task.state is TaskState.AWAITING_APPROVAL or (task.state is TaskState.QUEUED and not task.may_have_acted)


def _retryable(task: Task) -> bool:
    return task.state in {
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


def _http_text(connection: ConnectionSettings, payload: Mapping[str, Any]) -> str:
    call = submission_call(connection, payload, "made when it is sent")
    headers = {"Authorization": "Bearer <token>", "Content-Type": "application/json", **call.headers}
    lines = [f"{call.method} {call.url}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join([*lines, "", json.dumps(payload, indent=2, ensure_ascii=False)])


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
