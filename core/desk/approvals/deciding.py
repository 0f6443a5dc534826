"""Deciding as a second person: one or many approved or denied, each by itself, never by who filed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from core.desk.base import ChangedError, DeskError
from core.desk.changes import unchanged
from core.desk.denying import deny
from core.desk.own_words import can_be_kept
from core.desk.purposes.shortenings import ShorteningActions
from core.model.denials import DenialCode
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import CLOSED, PrivacyRequest, Task, TaskState
from core.store import approvals, grace, holds, people, request_approvals, requests
from core.store.approvals import Approval, ApprovalError, ApprovalKind, ApprovalState
from core.store.batches import decisions as batch_decisions
from core.store.database import Transaction

AT_ONCE = 100  # decisions in one transaction: others get to write in between
LONGEST_NOTE = 2000
CONFIRM_ABOVE = 10  # requests in one choice


@dataclass(frozen=True)
class Choice:
    """One thing to decide, by its id: a request (PR-), an enforcement (PE-) or a batch (B-).

    `version` is the one that the page showed; what has changed since is reported, not decided.
    """

    about: str
    version: int | None = None


@dataclass(frozen=True)
class Decided:
    """What came of one choice; `changed` says that it was not decided because it is not as it was shown."""

    about: str
    done: bool
    message: str
    changed: bool = False


class DecidingActions(ShorteningActions):
    """The part of the desk where a second person decides."""

    def approve(self, actor: Actor, choices: Sequence[Choice], *, typed: str = "") -> list[Decided]:
        """Approve each choice or say why not; an erasure is then queued, after its grace.

        More than one, or a batch of more than `CONFIRM_ABOVE`, is confirmed by the number of requests, typed.
        Raises DeskError where that is missing.
        """
        actor = self._require(actor, Action.APPROVE)
        self._confirmed(choices, typed)
        return self._decide_each(
            choices,
            lambda transaction, choice: self._approve_request(transaction, actor, choice),
            lambda transaction, choice: self._decide_batch(transaction, actor, choice, None, ""),
            lambda approval, version: self.decide_shortening(actor, approval.id, version=version, approve=True),
        )

    def deny(
        self, actor: Actor, choices: Sequence[Choice], *, code: str, note: str = "", typed: str = ""
    ) -> list[Decided]:
        """Deny each choice on a legal ground, or say why not; also requests that are queued or on hold.

        `code` is a DenialCode; `note` is kept encrypted and needed with `other`. Many are confirmed as
        `approve` has it. Raises DeskError for what is wrong with the ground, the note or the number.
        """
        actor = self._require(actor, Action.APPROVE)
        ground, note = _ground(code), can_be_kept(note.strip())
        if ground is DenialCode.OTHER and not note:
            raise DeskError("Write which other ground it is: a denial needs its ground.")
        if len(note) > LONGEST_NOTE:
            raise DeskError(f"The note has {len(note)} characters; at most {LONGEST_NOTE} are kept.")
        self._confirmed(choices, typed)
        words = f"{ground.words}. {note}".strip()
        return self._decide_each(
            choices,
            lambda transaction, choice: self._deny_request(transaction, actor, choice, ground, note),
            lambda transaction, choice: self._decide_batch(transaction, actor, choice, ground, note),
            lambda approval, version: self.decide_shortening(
                actor, approval.id, version=version, approve=False, ground=words
            ),
        )

    def _confirmed(self, choices: Sequence[Choice], typed: str) -> None:
        """Raise DeskError unless something is chosen, each once, and of many their number was typed."""
        if not choices:
            raise DeskError("Nothing is chosen.")
        if len({choice.about for choice in choices}) != len(choices):
            raise DeskError("The same thing is chosen twice.")
        with self.store.reading() as db:
            total = sum(batch_decisions.rows(db, c.about) if c.about.startswith("B-") else 1 for c in choices)
        if (len(choices) > 1 or total > CONFIRM_ABOVE) and typed.strip() != str(total):
            raise DeskError(f"Type {total}, the number of decisions, to confirm.")

    def _decide_each(
        self,
        choices: Sequence[Choice],
        of_request: Callable[[Transaction, Choice], str],
        of_batch: Callable[[Transaction, Choice], str],
        of_shortening: Callable[[Approval, int], None],
    ) -> list[Decided]:
        decided: dict[str, Decided] = {}
        here = [choice for choice in choices if not choice.about.startswith("PE-")]
        for first in range(0, len(here), AT_ONCE):
            with self.store.writing() as transaction:
                for choice in here[first : first + AT_ONCE]:
                    decide = of_batch if choice.about.startswith("B-") else of_request
                    # Whoever refuses does so before anything is written, so that the others' decisions stand.
                    decided[choice.about] = _tried(choice, partial(decide, transaction, choice))
        for choice in choices:
            if choice.about.startswith("PE-"):
                decided[choice.about] = _tried(choice, partial(self._decide_enforcement, choice, of_shortening))
        return [decided[choice.about] for choice in choices]

    def _decide_enforcement(self, choice: Choice, decide: Callable[[Approval, int], None]) -> str:
        with self.store.reading() as db:
            approval = approvals.about(db, ApprovalKind.RETENTION_SHORTENING, choice.about)
        if approval is None:
            raise DeskError(f"{choice.about} waits for nobody's approval.")
        decide(approval, approval.version if choice.version is None else choice.version)
        return f"{choice.about} is decided."

    def _approve_request(self, transaction: Transaction, actor: Actor, choice: Choice) -> str:
        request = unchanged(transaction, choice.about, choice.version)
        number = requests.number_of(transaction.db, request.id)
        approval = request_approvals.pending(transaction.db, request.id)
        if approval is None:
            raise DeskError(_nothing_to_approve(request))
        self._not_their_own(transaction, actor, request, approval, Action.APPROVE)
        if standing := holds.in_the_way_of(transaction.db, number):
            raise DeskError(
                f"{', '.join(standing)} stands in the way of {request.id}; it is not part of what was asked."
            )
        _decide(transaction, actor, approval, request_approvals.digest(transaction.db, number), request.id, None)
        for task in _present(request):
            if task.state is TaskState.AWAITING_APPROVAL:
                grace.queue(transaction, task, self.settings.erasure_grace)
        self._derive_state(transaction, number, actor)
        return f"{request.id} is approved."

    def _deny_request(self, transaction: Transaction, actor: Actor, choice: Choice, code: DenialCode, note: str) -> str:
        request = unchanged(transaction, choice.about, choice.version)
        number = requests.number_of(transaction.db, request.id)
        present = _present(request)
        if request.state in CLOSED:
            raise DeskError(f"{request.id} is {request.state.replace('_', ' ')} already.")
        if not all(unsent(task) for task in present):
            raise DeskError(f"{request.id} cannot be denied any more: a vendor has it, or may have it.")
        if not code.applies_to(request.type):
            raise DeskError(f"{code.words} exempts from erasure only; {request.id} asks for access.")
        approval = request_approvals.pending(transaction.db, request.id)
        if approval or self.settings.four_eyes:
            self._not_their_own(transaction, actor, request, approval, Action.APPROVE)
        if approval:
            payload = request_approvals.digest(transaction.db, number)
            _decide(transaction, actor, approval, payload, request.id, code)
        deny(transaction, number, request, present, actor=actor, code=code, note=note)
        self._derive_state(transaction, number, actor)
        return f"{request.id} is denied."

    def _decide_batch(
        self, transaction: Transaction, actor: Actor, choice: Choice, code: DenialCode | None, note: str
    ) -> str:
        """A whole batch at once; `code` None approves it. Its tasks follow in the batch's own process."""
        approval = approvals.about(transaction.db, ApprovalKind.ERASURE, choice.about)
        if approval is None or approval.state is not ApprovalState.PENDING:
            raise DeskError(f"{choice.about} waits for nobody's approval.")
        if choice.version is not None and choice.version != approval.version:
            raise ChangedError(f"{choice.about} has changed since this page was drawn. Look at it again first.")
        filers = batch_decisions.filed_by(transaction.db, choice.about)
        if any(people.same_person(transaction.db, actor.id, filer) for filer in filers):
            raise DeskError(f"{choice.about} was filed by you; somebody else has to decide it.")
        payload = batch_decisions.payload_sha256(transaction.db, choice.about)
        _decide(transaction, actor, approval, payload, None, code)
        if code is None:
            batch_decisions.approved(transaction, choice.about, actor)
            return f"{choice.about} is approved."
        batch_decisions.denied(transaction, choice.about, actor, code=code, note=note)
        return f"{choice.about} is denied."

    def _not_their_own(
        self, transaction: Transaction, actor: Actor, request: PrivacyRequest, approval: Approval | None, action: Action
    ) -> None:
        """Raise DeskError, with an audit event, for whoever filed the request or asked for its approval."""
        theirs = {request_approvals.filer(transaction.db, request.id).id, *([approval.asked_by] if approval else [])}
        if any(people.same_person(transaction.db, actor.id, person) for person in theirs):
            event = Event(
                EventKind.ACCESS_DENIED, actor.id, request=request.id, outcome="own request", detail={"action": action}
            )
            transaction.record(event)
            raise DeskError(f"{request.id} was filed by you; somebody else has to decide it.")

    def _derive_state(self, transaction: Transaction, number: int, actor: Actor) -> None:
        grace_days = self.settings.identifier_grace_days
        requests.follow_tasks(transaction, number, actor=actor.id, grace_days=grace_days)


