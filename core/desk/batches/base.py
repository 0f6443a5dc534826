"""What all work on batches shares: reading the batch anew, telling how far it is, and noticing that it was stopped."""

from collections.abc import Callable

from core.desk.filing import FilingActions
from core.model.batches import Batch
from core.store.batches import records
from core.store.database import Transaction

Told = Callable[[Batch], None]


class StoppedError(Exception):
    """Somebody decided otherwise while the work was under way."""


class BatchWorkBase(FilingActions):
    def _again(self, batch: Batch) -> Batch:
        with self.store.reading() as db:
            found = records.get(db, self.store.keys, batch.id)
        assert found is not None  # noqa: S101 - batches are never deleted
        return found

    def _tell(self, batch: Batch, told: Told, done: int) -> None:
        with self.store.writing() as transaction:
            must_go_on(transaction, batch)
            records.note_progress(transaction, batch.number, done=done)
        told(self._again(batch))


def must_go_on(transaction: Transaction, batch: Batch) -> None:
    """Raise StoppedError unless the batch still waits for the very work that was begun."""
    if records.work_of(transaction.db, batch.number) is not batch.work:
        raise StoppedError
