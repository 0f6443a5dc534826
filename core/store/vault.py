"""The vault outbox (proof of each completed task, at least once, with a dead-letter list) and the built-in vault."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.privacy_requests import TaskError
from core.store.database import Transaction


@dataclass(frozen=True)
class Delivery:
    """One record on its way to the vault; `state` is pending, delivered or dead."""

    id: str
    task: str
    record: Mapping[str, Any]
    state: str
    attempts: int
    next_due_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    error: TaskError | None


def post(transaction: Transaction, delivery_id: str, task: str, record: Mapping[str, Any]) -> None:
    at = to_text(transaction.at)
    transaction.db.execute(
        "INSERT INTO vault_deliveries (id, task, record, state, next_due_at, created_at) "
        "VALUES (?, ?, ?, 'pending', ?, ?)",
        [delivery_id, task, json.dumps(record), at, at],
    )


def due(db: Database, now: datetime, limit: int = 20) -> list[Delivery]:
    return [
        _delivery(row)
        for row in db.query(
            "SELECT * FROM vault_deliveries WHERE next_due_at <= ? ORDER BY next_due_at LIMIT ?",
            [to_text(now), limit],
        )
    ]


def delivered(transaction: Transaction, delivery_id: str) -> None:
    transaction.db.execute(
        "UPDATE vault_deliveries SET state = 'delivered', attempts = attempts + 1, next_due_at = NULL, "
        "delivered_at = ?, error = NULL WHERE id = ?",
        [to_text(transaction.at), delivery_id],
    )


def failed(transaction: Transaction, delivery_id: str, error: TaskError, retry_at: datetime | None) -> None:
    """Try again at `retry_at`; None puts the delivery on the dead-letter list."""
    transaction.db.execute(
        "UPDATE vault_deliveries SET state = ?, attempts = attempts + 1, next_due_at = ?, error = ? "
        "WHERE id = ? AND state = 'pending'",
        [
            "pending" if retry_at else "dead",
            to_text(retry_at) if retry_at else None,
            json.dumps(vars(error)),
            delivery_id,
        ],
    )


def move_due_times(transaction: Transaction, seconds: float) -> None:
    """Shift every waiting time, when the wall clock itself was shifted."""
    transaction.db.execute(
        "UPDATE vault_deliveries SET next_due_at = strftime('%Y-%m-%dT%H:%M:%f', next_due_at, ?) || '000Z' "
        "WHERE next_due_at IS NOT NULL",
        [f"{seconds:+.3f} seconds"],
    )


def resend(transaction: Transaction, delivery_id: str) -> bool:
    """Put a dead letter back into the outbox. False if there is no such dead letter."""
    updated = transaction.db.execute(
        "UPDATE vault_deliveries SET state = 'pending', attempts = 0, next_due_at = ? WHERE id = ? AND state = 'dead'",
        [to_text(transaction.at), delivery_id],
    )
    return updated.rowcount == 1


def deliveries(db: Database, state: str, limit: int = 100) -> list[Delivery]:
    return [
        _delivery(row)
        for row in db.query(
            "SELECT * FROM vault_deliveries WHERE state = ? ORDER BY created_at DESC LIMIT ?", [state, limit]
        )
    ]


def of_task(db: Database, task: str) -> list[Delivery]:
    return [_delivery(row) for row in db.query("SELECT * FROM vault_deliveries WHERE task = ?", [task])]


def counts(db: Database) -> dict[str, int]:
    return {
        row["state"]: row["n"] for row in db.query("SELECT state, count(*) AS n FROM vault_deliveries GROUP BY state")
    }


def keep(transaction: Transaction, delivery_id: str, record: Mapping[str, Any]) -> None:
    """The built-in vault. The same delivery again changes nothing."""
    transaction.db.execute(
        "INSERT INTO vault_records (delivery, subject, request_id, status, timestamp, categories_erased, scope) "
        "VALUES (?,?,?,?,?,?,?) ON CONFLICT (delivery) DO NOTHING",
        [
            delivery_id, record["subjectId"], record["requestId"], record["status"], record["timestamp"],
            json.dumps(record["categories_erased"]), record["scope"],
        ],
    )  # fmt: skip


def _delivery(row: dict[str, Any]) -> Delivery:
    return Delivery(
        id=row["id"],
        task=row["task"],
        record=json.loads(row["record"]),
        state=row["state"],
        attempts=row["attempts"],
        next_due_at=from_text(row["next_due_at"]) if row["next_due_at"] else None,
        created_at=from_text(row["created_at"]),
        delivered_at=from_text(row["delivered_at"]) if row["delivered_at"] else None,
        error=TaskError(**json.loads(row["error"])) if row["error"] else None,
    )
