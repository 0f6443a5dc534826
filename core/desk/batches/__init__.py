"""Many requests from one file: uploaded, checked, accepted, then paused, limited, cancelled; its result as a file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.clock import to_text
from core.desk.base import ChangedError, DeskError
from core.desk.batches.files import BatchFiles
from core.desk.batches.work import BatchWork
from core.model.batches import TYPE_THE_COUNT_FROM, Batch, BatchState, LineFinding, Work
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.store import approvals
from core.store.approvals import ApprovalKind, ApprovalState
from core.store.batches import records, releasing, staging
from core.store.batches.records import About
from core.store.database import Transaction
from core.validation.batch_files import UnreadableFileError, check_mapping, count_rows, guess_mapping, look

__all__ = ["BatchActions", "BatchFileError", "BatchPage"]

_UNDECIDED = (BatchState.UPLOADED, BatchState.CHECKING, BatchState.CHECKED)


class BatchFileError(DeskError):
    """The file cannot be checked as it is; `findings` say why."""

    def __init__(self, findings: list[LineFinding]) -> None:
        super().__init__(" ".join(f"{f.finding.message} {f.finding.fix}".strip() for f in findings))
        self.findings = findings


@dataclass(frozen=True)
class BatchPage:
    """Some batches, the newest first, and how many there are."""

    rows: tuple[Batch, ...]
    total: int


class BatchActions(BatchFiles, BatchWork):
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
        while parked >= releasing.AT_ONCE:
            with self.store.writing() as transaction:
                parked = releasing.park(transaction, batch.number)
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
        while parked >= releasing.AT_ONCE:
            with self.store.writing() as transaction:
                parked = releasing.park(transaction, batch.number)
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
                decided_by=actor.id,
                decided_by_name=actor.name,
            )
            asked = approvals.about(transaction.db, ApprovalKind.ERASURE, batch_id)
            if asked and asked.state is ApprovalState.PENDING:
                approvals.withdraw(transaction, asked.id, actor)
            transaction.record(Event(EventKind.BATCH_CANCELLED, actor.id, detail={"batch": batch_id}))
        return self._batch(actor, batch_id)

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
