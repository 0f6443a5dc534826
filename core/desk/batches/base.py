"""What all work on batches shares: reading the batch anew, telling how far it is, and noticing that it was stopped."""

from collections.abc import Callable

from core.desk.filing import FilingActions
from core.model.batches import Batch
from core.store.batches import records
from core.store.database import Transaction

Told = Callable[[str, int], None]  # a batch's id, and how many rows of it are done


class StoppedError(Exception):
    """Somebody decided otherwise while the work was under way."""


class BatchWorkBase(FilingActions):
    def _tell(self, batch: Batch, told: Told, done: int) -> None:
        with self.store.writing() as transaction:
            must_go_on(transaction, batch)
            records.note_progress(transaction, batch.number, done=done)
        told(batch.id, done)


def must_go_on(transaction: Transaction, batch: Batch) -> None:
    """Raise StoppedError unless the batch still waits for the very work that was begun."""
    if records.work_of(transaction.db, batch.number) is not batch.work:
        raise StoppedError
