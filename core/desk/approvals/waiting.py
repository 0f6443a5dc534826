"""What waits for a second person, and how what did not go ahead was denied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.desk.purposes.shortenings import PendingShortening, ShorteningActions
from core.model.denials import Denial
from core.model.people import Action, Actor
from core.model.privacy_requests import PrivacyRequest
from core.store import approvals, denials, people, request_approvals
from core.store.approvals import Approval, ApprovalKind
from core.store.batches import decisions as batch_decisions


@dataclass(frozen=True)
class PendingApproval:
    """Something that waits for a second person. `version` goes back with the choice.

    `own`: this very person filed it or asked for it. `size`: how many requests it decides, more than one of a batch
    alone; of many that number is typed, see `CONFIRM_ABOVE`. `overrides` and `reason` are those of a hold override,
    the reason empty for whoever may not see identifiers.
    """

    id: str
    kind: ApprovalKind
    about: str
    version: int
    asked_by_name: str
    asked_at: datetime
    own: bool
    due_on: date | None = None
    request: PrivacyRequest | None = None
    overrides: tuple[str, ...] = ()
    reason: str = ""
    shortening: PendingShortening | None = None
    size: int = 1


@dataclass(frozen=True)
class ApprovalPage:
    """Some of what waits, the oldest first, and how much waits in all."""

    rows: tuple[PendingApproval, ...]
    total: int


class WaitingActions(ShorteningActions):
    """The part of the desk that shows what has to be decided."""

    def pending_approvals(
        self,
        actor: Actor,
        *,
        kinds: Sequence[ApprovalKind] = tuple(ApprovalKind),
        limit: int = 50,
        offset: int = 0,
    ) -> ApprovalPage:
        """Erasures, hold overrides, shortened retention periods and batches that wait for a second person."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            waiting = approvals.pending(db, kinds, limit, offset)
            total = approvals.count_pending(db, kinds)
        shortenings = {s.approval.id: s for s in self.pending_shortenings(actor)} if waiting else {}
        rows = [self._shown_approval(actor, approval, shortenings.get(approval.id)) for approval in waiting]
        return ApprovalPage(tuple(rows), total)

    def pending_approval(self, actor: Actor, request_id: str) -> PendingApproval | None:
        """The decision that one request waits for."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            approval = request_approvals.pending(db, request_id)
        return self._shown_approval(actor, approval, None) if approval else None

    def denial(self, actor: Actor, request_id: str) -> Denial | None:
        """How a request was denied, if it was."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            denial = denials.of_request(db, self.store.keys, request_id)
        if denial and not actor.may(Action.SEE_IDENTIFIERS):
            return Denial(denial.at, denial.actor_name, denial.code, "")
        return denial

    def _shown_approval(
        self, actor: Actor, approval: Approval, shortening: PendingShortening | None
    ) -> PendingApproval:
        request = self._shown(actor, approval.about) if approval.about.startswith("PR-") else None
        overrides: tuple[str, ...] = ()
        reason, size = "", 1
        with self.store.reading() as db:
            theirs = {approval.asked_by}
            if request:
                theirs.add(request_approvals.filer(db, request.id).id)
                overrides, reason = request_approvals.overridden(db, self.store.keys, request.id)
            elif approval.about.startswith("B-"):
                theirs.update(batch_decisions.filed_by(db, approval.about))
                size = batch_decisions.rows(db, approval.about)
            own = any(people.same_person(db, actor.id, person) for person in theirs)
        return PendingApproval(
            id=approval.id,
            kind=approval.kind,
            about=approval.about,
            version=request.version if request else approval.version,
            asked_by_name=approval.asked_by_name,
            asked_at=approval.asked_at,
            own=own,
            due_on=request.due_on if request else None,
            request=request,
            overrides=overrides,
            reason=reason if actor.may(Action.SEE_IDENTIFIERS) else "",
            shortening=shortening,
            size=size,
        )
