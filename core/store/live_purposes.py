"""The purposes that a vendor had when it was last asked."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.purposes import LivePurpose
from core.store.database import Transaction

_INSERT = (
    "INSERT OR REPLACE INTO live_purposes (connection, vendor_id, name, description, retention, retention_days, "
    "legal_basis, is_active, modified_at, page, read_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)


def replace_all(transaction: Transaction, connection: str, live: Iterable[LivePurpose], *, since: datetime) -> None:
    """The whole list, read from `since` on. What somebody else read of one purpose after that is newer, and stays."""
    db, at = transaction.db, to_text(transaction.at)
    db.execute("DELETE FROM live_purposes WHERE connection = ? AND read_at <= ?", [connection, to_text(since)])
    rows = (_row(connection, purpose, at) for purpose in live)
    db.conn.executemany(_INSERT.replace("OR REPLACE", "OR IGNORE"), rows)


def save(transaction: Transaction, connection: str, purpose: LivePurpose) -> None:
    """One purpose, as it was just read."""
    transaction.db.execute(_INSERT, _row(connection, purpose, to_text(transaction.at)))


def forget(transaction: Transaction, connection: str, vendor_id: str) -> None:
    """The vendor does not have it any more."""
    transaction.db.execute("DELETE FROM live_purposes WHERE connection = ? AND vendor_id = ?", [connection, vendor_id])


def named(db: Database, connection: str, names: Collection[str] | None = None) -> dict[str, list[LivePurpose]]:
    """The live purposes by name, of all names or of some."""
    chosen = " AND name IN (SELECT value FROM json_each(?))" if names is not None else ""
    found: dict[str, list[LivePurpose]] = {}
    for row in db.query(
        f"SELECT * FROM live_purposes WHERE connection = ?{chosen} ORDER BY name, vendor_id",  # noqa: S608 - a fixed clause
        [connection, *([json.dumps(sorted(names))] if names is not None else [])],
    ):
        found.setdefault(row["name"], []).append(_purpose(row))
    return found


def read_times(db: Database, connection: str, vendor_ids: Collection[str] | None = None) -> dict[str, datetime]:
    """When each purpose, or each of some, was last seen at the vendor, by its vendor id."""
    chosen = " AND vendor_id IN (SELECT value FROM json_each(?))" if vendor_ids is not None else ""
    rows = db.query(
        f"SELECT vendor_id, read_at FROM live_purposes WHERE connection = ?{chosen}",  # noqa: S608 - a fixed clause
        [connection, *([json.dumps(sorted(vendor_ids))] if vendor_ids is not None else [])],
    )
    return {row["vendor_id"]: from_text(row["read_at"]) for row in rows}


def _row(connection: str, purpose: LivePurpose, at: str) -> list[Any]:
    return [
        connection, purpose.id, purpose.name, purpose.description, purpose.retention, purpose.retention_days,
        purpose.legal_basis, int(purpose.is_active), purpose.modified_at, purpose.page, at,
    ]  # fmt: skip


def _purpose(row: dict[str, Any]) -> LivePurpose:
    return LivePurpose(
        id=row["vendor_id"],
        name=row["name"],
        description=row["description"],
        retention=row["retention"],
        retention_days=row["retention_days"],
        legal_basis=row["legal_basis"],
        is_active=bool(row["is_active"]),
        modified_at=row["modified_at"],
        page=row["page"],
    )
