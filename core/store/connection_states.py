"""What every process must agree on about a connection: the pause switch, the limiter's and the breaker's state."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.store.database import Transaction
from core.store.rows import rows


@dataclass(frozen=True)
class ConnectionState:
    connection: str
    paused: bool = False
    paused_by: str | None = None
    paused_at: datetime | None = None
    pause_reason: str | None = None
    limiter: Mapping[str, Any] | None = None
    breaker: Mapping[str, Any] | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_error: str | None = None


def get(db: Database, connection: str) -> ConnectionState:
    for row in rows(db, "SELECT * FROM connection_states WHERE connection = ?", [connection]):
        return ConnectionState(
            connection=connection,
            paused=bool(row["paused"]),
            paused_by=row["paused_by"],
            paused_at=_instant(row["paused_at"]),
            pause_reason=row["pause_reason"],
            limiter=json.loads(row["limiter"]) or None,
            breaker=json.loads(row["breaker"]) or None,
            last_success_at=_instant(row["last_success_at"]),
            last_failure_at=_instant(row["last_failure_at"]),
            last_error=row["last_error"],
        )
    return ConnectionState(connection)


def save_flow(
    transaction: Transaction, connection: str, *, limiter: Mapping[str, Any] | None, breaker: Mapping[str, Any] | None
) -> None:
    """Keep the limiter's and the breaker's state; None leaves one as it is."""
    _ensure(transaction, connection)
    transaction.db.execute(
        "UPDATE connection_states SET limiter = coalesce(?, limiter), breaker = coalesce(?, breaker) "
        "WHERE connection = ?",
        [json.dumps(limiter) if limiter else None, json.dumps(breaker) if breaker else None, connection],
    )


def note_call(transaction: Transaction, connection: str, error: str | None) -> None:
    """Remember when the vendor last answered well, or what last went wrong."""
    _ensure(transaction, connection)
    column = "last_failure_at = ?, last_error" if error else "last_error = NULL, last_success_at"
    values = [to_text(transaction.at), error] if error else [to_text(transaction.at)]
    transaction.db.execute(
        f"UPDATE connection_states SET {column} = ? WHERE connection = ?",  # noqa: S608 - two fixed strings
        [*values, connection],
    )


def throttled_since(db: Database, connection: str) -> datetime | None:
    """From when on the connection's limiter gave less than was due; None while it does not hold anything up."""
    for row in db.query("SELECT throttled_since FROM connection_states WHERE connection = ?", [connection]):
        return _instant(row["throttled_since"])
    return None


def note_limit(transaction: Transaction, connection: str, *, holds_up: bool) -> None:
    """Remember whether the limiter gave less than was due, and from when on; no write where nothing changed."""
    if holds_up == (throttled_since(transaction.db, connection) is not None):
        return
    _ensure(transaction, connection)
    transaction.db.execute(
        "UPDATE connection_states SET throttled_since = ? WHERE connection = ?",
        [to_text(transaction.at) if holds_up else None, connection],
    )


def pause(transaction: Transaction, connection: str, by: str, reason: str) -> None:
    _ensure(transaction, connection)
    transaction.db.execute(
        "UPDATE connection_states SET paused = 1, paused_by = ?, paused_at = ?, pause_reason = ? WHERE connection = ?",
        [by, to_text(transaction.at), reason, connection],
    )


def resume(transaction: Transaction, connection: str) -> None:
    _ensure(transaction, connection)
    transaction.db.execute(
        "UPDATE connection_states SET paused = 0, paused_by = NULL, paused_at = NULL, pause_reason = NULL "
        "WHERE connection = ?",
        [connection],
    )


def _ensure(transaction: Transaction, connection: str) -> None:
    transaction.db.execute("INSERT INTO connection_states (connection) VALUES (?) ON CONFLICT DO NOTHING", [connection])


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
