"""The work on batches, done in a process of its own, which may be killed at any moment.

A check begins anew; everything else goes on where it was, for each transaction takes what it has done off the list of
what is left.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.desk.batches.accepting import AcceptWork
from core.desk.batches.base import StoppedError, Told, must_go_on
from core.desk.batches.checking import CheckWork
from core.desk.batches.ending import EndWork
from core.model.batches import Batch, Work
from core.store.batches import lock, records
from core.store.database import Transaction


class BatchWork(CheckWork, AcceptWork, EndWork):
    """The part of the desk that works on batches; it acts for whoever asked for the work."""

    def work_on_batches(self, told: Told = lambda *_: None) -> bool:
        """Do all there is to do. False, at once, where another process is at it already."""
        with lock.place(self.store.path) as is_ours, _without_collector():
            while is_ours and (batch := self._next()):
                try:
                    self._work_on(batch, told)
                except StoppedError:
                    continue
                except Exception:
                    # Told on the batch's page; the work stays to be done, and the next process tries it again.
                    self._note_problem(batch)
                    raise
            return is_ours

    def _note_problem(self, batch: Batch) -> None:
        problem = "Its work ended unexpectedly and is tried again. Nothing is lost; the server's log says why."
        with self.store.writing() as transaction:
            records.change(transaction, batch.number, problem=problem)

    def _next(self) -> Batch | None:
        with self.store.reading() as db:
            batch_id = records.to_work_on(db)
            return records.get(db, self.store.keys, batch_id, counted=False) if batch_id else None

    def _work_on(self, batch: Batch, told: Told) -> None:
        match batch.work:
            case Work.CHECK:
                self._check_rows(batch, told)
            case Work.ACCEPT:
                self._accept(batch, told)
            case Work.CANCEL:
                self._each_step(batch, told, self._cancel_some)
            case Work.APPROVE:
                self._each_step(batch, told, self._let_go_of_some)
            case Work.DENY:
                self._each_step(batch, told, self._refuse_some)

    def _each_step(self, batch: Batch, told: Told, step: Callable[[Transaction, Batch], int]) -> None:
        done = 0
        while True:
            with self.store.writing() as transaction:
                must_go_on(transaction, batch)
                moved = step(transaction, batch)
                done += moved
                if moved:
                    records.note_progress(transaction, batch.number, done=done)
                else:
                    records.change(transaction, batch.number, work=Work.NONE, problem="")
            told(batch.id, done)
            if not moved:
                return


@contextmanager
def _without_collector() -> Iterator[None]:
    """Rows hold no cycles, and looking for some in a hundred thousand of them takes a tenth of the time (measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
