"""Batches as an actor may see them, and as they have to be before something is done with one."""

from dataclasses import dataclass, replace

from core.desk.base import ChangedError, DeskBase, DeskError
from core.model.batches import Batch, BatchState
from core.model.people import Action, Actor
from core.store.batches import records
from core.store.database import Transaction


@dataclass(frozen=True)
class BatchPage:
    """Some batches, the newest first, and how many there are."""

    rows: tuple[Batch, ...]
    total: int


class BatchViews(DeskBase):
    """The part of the desk that shows batches."""

    def batch(self, actor: Actor, batch_id: str) -> Batch | None:
        """One batch; None if there is none."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            found = records.get(db, self.store.keys, batch_id)
        return self._as_shown(actor, found) if found else None

    def batches(self, actor: Actor, *, page: int = 1, page_size: int = 20) -> BatchPage:
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            found, total = records.find(db, self.store.keys, limit=page_size, offset=(page - 1) * page_size)
        return BatchPage(tuple(self._as_shown(actor, batch) for batch in found), total)

    def _batch(self, actor: Actor, batch_id: str) -> Batch:
        with self.store.reading() as db:
            found = records.get(db, self.store.keys, batch_id)
        assert found is not None  # noqa: S101 - batches are never deleted
        return self._as_shown(actor, found)

    def _as_shown(self, actor: Actor, batch: Batch) -> Batch:
        if actor.may(Action.SEE_IDENTIFIERS):
            return batch
        return replace(batch, file_name=None, sheet=None, mapping=None)

    def _unchanged_batch(self, transaction: Transaction, batch_id: str, version: int | None) -> Batch:
        batch = records.get(transaction.db, self.store.keys, batch_id)
        if batch is None:
            raise DeskError(f"There is no batch {batch_id}.")
        if version is not None and batch.version != version:
            raise ChangedError(f"{batch_id} has changed since this page was drawn. Look at it again first.")
        return batch

    def _running(self, transaction: Transaction, batch_id: str) -> Batch:
        batch = self._unchanged_batch(transaction, batch_id, None)
        if batch.state not in {BatchState.ACCEPTING, BatchState.ACCEPTED}:
            raise DeskError(f"Nothing of {batch_id} was accepted yet.")
        if batch.cancelled_at:
            raise DeskError(f"{batch_id} was cancelled.")
        return batch
