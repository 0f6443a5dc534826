"""Many requests from one file: uploaded, checked, accepted, then paused, limited, cancelled; its result as a file."""

import hashlib
from collections.abc import Mapping

from core.desk.base import DeskError
from core.desk.batches.files import BatchFiles
from core.desk.batches.looking import BatchPage
from core.desk.batches.sending import BatchSending
from core.desk.batches.work import BatchWork
from core.model.batches import TYPE_THE_COUNT_FROM, Batch, BatchState, LineFinding, Work
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.store.batches import records, staging
from core.store.batches.records import About
from core.store.database import Transaction
from core.validation.batch_columns import check_mapping, guess_mapping
from core.validation.batch_files import UnreadableFileError, count_rows, look

__all__ = ["BatchActions", "BatchFileError", "BatchPage"]

_UNDECIDED = (BatchState.UPLOADED, BatchState.CHECKING, BatchState.CHECKED)


class BatchFileError(DeskError):
    """The file cannot be checked as it is; `findings` say why."""

    def __init__(self, findings: list[LineFinding]) -> None:
        super().__init__(" ".join(f"{f.finding.message} {f.finding.fix}".strip() for f in findings))
        self.findings = findings


class BatchActions(BatchFiles, BatchSending, BatchWork):
    """The part of the desk that takes files in."""

    def upload_batch(self, actor: Actor, content: bytes, file_name: str, *, connections: tuple[str, ...] = ()) -> Batch:
        """Keep a file, sealed, and guess its columns; nothing is checked yet.

        The same file again gives the same batch as long as it is not decided about. Raises BatchFileError for one
        that cannot be read at all.
        """
        actor = self._require(actor, Action.SUBMIT)
        try:
            sheet, text = look(content)
        except UnreadableFileError as error:
            raise BatchFileError([error.line_finding]) from error
        sha256 = hashlib.sha256(content).hexdigest()
        about = About(file_name[-255:], sheet, guess_mapping(sheet.columns), connections or self._only_connection())
        with self.store.writing() as transaction:
            found = records.with_file(transaction.db, sha256)
            for batch_id in found:
                known = records.get(transaction.db, self.store.keys, batch_id)
                if known and known.state in _UNDECIDED and known.created_by == actor.id:
                    return known
            number = records.create(
                transaction, actor, sha256=sha256, content=content, about=about, rows=count_rows(sheet, text)
            )
            detail = {"batch": f"B-{number:06d}", "file_sha256": sha256, "bytes": len(content)}
            transaction.record(Event(EventKind.BATCH_UPLOADED, actor.id, detail=detail))
        return self._batch(actor, f"B-{number:06d}")

    def unfinished_batch(self, actor: Actor, content: bytes) -> Batch | None:
        """A batch of this very file by the same person that was begun and has not come to its end."""
        actor = self._require(actor, Action.SUBMIT)
        with self.store.reading() as db:
            for batch_id in records.with_file(db, hashlib.sha256(content).hexdigest()):
                batch = records.get(db, self.store.keys, batch_id)
                if batch and batch.created_by == actor.id and not batch.is_over and not batch.cancelled_at:
                    return batch
        return None

    def check_batch(
        self,
        actor: Actor,
        batch_id: str,
        *,
        mapping: Mapping[str, str] | None = None,
        connections: tuple[str, ...] | None = None,
        version: int | None = None,
    ) -> Batch:
        """Have every row checked, by the batch process; also once more, with other columns.

        Raises BatchFileError where the columns do not do, DeskError once rows were accepted.
        """
        actor = self._require(actor, Action.SUBMIT)
        with self.store.writing() as transaction:
            batch = self._unchanged_batch(transaction, batch_id, version)
            if batch.state not in _UNDECIDED or not staging.has_file(transaction.db, batch.number):
                raise DeskError(f"{batch_id} is {batch.state} already; upload the file again to check it anew.")
            chosen = dict(batch.mapping or {}) if mapping is None else dict(mapping)
            assert batch.sheet is not None  # noqa: S101 - it was read when it was uploaded
            wrong = [f for f in check_mapping(batch.sheet, chosen) if f.blocks]
            if wrong:
                raise BatchFileError([LineFinding(1, finding) for finding in wrong])
            about = About(
                batch.file_name or "", batch.sheet, chosen, batch.connections if connections is None else connections
            )
            records.set_about(transaction, batch.number, about)
            staging.drop(transaction, batch.number, staging.GOOD, staging.REJECTED, staging.FINDINGS)
            records.change(transaction, batch.number, state=BatchState.CHECKING, work=Work.CHECK, done=0)
        return self._batch(actor, batch_id)

    def accept_batch(
        self,
        actor: Actor,
        batch_id: str,
        *,
        only_good: bool = False,
        typed: str = "",
        limit_per_hour: int | None = None,
        version: int | None = None,
    ) -> Batch:
        """Have the good rows filed, by the batch process. With bad ones among them, `only_good` leaves those out.

        From a hundred rows, `typed` is how many, as confirmation. Raises DeskError.
        """
        actor = self._require(actor, Action.SUBMIT)
        if limit_per_hour is not None and limit_per_hour < 1:
            raise DeskError("The limit per hour is a whole number from 1, or none.")
        with self.store.writing() as transaction:
            batch = self._unchanged_batch(transaction, batch_id, version)
            if batch.state in {BatchState.ACCEPTING, BatchState.ACCEPTED}:
                return self._as_shown(actor, batch)  # the second click of a double click
            if batch.state is not BatchState.CHECKED:
                raise DeskError(f"{batch_id} is {batch.state}; only a batch that was checked can be accepted.")
            if not batch.good:
                raise DeskError(f"{batch_id} has no row that can be accepted. Correct the file and upload it again.")
            if (batch.rejected or batch.duplicates) and not only_good:
                raise DeskError(
                    f"{batch_id} has rows that cannot be accepted. Choose to accept only the good ones, "
                    "or correct the file and upload it again."
                )
            if batch.good >= TYPE_THE_COUNT_FROM and _digits(typed) != str(batch.good):
                raise DeskError(f"Type {batch.good}, the number of rows, to confirm.")
            records.change(
                transaction,
                batch.number,
                state=BatchState.ACCEPTING,
                work=Work.ACCEPT,
                done=0,
                accepted_by=actor.id,
                accepted_by_name=actor.name,
                limit_per_hour=limit_per_hour,
            )
            detail = {
                "batch": batch_id,
                "rows": batch.good,
                "only_good": bool(batch.rejected or batch.duplicates),
                "limit_per_hour": limit_per_hour,
            }
            transaction.record(Event(EventKind.BATCH_ACCEPTING, actor.id, detail=detail))
        return self._batch(actor, batch_id)

    def discard_batch(self, actor: Actor, batch_id: str, *, version: int | None = None) -> Batch:
        """Forget an uploaded file of which nothing was accepted. Raises DeskError."""
        actor = self._require(actor, Action.SUBMIT)
        with self.store.writing() as transaction:
            batch = self._unchanged_batch(transaction, batch_id, version)
            if batch.state not in _UNDECIDED:
                raise DeskError(f"{batch_id} is {batch.state}; what was accepted is cancelled, not discarded.")
            discard(transaction, batch, actor, "by a person")
        return self._batch(actor, batch_id)

    def _only_connection(self) -> tuple[str, ...]:
        known = tuple(n for n, c in self.connections().items() if c.contract == "cxone-requests")
        return known if len(known) == 1 else ()


def discard(transaction: Transaction, batch: Batch, actor: Actor, why: str) -> None:
    """Forget what is staged of a batch."""
    staging.drop(transaction, batch.number)
    records.change(transaction, batch.number, state=BatchState.DISCARDED, work=Work.NONE)
    transaction.record(Event(EventKind.BATCH_DISCARDED, actor.id, detail={"batch": batch.id, "why": why}))


def _digits(typed: str) -> str:
    return "".join(c for c in typed if c.isdigit())
