"""The outbox of notices: each is sent to the configured webhook at least once, or ends on the dead-letter list."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import to_text
from core.model.notices import Notice
from core.model.privacy_requests import TaskError
from core.store import notices
from core.store.database import Transaction


@dataclass(frozen=True)
class NoticeDelivery:
    """A notice on its way; `webhook_id` is the same over all attempts."""

    notice: Notice
    webhook_id: str
    attempts: int


def due(db: Database, now: datetime, limit: int = 20) -> list[NoticeDelivery]:
    rows = list(
        db.query(
            "SELECT notice, webhook_id, attempts FROM notice_deliveries WHERE next_due_at <= ? "
            "ORDER BY next_due_at LIMIT ?",
            [to_text(now), limit],
        )
    )
    found = [(notices.get(db, row["notice"]), row["webhook_id"], row["attempts"]) for row in rows]
    return [NoticeDelivery(notice, name, attempts) for notice, name, attempts in found if notice is not None]


def delivered(transaction: Transaction, notice: int) -> None:
    transaction.db.execute(
        "UPDATE notice_deliveries SET state = 'delivered', attempts = attempts + 1, next_due_at = NULL, "
        "delivered_at = ?, error = NULL WHERE notice = ?",
        [to_text(transaction.at), notice],
    )


def failed(transaction: Transaction, notice: int, error: TaskError, retry_at: datetime | None) -> None:
    """Try again at `retry_at`; None puts it on the dead-letter list."""
    transaction.db.execute(
        "UPDATE notice_deliveries SET state = ?, attempts = attempts + 1, next_due_at = ?, error = ? WHERE notice = ?",
        [
            "pending" if retry_at else "dead",
            to_text(retry_at) if retry_at else None,
            json.dumps(vars(error)),
            notice,
        ],
    )


def not_wanted(transaction: Transaction) -> int:
    """No webhook is configured: what waits is not to be sent when one is, a year later. Returns how many."""
    return transaction.db.execute("DELETE FROM notice_deliveries WHERE state = 'pending'").rowcount


def counts(db: Database) -> dict[str, int]:
    """How many are pending, delivered and dead."""
    return {
        row["state"]: row["n"] for row in db.query("SELECT state, count(*) AS n FROM notice_deliveries GROUP BY state")
    }


def resend_dead(transaction: Transaction) -> int:
    """Put every dead letter back into the outbox. Returns how many."""
    return transaction.db.execute(
        "UPDATE notice_deliveries SET state = 'pending', attempts = 0, next_due_at = ? WHERE state = 'dead'",
        [to_text(transaction.at)],
    ).rowcount


def move_due_times(transaction: Transaction, seconds: float) -> None:
    """Shift every waiting time, when the wall clock itself was shifted."""
    transaction.db.execute(
        "UPDATE notice_deliveries SET next_due_at = strftime('%Y-%m-%dT%H:%M:%f', next_due_at, ?) || '000Z' "
        "WHERE next_due_at IS NOT NULL",
        [f"{seconds:+.3f} seconds"],
    )
