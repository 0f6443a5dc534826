"""How far each fill with sample history has come, so that an interrupted one can be finished."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.store.database import Transaction


@dataclass(frozen=True)
class Fill:
    """One fill: what was asked for, the instant its history ends, and how many of its steps are on disk."""

    number: int
    days: int
    requests: int
    seed: int
    until: datetime
    steps: int = 0
    filed: int = 0


def begin(transaction: Transaction, days: int, requests: int, seed: int) -> Fill:
    number = transaction.db.execute(
        "INSERT INTO sample_fills (days, requests, seed, until) VALUES (?,?,?,?)",
        [days, requests, seed, to_text(transaction.at)],
    ).lastrowid
    return Fill(number or 0, days, requests, seed, transaction.at)


class TakenOverError(Exception):
    """Somebody else goes on with this fill."""


def check_hold(transaction: Transaction, fill: Fill, steps: int) -> None:
    """Raises TakenOverError unless this fill's steps on disk are those that the caller knows of."""
    if not any(transaction.db.query("SELECT 1 FROM sample_fills WHERE number = ? AND steps = ?", [fill.number, steps])):
        raise TakenOverError


def advance(transaction: Transaction, fill: Fill, steps: int, filed: int, *, finished: bool) -> None:
    transaction.db.execute(
        "UPDATE sample_fills SET steps = ?, filed = ?, finished_at = ? WHERE number = ?",
        [steps, filed, to_text(transaction.at) if finished else None, fill.number],
    )


def unfinished(db: Database) -> Fill | None:
    """The fill that was interrupted, if one was."""
    for row in db.query("SELECT * FROM sample_fills WHERE finished_at IS NULL ORDER BY number LIMIT 1"):
        return Fill(
            row["number"],
            row["days"],
            row["requests"],
            row["seed"],
            from_text(row["until"]),
            row["steps"],
            row["filed"],
        )
    return None
