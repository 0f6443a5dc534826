"""When a batch's tasks may be sent: parked while it is paused or its limit per hour is used up, and let go of again.

A parked task is queued with nothing due. So the worker never looks at it, and a pause needs no word of the worker.
"""

from datetime import timedelta

from sqlite_utils import Database

from core.clock import to_text
from core.store.database import Transaction

HOUR = timedelta(hours=1)
# In one transaction: others write in between.
AT_ONCE = 2_000

# The clauses of the partial indexes, word for word: SQLite takes a partial index only then.
_PARKED = "batch = ? AND batch IS NOT NULL AND state = 'queued' AND next_due_at IS NULL"
_PRESENT = "batch = ? AND batch IS NOT NULL AND superseded_by IS NULL"


def is_parked_from_the_start(db: Database, number: int) -> bool:
    """Whether new tasks of a batch are to be filed parked."""
    (row,) = db.query("SELECT paused_at, limit_per_hour FROM batches WHERE number = ?", [number])
    return row["paused_at"] is not None or row["limit_per_hour"] is not None


def park(transaction: Transaction, number: int, *, unsent: bool = False) -> int:
    """Keep queued tasks of a batch from being sent; `unsent`: only those that no vendor can have.

    Returns how many; fewer than `AT_ONCE` once it is all.
    """
    return transaction.db.execute(
        "UPDATE tasks SET next_due_at = NULL WHERE number IN (SELECT number FROM tasks "  # noqa: S608 - fixed text
        f"WHERE {_PRESENT} AND state = 'queued' AND next_due_at IS NOT NULL AND may_have_acted <= ? LIMIT ?)",
        [number, not unsent, AT_ONCE],
    ).rowcount


def let_go(transaction: Transaction, number: int, count: int) -> int:
    """Make parked tasks due, the nearest legal deadline first, each after what is left of its grace.

    Of a cancelled batch only those that a vendor may have; the others are about to be cancelled.
    """
    at = to_text(transaction.at)
    return transaction.db.execute(
        "UPDATE tasks SET next_due_at = max(?, coalesce(grace_until, ?)) WHERE number IN "  # noqa: S608 - fixed text
        f"(SELECT number FROM tasks WHERE {_PARKED} AND (may_have_acted = 1 OR NOT EXISTS (SELECT 1 FROM batches b "
        "WHERE b.number = tasks.batch AND b.cancelled_at IS NOT NULL)) ORDER BY due_on, number LIMIT ?)",
        [at, at, number, count],
    ).rowcount


def may_be_let_go(transaction: Transaction, number: int) -> int:
    """How many parked tasks of a batch may be made due now: with a limit, what was sent within the last hour, or can
    be sent any moment, counts against it. 0 for a paused batch."""
    db = transaction.db
    (batch,) = db.query("SELECT paused_at, limit_per_hour FROM batches WHERE number = ?", [number])
    if batch["paused_at"]:
        return 0
    if batch["limit_per_hour"] is None:
        return AT_ONCE
    (parked,) = db.query(f"SELECT count(*) AS n FROM tasks WHERE {_PARKED}", [number])  # noqa: S608 - fixed text
    (queued,) = db.query(f"SELECT count(*) AS n FROM tasks WHERE {_PRESENT} AND state = 'queued'", [number])  # noqa: S608 - fixed text
    (sent,) = db.query(
        f"SELECT count(*) AS n FROM tasks WHERE {_PRESENT} AND state != 'queued' AND trying_since > ?",  # noqa: S608 - fixed text
        [number, to_text(transaction.at - HOUR)],
    )
    spoken_for = queued["n"] - parked["n"] + sent["n"]
    return max(0, min(AT_ONCE, int(batch["limit_per_hour"]) - int(spoken_for)))


def to_look_after(db: Database) -> list[tuple[int, bool]]:
    """The batches that have parked tasks or are paused: their number, and whether they are paused."""
    rows = db.query(
        "SELECT number, paused_at FROM batches b WHERE state IN ('accepting', 'accepted') AND (paused_at IS NOT NULL "
        "OR EXISTS (SELECT 1 FROM tasks WHERE batch = b.number AND batch IS NOT NULL AND state = 'queued' "
        "AND next_due_at IS NULL))"
    )
    return [(row["number"], row["paused_at"] is not None) for row in rows]


def has_something_to_park(db: Database, number: int) -> bool:
    return any(
        db.query(
            f"SELECT 1 FROM tasks WHERE {_PRESENT} AND state = 'queued' AND next_due_at IS NOT NULL LIMIT 1",  # noqa: S608 - fixed text
            [number],
        )
    )
