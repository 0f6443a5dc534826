"""Which worker may work: one row with an owner and an expiry; a second worker waits for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.store.database import Transaction

NAME = "worker"


@dataclass(frozen=True)
class WorkerLease:
    owner: str
    epoch: int
    expires_at: datetime
    beat_at: datetime


def read(db: Database) -> WorkerLease | None:
    for row in db.query("SELECT * FROM worker_leases WHERE name = ?", [NAME]):
        return WorkerLease(row["owner"], row["epoch"], from_text(row["expires_at"]), from_text(row["beat_at"]))
    return None


def take(transaction: Transaction, owner: str, seconds: float, *, dead: bool = False) -> bool:
    """Take or renew the lease. False while somebody else holds it (`dead`: it is known that they are no more)."""
    held = read(transaction.db)
    if held and held.owner != owner and held.expires_at > transaction.at and not dead:
        return False
    epoch = held.epoch + (held.owner != owner) if held else 1
    transaction.db.execute(
        "INSERT INTO worker_leases (name, owner, epoch, expires_at, beat_at) VALUES (?,?,?,?,?) "
        "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, "
        "expires_at = excluded.expires_at, beat_at = excluded.beat_at",
        [NAME, owner, epoch, to_text(transaction.at + timedelta(seconds=seconds)), to_text(transaction.at)],
    )
    return True


def give_back(transaction: Transaction, owner: str) -> None:
    transaction.db.execute("DELETE FROM worker_leases WHERE name = ? AND owner = ?", [NAME, owner])
