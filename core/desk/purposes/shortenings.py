"""Shortening a retention period deletes data at the vendor: what waits for a second person, and their decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.desk.base import ChangedError, DeskError
from core.desk.purposes.base import PurposeDeskBase
from core.model.enforcements import ChangeState
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import TaskError
from core.store import approvals, enforcement_changes
from core.store.approvals import Approval, ApprovalError, ApprovalKind, ApprovalState
from core.store.database import Transaction
from core.store.enforcement_changes import Change, ChangeOutcome

_AWAITING = frozenset({ChangeState.AWAITING_APPROVAL})


@dataclass(frozen=True)
class PendingShortening:
    """Changes that delete data at the vendor, and wait for somebody else than who asked for them."""

    approval: Approval
    enforcement: str
    connection: str
    changes: tuple[Change, ...]


class ShorteningActions(PurposeDeskBase):
    """The part of the desk where a second person decides."""

    def pending_shortenings(self, actor: Actor) -> list[PendingShortening]:
        """What waits for a second person, the oldest first."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return [
                PendingShortening(approval, approval.about, changes[0].connection, tuple(changes))
                for approval in approvals.pending(db, [ApprovalKind.RETENTION_SHORTENING])
                if (changes := enforcement_changes.of_enforcement(db, approval.about, _AWAITING))
            ]

    def decide_shortening(
        self, actor: Actor, approval_id: str, *, version: int, approve: bool, ground: str = ""
    ) -> None:
        """Approve or deny a shortening, as somebody else than who asked for it. A denial needs its ground.

        Raises DeskError, and ChangedError where it was decided or changed meanwhile.
        """
        self._require(actor, Action.APPROVE)
        with self.store.writing() as transaction:
            approval = approvals.get(transaction.db, approval_id)
            if approval is None or approval.kind is not ApprovalKind.RETENTION_SHORTENING:
                raise DeskError(f"There is no shortening to decide under {approval_id}.")
            waiting = awaiting(transaction, approval.about)
            try:
                approvals.decide(
                    transaction,
                    approval_id,
                    version=version,
                    payload_sha256=payload_digest(waiting),
                    actor=actor,
                    approve=approve,
                    ground=ground,
                )
            except ApprovalError as refusal:
                stale = approval.version != version or approval.state is not ApprovalState.PENDING
                raise (ChangedError if stale else DeskError)(str(refusal)) from refusal
            for change in waiting:
                if approve:
                    enforcement_changes.move(
                        transaction, change.id, ChangeOutcome(ChangeState.QUEUED, next_due_at=transaction.at)
                    )
                else:
                    error = TaskError("denied", f"Denied by {actor.name}.", ground.strip())
                    cancel(transaction, change, actor, error)


def awaiting(transaction: Transaction, enforcement: str) -> list[Change]:
    """The changes of an enforcement that wait for a second person."""
    return enforcement_changes.of_enforcement(transaction.db, enforcement, _AWAITING)


def payload_digest(changes: Sequence[Change]) -> str:
    """The digest of exactly what the second person is asked to agree to."""
    return approvals.digest(
        [
            {
                "id": change.id,
                "name": change.name,
                "vendor_id": change.vendor_id,
                "declared_version": change.declared_version,
                "before": dict(change.before),
                "wanted": dict(change.wanted),
            }
            for change in changes
        ]
    )


def cancel(transaction: Transaction, change: Change, actor: Actor, error: TaskError) -> None:
    """End a change that was not sent, with its audit event."""
    enforcement_changes.move(transaction, change.id, ChangeOutcome(ChangeState.CANCELLED, error=error))
    detail = {"enforcement": change.enforcement, "name": change.name, "why": error.code}
    transaction.record(
        Event(
            EventKind.PURPOSE_CANCELLED,
            actor.id,
            task=change.id,
            connection=change.connection,
            outcome=ChangeState.CANCELLED,
            detail=detail,
        )
    )
