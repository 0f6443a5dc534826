"""Adding rows to the audit log, each bound to the one before."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.clock import to_text
from core.model.events import Event
from core.store.audit.admission import AuditError, admit
from core.store.audit.record import macs_with, quotes_for_many, row_hash
from core.store.audit.schema import GENESIS
from core.store.audit.search import index_rows
from core.store.keys import Keys

if TYPE_CHECKING:  # its import costs memory that verification does without
    from sqlite_utils import Database

_INSERT: Final = "INSERT INTO audit_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def append(db: "Database", keys: Keys, at: datetime, event: Event) -> int:
    """Add one event inside the open write transaction; returns its seq.

    Raises AuditError, having written nothing, for an event that may not be recorded (see `admission`), for an
    instant without a time zone, and outside a transaction.
    """
    return append_many(db, keys, [(at, event)])


def append_many(db: "Database", keys: Keys, events: Iterable[tuple[datetime, Event]]) -> int:
    """Add events in their order inside the open write transaction; returns the seq of the last row in the log.

    The head is read once. Raises AuditError as `append` does; rows before the refused one are then already in
    the transaction, and go when the caller rolls it back.
    """
    if not db.conn.in_transaction:
        # Between reading the head and writing the next row nobody else may write.
        raise AuditError("Audit events are appended inside a write transaction only")
    before, prev = head(db) or (0, GENESIS)
    size = before
    marks: set[tuple[str | None, ...]] = set()
    macs, quotes = macs_with(keys.audit), quotes_for_many()

    def rows() -> Iterable[tuple[object, ...]]:
        nonlocal size, prev
        for at, event in events:
            kind = str(event.kind)
            columns = (
                size + 1,
                _instant(at),
                kind,
                event.actor,
                event.request,
                event.task,
                event.connection,
                event.outcome,
                admit(event),
                prev,
            )
            hash_ = row_hash((*columns, "", ""), quotes)
            if hash_ is None:
                raise AuditError(f"{event.kind} is not valid Unicode text")
            size, prev = size + 1, hash_
            marks.add((kind, event.actor, event.connection, event.outcome))
            yield (*columns, hash_, *macs([hash_]))

    db.conn.executemany(_INSERT, rows())
    named = ("kind", "actor", "connection", "outcome")
    values = {
        (name, str(value)) for mark in marks for name, value in zip(named, mark, strict=True) if value is not None
    }
    index_rows(db, before, sorted(values))
    return size


def head(db: "Database") -> tuple[int, str] | None:
    """The newest row's seq, which is the number of rows, and its hash; None while the log is empty."""
    row = db.conn.execute("SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else None


@lru_cache(maxsize=16)  # all events of a transaction share theirs
def _instant(at: datetime) -> str:
    try:
        return to_text(at)
    except ValueError as error:
        raise AuditError("An audit event needs an instant with a time zone") from error
