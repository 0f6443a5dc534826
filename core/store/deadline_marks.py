"""Which open requests were told of because their deadline is near or over, so that each is told of once."""

from datetime import date

from sqlite_utils import Database

from core.store.database import Transaction

# A transaction holds the one lock; so many marks are a few milliseconds.
AT_ONCE = 500

_UNTOLD = (
    "FROM requests r WHERE r.closed_at IS NULL AND r.due_on >= :first AND r.due_on <= :last AND NOT EXISTS "
    "(SELECT 1 FROM deadline_marks m WHERE m.request = r.number AND m.threshold = :threshold AND m.due_on = r.due_on)"
)


def any_untold(db: Database, threshold: str, first: date, last: date) -> bool:
    """Whether an open request is due in these days and was not told of at this threshold."""
    values = {"threshold": threshold, "first": first.isoformat(), "last": last.isoformat()}
    return any(db.query(f"SELECT 1 {_UNTOLD} LIMIT 1", values))


def mark(transaction: Transaction, threshold: str, first: date, last: date) -> list[str]:
    """Mark some that were not, and say which: request ids, the nearest deadline first, `AT_ONCE` at the most.

    A deadline that was extended since is another deadline.
    """
    rows = list(
        transaction.db.query(
            f"SELECT r.number, r.id, r.due_on {_UNTOLD} ORDER BY r.due_on, r.number LIMIT {AT_ONCE}",
            {"threshold": threshold, "first": first.isoformat(), "last": last.isoformat()},
        )
    )
    transaction.db.conn.executemany(
        "INSERT INTO deadline_marks (request, threshold, due_on) VALUES (?, ?, ?)",
        [(row["number"], threshold, row["due_on"]) for row in rows],
    )
    return [str(row["id"]) for row in rows]
