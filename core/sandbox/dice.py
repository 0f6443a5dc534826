"""Whether a fault strikes: reproducible from the seed, with its counts in the sandbox's file."""

import random
import sqlite3
from collections.abc import Iterable

from core.sandbox.faults import Faults


def strikes(db: sqlite3.Connection, connection: str, faults: Faults, kind: str) -> bool:
    """Throw the dice for one kind and count the throw; inside the caller's transaction.

    Each kind has dice of its own, so that switching one on leaves the others' sequence as it was.
    """
    chance = faults.chance(kind)
    if not chance:
        return False
    row = db.execute("SELECT drawn FROM draws WHERE connection = ? AND kind = ?", (connection, kind)).fetchone()
    drawn = row["drawn"] if row else 0
    throw = random.Random(f"{faults.seed}/{connection}/{kind}/{drawn}").random()
    hit = drawn < chance.next or throw < chance.probability
    db.execute(
        "INSERT INTO draws VALUES (?, ?, 1, ?)"
        " ON CONFLICT DO UPDATE SET drawn = drawn + 1, fired = fired + excluded.fired",
        (connection, kind, int(hit)),
    )
    return hit


def first_to_strike(db: sqlite3.Connection, connection: str, faults: Faults, kinds: Iterable[str]) -> str | None:
    """The first of these kinds to strike; those after it are not asked and keep their counts."""
    return next((kind for kind in kinds if strikes(db, connection, faults, kind)), None)
