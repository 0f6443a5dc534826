"""The oldest rows of the log: how far they may go when their time is over, and cutting them off."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from core.clock import to_text
from core.store.audit.record import Follower
from core.store.audit.schema import NO_DELETE
from core.store.audit.search import SPAN_ROWS, forget_rows
from core.store.keys import Keys

if TYPE_CHECKING:  # its import costs memory that verification does without
    from sqlite_utils import Database

_ROWS: Final = (
    "SELECT seq, at, kind, actor, request, task, connection, outcome, detail, prev, hash, mac "
    "FROM audit_events WHERE seq <= ? ORDER BY seq"
)


class NotAsWrittenError(Exception):
    """Rows that were to be disposed of are not as they were written. They are evidence, and stay; says from where."""


def first_row(db: "Database") -> int:
    """The number that the log begins with: 1, or the row after those disposed of."""
    (first,) = db.conn.execute("SELECT coalesce(min(seq), 1) FROM audit_events").fetchone()
    return int(first)


def oldest_young(db: "Database", until: datetime) -> int:
    """The oldest row that was written at or after `until`; the newest row there is where none was: it always stays."""
    instant = to_text(until)
    (newest,) = db.conn.execute("SELECT coalesce(max(seq), 1) FROM audit_events").fetchone()
    (span,) = db.conn.execute("SELECT min(span) FROM audit_spans WHERE last_at >= ?", [instant]).fetchone()
    young = None
    if span is not None:
        young = db.conn.execute(
            "SELECT seq FROM audit_events WHERE seq >= ? AND at >= ? ORDER BY seq LIMIT 1", [span * SPAN_ROWS, instant]
        ).fetchone()
    return min(int(newest), young[0]) if young else int(newest)


def oldest_of_kept_request(db: "Database", below: int, going: str, going_until: str) -> tuple[int, str] | None:
    """The oldest row, below that one, of a request that stays, and the request.

    `going` is a query, with `:until` in it, for the ids of requests that go first.
    """
    found: tuple[int, str] | None = db.conn.execute(
        "SELECT e.seq, e.request FROM audit_events e WHERE e.seq < :below AND e.request IN (SELECT id FROM requests) "  # noqa: S608 - a constant of the caller's
        f"AND e.request NOT IN ({going}) ORDER BY e.seq LIMIT 1",
        {"below": below, "until": going_until},
    ).fetchone()
    return found


def cut(db: "Database", keys: Keys, first: int, upto: int) -> str:
    """Take the rows from `first`, the oldest there is, up to `upto` off the log. Returns the hash of the last of them.

    Inside the caller's write transaction, which also records that it was done. Raises NotAsWrittenError unless each
    of them is as it was written.
    """
    rows = db.conn.execute(_ROWS, [upto])
    (prev,) = db.conn.execute("SELECT prev FROM audit_events WHERE seq = ?", [first]).fetchone()
    follower = Follower(first - 1, prev, keys.audit, "")
    if follower.follow(rows) is not None or follower.last != upto:
        raise NotAsWrittenError(
            f"Row {follower.last + 1} of the audit log is not as it was written, so that nothing of the log was "
            "disposed of. Verify the log."
        )
    forget_rows(db, upto)
    # The one way past the trigger: gone and back within this transaction, which nobody else sees the middle of.
    db.conn.execute("DROP TRIGGER audit_events_no_delete")
    db.conn.execute("DELETE FROM audit_events WHERE seq <= ?", [upto])
    db.conn.execute(NO_DELETE)
    return follower.prev
