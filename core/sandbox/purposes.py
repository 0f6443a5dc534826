"""The retention purposes that the simulated Genesys Cloud keeps, sixty of them from the start."""

import json
import sqlite3
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.clock import from_text, to_text

_CHANNELS = ("Voice", "Chat", "Email", "SMS", "Social", "Survey", "IVR", "Callback", "Screen", "Coaching")
_USES: Mapping[str, str] = {
    "quality review": "legitimate_interests",
    "dispute evidence": "legal_obligation",
    "marketing follow up": "consent",
    "billing records": "contract",
    "safety alerts": "vital_interests",
    "authority reports": "public_task",
}
_DAYS = (7, 14, 30, 45, 60, 90, 120, 180, 270, 365)
_NAMESPACE = uuid.UUID("5f0e1d5c-3b1a-5c7e-9d3e-6f3a2b1c0d9e")


def seed(db: sqlite3.Connection, now: datetime) -> None:
    """Put the sixty purposes in, once; their ids are the same in every sandbox."""
    if db.execute("SELECT 1 FROM purposes LIMIT 1").fetchone():
        return
    names = [(channel, use) for use in _USES for channel in _CHANNELS]
    for position, (channel, use) in enumerate(names):
        name = f"{channel} {use}"
        purpose = {
            "name": name,
            "description": f"{channel} data kept for {use}",
            "retentionPeriod": f"{_DAYS[position * 7 % len(_DAYS)]}d",
            "legalBasis": _USES[use],
            "isActive": position % 9 != 8,
        }
        created = now - timedelta(days=400 - 5 * position)
        db.execute(
            "INSERT INTO purposes VALUES (?, ?, ?, ?, ?, ?)",
            (
                str(uuid.uuid5(_NAMESPACE, name)),
                position,
                json.dumps(purpose),
                json.dumps([str(uuid.uuid5(_NAMESPACE, f"diversion {name}"))] if position % 4 == 0 else []),
                to_text(created),
                to_text(created + timedelta(days=position)),
            ),
        )


def listed(db: sqlite3.Connection, offset: int, limit: int) -> list[dict[str, Any]]:
    """A slice of the list, in its one order, as the vendor words them."""
    rows = db.execute("SELECT * FROM purposes ORDER BY position LIMIT ? OFFSET ?", (limit, offset))
    return [_worded(row) for row in rows]


def count(db: sqlite3.Connection) -> int:
    number: int = db.execute("SELECT count(*) FROM purposes").fetchone()[0]
    return number


def update(db: sqlite3.Connection, purpose_id: str, purpose: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """Replace a purpose; what the vendor then answers, or None where there is none with this id."""
    row = db.execute(
        "UPDATE purposes SET purpose = ?, modified_at = ? WHERE id = ? RETURNING *",
        (json.dumps(purpose), to_text(now), purpose_id),
    ).fetchone()
    return _worded(row) if row else None


def _worded(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        **json.loads(row["purpose"]),
        "diversionIds": json.loads(row["diversion_ids"]),
        "createdDate": _millis(row["created_at"]),
        "modifiedDate": _millis(row["modified_at"]),
    }


def _millis(text: str) -> str:
    return from_text(text).isoformat(timespec="milliseconds").replace("+00:00", "Z")
