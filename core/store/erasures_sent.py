"""When each erasure was first sent, which is what the limit of erasures an hour counts; it outlives restarts."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.store.database import Transaction

WINDOW = timedelta(hours=1)


def note(transaction: Transaction, task: int) -> None:
    """An erasure leaves for the first time. Sent again, it is still the one erasure."""
    transaction.db.execute(
        "INSERT INTO erasures_sent (task, at) VALUES (?, ?) ON CONFLICT DO NOTHING", [task, to_text(transaction.at)]
    )


def forget(transaction: Transaction, task: int) -> None:
    """It did not leave after all."""
    transaction.db.execute("DELETE FROM erasures_sent WHERE task = ?", [task])


def count(db: Database, now: datetime, limit: int) -> int:
    """How many were sent in the hour up to now, counted to `limit`. A time to come is a clock's that jumped back."""
    (row,) = db.query(
        "SELECT count(*) AS n FROM (SELECT 1 FROM erasures_sent WHERE at > ? LIMIT ?)",
        [to_text(now - WINDOW), limit],
    )
    return int(row["n"])


def next_at(db: Database, now: datetime, limit: int) -> datetime | None:
    """When the next erasure may be sent under a limit an hour; None where one may be sent now."""
    rows = list(
        db.query(
            "SELECT at FROM erasures_sent WHERE at > ? ORDER BY at DESC LIMIT 1 OFFSET ?",
            [to_text(now - WINDOW), limit - 1],
        )
    )
    return from_text(rows[0]["at"]) + WINDOW if rows else None


def drop_old(transaction: Transaction) -> int:
    """Forget what no hour counts any more; a day is kept, in case the clock is put back. Returns how many."""
    return transaction.db.execute(
        "DELETE FROM erasures_sent WHERE at < ?", [to_text(transaction.at - timedelta(days=1))]
    ).rowcount


def move(transaction: Transaction, seconds: float) -> None:
    """Shift every time, when the wall clock itself was shifted."""
    transaction.db.execute(
        "UPDATE erasures_sent SET at = strftime('%Y-%m-%dT%H:%M:%f', at, ?) || '000Z'", [f"{seconds:+.3f} seconds"]
    )
