"""Legal holds: place, review and release them, and erase what a release leaves for a person to decide."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from core.desk.approvals import Decided
from core.desk.base import ChangedError, DeskBase, DeskError
from core.desk.own_words import reason_of
from core.model.events import Event, EventKind
from core.model.findings import Finding
from core.model.holds import Hold, HoldDraft, HoldGround
from core.model.identifiers import canonical, masked
from core.model.people import Action, Actor
from core.model.privacy_requests import PrivacyRequest, Task, TaskState
from core.store import approvals, grace, holding, holds, request_approvals, requests, tasks
from core.store.approvals import ApprovalKind, ApprovalState
from core.store.database import Transaction
from core.store.holds import NewHold
from core.store.proof import task_event
from core.store.tasks import Outcome
from core.validation.holds import check_hold, check_review

MOST_HELD_BACK = 500
AT_ONCE = 1000


@dataclass(frozen=True)
class Placed:
    """The hold that was placed, or None and what stopped it.

    `held_back` are the requests it keeps from being sent; `already_sent` those that it came too late for, because a
    vendor has them or may have them: they are told to the person, for somebody has to ask the vendor.
    """

    hold: Hold | None
    findings: tuple[Finding, ...]
    held_back: tuple[str, ...] = ()
    already_sent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Released:
    """The hold as it ended, and the requests that it alone held back: on hold still, until a person erases them."""

    hold: Hold
    free: tuple[str, ...]


@dataclass(frozen=True)
class HeldBack:
    """A request that is on hold, and the holds in its way; none: it is free to be erased."""

    request: PrivacyRequest
    holds: tuple[str, ...]


@dataclass(frozen=True)
class HoldView:
    """One hold with the requests that it holds back now."""

    hold: Hold
    held_back: tuple[HeldBack, ...]


class HoldActions(DeskBase):
    """The part of the desk that keeps data from being erased."""

    def check_hold(self, actor: Actor, draft: HoldDraft) -> tuple[Finding, ...]:
        """Everything wrong with a hold as it is typed; writes nothing."""
        self._require(actor, Action.PLACE_HOLDS)
        return tuple(check_hold(draft, self.today()))

    def place_hold(self, actor: Actor, draft: HoldDraft) -> Placed:
        """Place a hold, and keep back in the same transaction every erasure it covers that was not sent.

        Of more than `AT_ONCE` the rest follows at once in transactions of their own, so that others get to write;
        the worker looks for holds right before it sends, so that nothing slips through between them.
        """
        actor = self._require(actor, Action.PLACE_HOLDS)
        findings = tuple(check_hold(draft, self.today()))
        if draft.review_on is None or any(f.blocks for f in findings):
            return Placed(None, findings)
        subject = canonical(draft.subject)
        new = NewHold(
            subject=subject,
            pseudonym=self._pseudonym(subject) if subject else None,
            categories=draft.categories,
            ground=HoldGround(draft.ground),
            matter=draft.matter.strip(),
            owner=draft.owner.strip(),
            review_on=draft.review_on,
        )
        with self.store.writing() as transaction:
            hold = holds.place(transaction, new, actor)
            covered = holds.open_requests_under(transaction.db, hold)
            detail = {
                "hold": hold.id,
                "subject": hold.pseudonym,
                "categories": list(hold.categories),
                "ground": hold.ground,
                "review_on": hold.review_on.isoformat(),
                "matter_sha256": hashlib.sha256(hold.matter.encode()).hexdigest(),
                "covered": len(covered),
            }
            transaction.record(Event(EventKind.HOLD_PLACED, actor.id, outcome="placed", detail=detail))
            kept = self._hold_back_under(transaction, hold, covered[:AT_ONCE], actor)
        for first in range(AT_ONCE, len(covered), AT_ONCE):
            with self.store.writing() as transaction:
                kept += self._hold_back_under(transaction, hold, covered[first : first + AT_ONCE], actor)
        return Placed(
            _seen(actor, hold),
            findings,
            tuple(one.request_id for one in kept if one.held),
            tuple(one.request_id for one in kept if one.sent),
        )

    def release_hold(self, actor: Actor, hold_id: str, reason: str, *, version: int | None = None) -> Released:
        """End a hold. Nothing is sent by that: what it held back is offered for erasure.

        Raises DeskError, and ChangedError where the hold has changed since it was shown.
        """
        actor = self._require(actor, Action.RELEASE_HOLDS)
        reason = reason_of(reason, "Say why it is released")
        with self.store.writing() as transaction:
            hold = _active(transaction, hold_id, version)
            covered = set(holds.open_requests_under(transaction.db, hold))
            released = holds.release(transaction, hold_id, actor, reason)
            free = [
                request_id
                for number, request_id in tasks.requests_in(transaction.db, TaskState.ON_HOLD)
                if number in covered and not holds.in_the_way_of(transaction.db, number)
            ]
            detail = {
                "hold": hold_id,
                "reason_sha256": hashlib.sha256(reason.encode()).hexdigest(),
                "free": len(free),
            }
            transaction.record(Event(EventKind.HOLD_RELEASED, actor.id, outcome="released", detail=detail))
        return Released(_seen(actor, released), tuple(free))

    def review_hold(self, actor: Actor, hold_id: str, review_on: date, *, version: int | None = None) -> Hold:
        """Keep a hold that was looked at, until it is looked at again on `review_on`.

        Raises DeskError for a day that is no day of review, and ChangedError as `release_hold` does.
        """
        actor = self._require(actor, Action.PLACE_HOLDS)
        for finding in check_review(review_on, self.today()):
            raise DeskError(f"{finding.message} {finding.fix}.")
        with self.store.writing() as transaction:
            before = _active(transaction, hold_id, version)
            holds.keep_on(transaction, hold_id, review_on)
            detail = {
                "hold": hold_id,
                "review_on": review_on.isoformat(),
                "review_on_before": before.review_on.isoformat(),
            }
            transaction.record(Event(EventKind.HOLD_REVIEWED, actor.id, outcome="kept", detail=detail))
            kept = replace(before, review_on=review_on, version=before.version + 1)
        return _seen(actor, kept)

    def erase_held_back(self, actor: Actor, request_ids: Sequence[str]) -> list[Decided]:
        """Go on with requests whose holds are gone: queue each, or ask for its approval, or say why not.

        What is asked for stays the wish of whoever filed it, who therefore does not approve it.
        """
        actor = self._require(actor, Action.RELEASE_HOLDS)
        decided = []
        for request_id in dict.fromkeys(request_ids):
            try:
                with self.store.writing() as transaction:
                    message = self._erase_held_back(transaction, request_id, actor)
            except DeskError as error:
                decided.append(Decided(request_id, done=False, message=str(error)))
            else:
                decided.append(Decided(request_id, done=True, message=message))
        return decided

    def holds(self, actor: Actor, *, released: bool = False) -> list[Hold]:
        """The active holds, or those that were released, the newest first."""
        actor = self._require(actor, Action.VIEW_HOLDS)
        with self.store.reading() as db:
            found = holds.find(db, self.store.keys, released=released)
        return [_seen(actor, hold) for hold in found]

    def hold(self, actor: Actor, hold_id: str) -> HoldView | None:
        actor = self._require(actor, Action.VIEW_HOLDS)
        with self.store.reading() as db:
            hold = holds.get(db, self.store.keys, hold_id)
        if hold is None:
            return None
        return HoldView(_seen(actor, hold), tuple(h for h in self.held_back(actor) if hold_id in h.holds))

    def held_back(self, actor: Actor) -> list[HeldBack]:
        """The requests that are on hold, each with the holds in its way, the oldest first."""
        actor = self._require(actor, Action.VIEW_HOLDS)
        with self.store.reading() as db:
            waiting = tasks.requests_in(db, TaskState.ON_HOLD, limit=MOST_HELD_BACK)
            standing = {request_id: tuple(holds.in_the_way_of(db, number)) for number, request_id in waiting}
        shown = ((self._shown(actor, request_id), standing[request_id]) for _, request_id in waiting)
        return [HeldBack(request, in_the_way) for request, in_the_way in shown if request]

    def holds_due_for_review(self, actor: Actor) -> list[Hold]:
        """The active holds whose day of review has come, the longest due first."""
        actor = self._require(actor, Action.VIEW_HOLDS)
        with self.store.reading() as db:
            found = holds.due_for_review(db, self.store.keys, self.today())
        return [_seen(actor, hold) for hold in found]

    def _hold_back_under(
        self, transaction: Transaction, hold: Hold, numbers: Sequence[int], actor: Actor
    ) -> list[holding.HeldBack]:
        days = self.settings.identifier_grace_days
        return [holding.hold_back(transaction, number, [hold.id], actor, grace_days=days) for number in numbers]

    def _erase_held_back(self, transaction: Transaction, request_id: str, actor: Actor) -> str:
        request = requests.get(transaction.db, request_id)
        waiting = [t for t in request.tasks if t.state is TaskState.ON_HOLD] if request else []
        if request is None or not waiting:
            raise DeskError(f"Nothing of {request_id} is held back.")
        number = requests.number_of(transaction.db, request_id)
        if standing := holds.in_the_way_of(transaction.db, number):
            raise DeskError(f"{request_id} is held back by {', '.join(standing)} still.")
        kind = self._approval_needed(transaction, request_id)
        for task in waiting:
            self._take_off_hold(transaction, task, kind, actor)
        batch = approvals.about(transaction.db, ApprovalKind.ERASURE, request.batch) if request.batch else None
        if kind and not (batch and batch.state is ApprovalState.PENDING):  # else the batch's own decision covers it
            asker = request_approvals.filer(transaction.db, request_id)
            request_approvals.ask(transaction, number, request_id, kind, asker)
        days = self.settings.identifier_grace_days
        requests.follow_tasks(transaction, number, actor=actor.id, grace_days=days)
        return f"{request_id} waits for approval." if kind else f"{request_id} is queued."

    def _take_off_hold(self, transaction: Transaction, task: Task, kind: ApprovalKind | None, actor: Actor) -> None:
        if kind:
            moved = tasks.change(transaction, task.id, Outcome(TaskState.AWAITING_APPROVAL))
        else:
            moved = grace.queue(transaction, task, self.settings.erasure_grace)
        transaction.record(task_event(EventKind.TASK_NO_LONGER_HELD, moved, actor.id, {"state": moved.state}))

    def _approval_needed(self, transaction: Transaction, request_id: str) -> ApprovalKind | None:
        overridden, _ = request_approvals.overridden(transaction.db, transaction.keys, request_id)
        standing = [
            name for name in overridden
            if (hold := holds.get(transaction.db, transaction.keys, name)) is None or hold.is_active
        ]  # fmt: skip
        if standing:
            return ApprovalKind.HOLD_OVERRIDE
        return ApprovalKind.ERASURE if self.settings.four_eyes else None


def _active(transaction: Transaction, hold_id: str, version: int | None) -> Hold:
    """The hold, which has not been released nor, where a version is given, changed since."""
    hold = holds.get(transaction.db, transaction.keys, hold_id)
    if hold is None:
        raise DeskError(f"There is no hold {hold_id}.")
    if not hold.is_active:
        raise (DeskError if version is None else ChangedError)(f"{hold_id} was released by {hold.released_by}.")
    if version is not None and hold.version != version:
        raise ChangedError(f"{hold_id} has changed since this page was drawn. Look at it again first.")
    return hold


def _seen(actor: Actor, hold: Hold) -> Hold:
    if actor.may(Action.SEE_IDENTIFIERS):
        return hold
    # The matter is people's own text, as a reason is, and names somebody as often as not.
    hidden = replace(hold, matter="")
    return hidden if hold.subject is None else replace(hidden, subject=None, masked_subject=masked(hold.subject))
