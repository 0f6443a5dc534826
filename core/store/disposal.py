"""Disposing of records whose time is over: closed requests with all that is kept about them, and the log's oldest rows.

Each step is one short transaction with its own audit event. The counts of past years stay, and so does the ledger of
erasures.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dateutil.relativedelta import relativedelta
from sqlite_utils import Database

from core.clock import to_text
from core.model.events import Event, EventKind
from core.settings import KeepSettings
from core.store import checkpoints, exports
from core.store.audit import search
from core.store.audit.prefix import NotAsWrittenError, cut, first_row, oldest_of_kept_request, oldest_young
from core.store.database import Store, Transaction
from core.store.proof import admissible
from core.store.rows import rows

REQUESTS_AT_ONCE: Final = 100
EVENTS_AT_ONCE: Final = 5_000
_REASON_LENGTH: Final = 300

Progress = Callable[[int, int], bool]
"""Called with the records disposed of and those due; returning False stops after the present step."""

Signed = Mapping[int, checkpoints.Checkpoint]
"""Checkpoints by the number of rows that they count, their signatures unchecked."""

__all__ = ["Disposed", "Due", "NotAsWrittenError", "dispose", "due"]


@dataclass(frozen=True)
class Due:
    """What is to go now. Requests closed before `requests_until`; events up to row `events_upto`, None for none.

    `held_back_by` is the request that is still kept and that keeps later events from going; `reason` the settings'.
    """

    requests: int
    requests_until: datetime
    events: int
    events_upto: int | None
    events_until: datetime
    exports: int
    held_back_by: str | None
    reason: str

    @property
    def nothing(self) -> bool:
        return not (self.requests or self.events or self.exports)


@dataclass(frozen=True)
class Disposed:
    """What went. `upto` is the last row of the log that did, None if none."""

    requests: int = 0
    events: int = 0
    upto: int | None = None
    exports: int = 0


# A closed request stays while a legal hold covers its person, whatever its age.
_DUE_REQUESTS: Final = """
FROM requests r WHERE r.closed_at < :until AND NOT EXISTS (
    SELECT 1 FROM holds h WHERE h.released_at IS NULL AND (h.pseudonym IS NULL OR h.pseudonym = r.pseudonym
    OR h.pseudonym IN (SELECT t.pseudonym FROM tasks t WHERE t.request = r.number))
)
"""
# From the rows that name others to those that are named. What names a request or task with ON DELETE CASCADE goes
# by itself: denials, changes of deadlines, marks, the time an erasure was sent.
_OF_TASKS: Final = (
    "DELETE FROM vault_records WHERE delivery IN (SELECT d.id FROM vault_deliveries d WHERE d.task IN ({tasks}))",
    "DELETE FROM vault_deliveries WHERE task IN ({tasks})",
    "DELETE FROM webhook_events WHERE task IN ({tasks})",
    "DELETE FROM exchanges WHERE task IN ({tasks})",
    "DELETE FROM attestations WHERE task IN ({tasks})",
)
_OF_REQUESTS: Final = (
    "DELETE FROM approvals WHERE about IN (SELECT r.id FROM requests r WHERE r.number IN ({requests}))",
    "DELETE FROM identifiers WHERE request IN ({requests})",
    "DELETE FROM tasks WHERE request IN ({requests})",
    "DELETE FROM requests WHERE number IN ({requests})",
)
_REQUESTS: Final = "SELECT value FROM json_each(:numbers)"
_TASKS: Final = f"SELECT t.id FROM tasks t WHERE t.request IN ({_REQUESTS})"  # noqa: S608 - a constant
# A batch whose last request went: its file's name and columns may hold names.
_EMPTY_BATCHES: Final = (
    "SELECT b.number FROM batches b WHERE b.accepted_at < :until "
    "AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.batch = b.number)"
)
_OF_BATCHES: Final = (
    f"DELETE FROM batch_parts WHERE batch IN ({_EMPTY_BATCHES})",  # noqa: S608 - a constant
    f"DELETE FROM batches WHERE number IN ({_EMPTY_BATCHES})",  # noqa: S608 - a constant
)
# The triggers noted every deletion as one request or task less; the years that are over keep their numbers.
_COUNTS_STAY: Final = ("DELETE FROM task_changes", "DELETE FROM request_changes", "DELETE FROM answer_changes")


def due(store: Store, keep: KeepSettings) -> Due:
    """What a disposal would do now. Changes nothing."""
    now = store.clock.now()
    requests_until = now - relativedelta(months=keep.requests_months)
    events_until = now - relativedelta(months=keep.events_months)
    with store.reading() as db:
        (counted,) = rows(db, f"SELECT count(*) AS n {_DUE_REQUESTS}", {"until": to_text(requests_until)})
        first, stop = first_row(db), oldest_young(db, events_until)
        # As it will be once the requests are gone: their events keep no others.
        kept = oldest_of_kept_request(db, stop, f"SELECT r.id {_DUE_REQUESTS}", to_text(requests_until))
        upto = _newest_signed(store, db, _sizes(store), first, kept[0] if kept else stop)
        files = len(exports.due(db, exports.folder_of(store.path), now))
    return Due(
        requests=counted["n"],
        requests_until=requests_until,
        events=upto - first + 1 if upto else 0,
        events_upto=upto,
        events_until=events_until,
        exports=files,
        held_back_by=kept[1] if kept else None,
        reason=keep.reason,
    )


def dispose(store: Store, keep: KeepSettings, actor: str, progress: Progress | None = None) -> Disposed:
    """Dispose of what is due, step by step; what was done before a step that fails stays done.

    `actor` is the `Actor.id` of who asked, or the desk's. Raises NotAsWrittenError for rows of the log that are not as
    they were written: they are evidence, and stay.
    """
    wanted = due(store, keep)
    total = wanted.requests + wanted.events + wanted.exports
    done = Disposed()
    for done in _steps(store, wanted, keep, actor):
        if progress and not progress(done.requests + done.events + done.exports, total):
            break
    if done.events:
        with store.writing() as transaction:
            search.compact(transaction.db)
    return done


def _steps(store: Store, wanted: Due, keep: KeepSettings, actor: str) -> Iterator[Disposed]:
    done = Disposed()
    folder = exports.folder_of(store.path)
    with store.reading() as db:
        over = exports.due(db, folder, store.clock.now())
    for export in over:
        with store.writing() as transaction:
            exports.delete(transaction, export, actor)
        done = Disposed(exports=done.exports + 1)
        yield done
    reason = str(admissible(keep.reason[:_REASON_LENGTH]))
    while True:
        with store.writing() as transaction:
            count = _requests(transaction, wanted.requests_until, actor, reason)
        if not count:
            break
        done = Disposed(requests=done.requests + count, exports=done.exports)
        yield done
    signed = _sizes(store)
    while True:
        with store.writing() as transaction:
            upto, count = _events(store, transaction, signed, wanted.events_until, actor, reason)
        if not count:
            break
        done = Disposed(done.requests, done.events + count, upto, done.exports)
        yield done


def _requests(transaction: Transaction, until: datetime, actor: str, reason: str) -> int:
    db = transaction.db
    found = rows(
        db,
        f"SELECT r.number, r.id {_DUE_REQUESTS} ORDER BY r.closed_at LIMIT :most",
        {"until": to_text(until), "most": REQUESTS_AT_ONCE},
    )
    if not found:
        return 0
    numbers = {"numbers": json.dumps([row["number"] for row in found])}
    transaction.record(
        Event(
            EventKind.RECORDS_DISPOSED,
            actor,
            outcome="disposed",
            detail={
                "what": "requests",
                "count": len(found),
                "until": to_text(until),
                "first": min(row["id"] for row in found),
                "last": max(row["id"] for row in found),
                "reason": reason,
            },
        )
    )
    for statement in (*_OF_TASKS, *_OF_REQUESTS):
        db.conn.execute(statement.format(tasks=_TASKS, requests=_REQUESTS), numbers)
    for statement in ("DELETE FROM webhook_events WHERE task IS NULL AND received_at < :until", *_OF_BATCHES):
        db.conn.execute(statement, {"until": to_text(until)})
    for statement in _COUNTS_STAY:
        db.conn.execute(statement)
    return len(found)


def _events(
    store: Store, transaction: Transaction, signed: Signed, until: datetime, actor: str, reason: str
) -> tuple[int | None, int]:
    """One cut of the log's oldest rows, at a signed checkpoint. Returns the last row that went, and how many did."""
    db = transaction.db
    first, stop = first_row(db), oldest_young(db, until)
    upto, most = None, EVENTS_AT_ONCE
    while upto is None and first < stop:
        within = min(stop, first + most)
        kept = oldest_of_kept_request(db, within, "SELECT NULL WHERE false", "")
        upto = _newest_signed(store, db, signed, first, kept[0] if kept else within)
        if kept or within == stop:
            break
        most *= 2  # no checkpoint was signed among so few
    if upto is None:
        return None, 0
    head = cut(db, store.keys, first, upto)
    transaction.record(
        Event(
            EventKind.RECORDS_DISPOSED,
            actor,
            outcome="disposed",
            detail={
                "what": "events",
                "count": upto - first + 1,
                "until": to_text(until),
                "upto": upto,
                "head": head,
                "reason": reason,
            },
        )
    )
    return upto, upto - first + 1


def _sizes(store: Store) -> Signed:
    found, _ = checkpoints.read(store.checkpoints_path(store.path))
    return {point.size: point for point in found}


def _newest_signed(store: Store, db: Database, signed: Signed, first: int, stop: int) -> int | None:
    """The newest row from `first` on, below `stop`, that this desk signed a checkpoint of, as it is there now."""
    for size in sorted((size for size in signed if first <= size < stop), reverse=True):
        row = db.conn.execute("SELECT hash FROM audit_events WHERE seq = ?", [size]).fetchone()
        if row == (signed[size].head,) and signed[size].is_signed_with(store.keys):
            return size
    return None
