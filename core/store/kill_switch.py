"""The kill switch: one row that stops every call to every vendor, until somebody who may takes it away."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.people import Actor
from core.store.database import Transaction
from core.store.rows import rows


@dataclass(frozen=True)
class KillSwitch:
    """That everything is stopped: by whom (`Actor.id` and name), when, and why."""

    by: str
    by_name: str
    at: datetime
    reason: str


def read(db: Database) -> KillSwitch | None:
    """None while the desk may send."""
    for row in db.query("SELECT * FROM kill_switch"):
        return KillSwitch(row["switched_by"], row["switched_by_name"], from_text(row["switched_at"]), row["reason"])
    return None


def switch_on(transaction: Transaction, by: Actor, reason: str) -> bool:
    """False if it was on already; then it stays as it was."""
    return bool(
        transaction.db.execute(
            "INSERT INTO kill_switch (one, switched_by, switched_by_name, switched_at, reason) VALUES (1, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [by.id, by.name, to_text(transaction.at), reason],
        ).rowcount
    )


def switch_off(transaction: Transaction) -> bool:
    """False if it was off already."""
    return bool(transaction.db.execute("DELETE FROM kill_switch").rowcount)


def stops(db: Database, connection: str) -> bool:
    """Whether nothing may go out through a connection: everything is stopped, or this one is paused."""
    return bool(
        rows(
            db,
            "SELECT 1 FROM kill_switch UNION ALL SELECT 1 FROM connection_states WHERE connection = ? AND paused",
            [connection],
        )
    )
