"""What can be done about the rest of an accepted batch: paused, resumed, limited, cancelled."""

from core.clock import to_text
from core.desk.base import DeskError
from core.desk.batches.looking import BatchViews
from core.model.batches import TYPE_THE_COUNT_FROM, Batch, BatchState, Work
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.store import approvals
from core.store.approvals import ApprovalKind, ApprovalState
from core.store.batches import records, releasing, staging


class BatchSending(BatchViews):
    """The part of the desk that holds batches back."""

    def pause_batch(self, actor: Actor, batch_id: str) -> Batch:
        """Send nothing more of a batch until it is resumed; what a vendor has goes on."""
        actor = self._require(actor, Action.STOP_SENDING)
        with self.store.writing() as transaction:
            batch = self._running(transaction, batch_id)
            if batch.paused_at:
                return self._as_shown(actor, batch)
            records.change(transaction, batch.number, paused_at=to_text(transaction.at), paused_by=actor.id)
            transaction.record(Event(EventKind.BATCH_PAUSED, actor.id, detail={"batch": batch_id}))
            parked = releasing.park(transaction, batch.number)
        self._park_the_rest(batch, parked)
        return self._batch(actor, batch_id)

    def resume_batch(self, actor: Actor, batch_id: str) -> Batch:
        """Go on sending: for whoever paused the batch, and for those who may resume what others stopped."""
        actor = self._require(actor, Action.STOP_SENDING)
        with self.store.reading() as db:
            batch = records.get(db, self.store.keys, batch_id)
        if batch and batch.paused_by != actor.id:
            actor = self._require(actor, Action.RESUME_SENDING)
        with self.store.writing() as transaction:
            batch = self._running(transaction, batch_id)
            if batch.paused_at:
                records.change(transaction, batch.number, paused_at=None, paused_by=None)
                transaction.record(Event(EventKind.BATCH_RESUMED, actor.id, detail={"batch": batch_id}))
                releasing.let_go(transaction, batch.number, releasing.may_be_let_go(transaction, batch.number))
        return self._batch(actor, batch_id)

    def limit_batch(self, actor: Actor, batch_id: str, limit_per_hour: int | None) -> Batch:
        """Let at most so many of a batch's tasks be sent within an hour; None: as fast as the vendors allow."""
        actor = self._require(actor, Action.SUBMIT)
        if limit_per_hour is not None and limit_per_hour < 1:
            raise DeskError("The limit per hour is a whole number from 1, or none.")
        with self.store.writing() as transaction:
            batch = self._running(transaction, batch_id)
            records.change(transaction, batch.number, limit_per_hour=limit_per_hour)
            detail = {"batch": batch_id, "limit_per_hour": limit_per_hour}
            transaction.record(Event(EventKind.BATCH_LIMITED, actor.id, detail=detail))
            parked = releasing.park(transaction, batch.number) if limit_per_hour else 0
        self._park_the_rest(batch, parked)
        return self._batch(actor, batch_id)

    def cancel_batch(self, actor: Actor, batch_id: str, *, typed: str = "") -> Batch:
        """Have everything cancelled that no vendor has, or may have; rows not yet filed are left out.

        From a hundred tasks, `typed` is the batch's id, as confirmation. Raises DeskError.
        """
        actor = self._require(actor, Action.CANCEL)
        with self.store.writing() as transaction:
            batch = self._running(transaction, batch_id)
            if sum(batch.states.values()) >= TYPE_THE_COUNT_FROM and typed.strip().upper() != batch_id:
                raise DeskError(f"Type {batch_id} to confirm.")
            staging.drop(transaction, batch.number, staging.FILE, staging.GOOD)
            records.change(
                transaction,
                batch.number,
                state=BatchState.ACCEPTED,
                work=Work.CANCEL,
                done=0,
                accepted_at=to_text(batch.accepted_at or transaction.at),
                cancelled_at=to_text(transaction.at),
                paused_at=None,
                paused_by=None,
                decided_by=actor.id,
                decided_by_name=actor.name,
            )
            asked = approvals.about(transaction.db, ApprovalKind.ERASURE, batch_id)
            if asked and asked.state is ApprovalState.PENDING:
                approvals.withdraw(transaction, asked.id, actor)
            transaction.record(Event(EventKind.BATCH_CANCELLED, actor.id, detail={"batch": batch_id}))
            parked = releasing.park(transaction, batch.number, unsent=True)
        self._park_the_rest(batch, parked, unsent=True)  # cancelling takes a while, and nothing is sent meanwhile
        return self._batch(actor, batch_id)

    def _park_the_rest(self, batch: Batch, parked: int, *, unsent: bool = False) -> None:
        """In short transactions, so that others write in between."""
        while parked >= releasing.AT_ONCE:
            with self.store.writing() as transaction:
                parked = releasing.park(transaction, batch.number, unsent=unsent)
