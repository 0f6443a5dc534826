"""Signed vendor events, stored once each, waiting for the task they name where it is not there yet."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import to_text
from core.store.database import Transaction


@dataclass(frozen=True)
class WebhookEvent:
    """What is kept of an event: no body, and of its subject only the pseudonym."""

    connection: str
    webhook_id: str
    body_sha256: str
    vendor_request_id: str
    vendor_status: str
    pseudonym: str | None


def insert(transaction: Transaction, event: WebhookEvent) -> str | None:
    """Store an event. Returns None, or the body hash of an earlier event with the same id (nothing is written)."""
    for row in transaction.db.query(
        "SELECT body_sha256 FROM webhook_events WHERE connection = ? AND webhook_id = ?",
        [event.connection, event.webhook_id],
    ):
        return str(row["body_sha256"])
    transaction.db.execute(
        "INSERT INTO webhook_events (connection, webhook_id, body_sha256, received_at, vendor_request_id, "
        "vendor_status, pseudonym) VALUES (?,?,?,?,?,?,?)",
        [
            event.connection, event.webhook_id, event.body_sha256, to_text(transaction.at),
            event.vendor_request_id, event.vendor_status, event.pseudonym,
        ],
    )  # fmt: skip
    return None


def join(transaction: Transaction, connection: str, vendor_request_id: str, task: str) -> int:
    """Give the waiting events of a vendor request to its task. Returns how many there were."""
    return transaction.db.execute(
        "UPDATE webhook_events SET task = ? WHERE connection = ? AND vendor_request_id = ? AND task IS NULL",
        [task, connection, vendor_request_id],
    ).rowcount


def waiting_for_subject(db: Database, connection: str, pseudonym: str, since: datetime) -> list[str]:
    """Vendor ids of events about this subject, received since then, that no task has claimed."""
    return [
        str(row["vendor_request_id"])
        for row in db.query(
            "SELECT DISTINCT vendor_request_id FROM webhook_events "
            "WHERE connection = ? AND pseudonym = ? AND task IS NULL AND received_at >= ?",
            [connection, pseudonym, to_text(since)],
        )
    ]