def _decide(
    transaction: Transaction,
    actor: Actor,
    approval: Approval,
    payload: str,
    request_id: str | None,
    code: DenialCode | None,
) -> None:
    try:
        approvals.decide(
            transaction,
            approval.id,
            version=approval.version,
            payload_sha256=payload,
            actor=actor,
            approve=not code,
            ground=code or "",
            request=request_id,
        )
    except ApprovalError as refusal:
        raise DeskError(str(refusal)) from refusal


def _ground(code: str) -> DenialCode:
    try:
        return DenialCode(code)
    except ValueError:
        raise DeskError(f"There is no ground {code[:40]!r}. Known: {', '.join(DenialCode)}.") from None


def _tried(choice: Choice, decide: Callable[[], str]) -> Decided:
    try:
        return Decided(choice.about, done=True, message=decide())
    except ChangedError as error:
        return Decided(choice.about, done=False, message=str(error), changed=True)
    except DeskError as error:
        return Decided(choice.about, done=False, message=str(error))


def _present(request: PrivacyRequest) -> list[Task]:
    return [task for task in request.tasks if task.superseded_by is None]


def unsent(task: Task) -> bool:
    """Whether a task waits, and certainly has not reached its vendor."""
    waiting = {TaskState.AWAITING_APPROVAL, TaskState.ON_HOLD, TaskState.QUEUED}
    return task.state in waiting and not task.may_have_acted


def _nothing_to_approve(request: PrivacyRequest) -> str:
    if request.batch and any(task.state is TaskState.AWAITING_APPROVAL for task in _present(request)):
        return f"{request.id} is part of {request.batch}; approve the batch."
    return f"{request.id} waits for nobody's approval: it is {request.state.replace('_', ' ')}."
