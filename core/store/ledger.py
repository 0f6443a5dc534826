"""The re-erasure ledger: keyed hashes of everyone erased, kept beyond the records' disposal.

A restored backup or a re-imported list is checked against it, so that nobody who was erased comes back unnoticed.
The hash is an HMAC, under a key of its own, of the subject's pseudonym: one canonical form for all three.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.privacy_requests import TaskState
from core.store.database import Transaction
from core.store.keys import Keys


@dataclass(frozen=True)
class Erasure:
    """One erasure that ended well: which connection, when, and what of the person it was about."""

    task: str
    connection: str
    at: datetime
    state: TaskState
    categories: tuple[str, ...]
    scope: str


def ledger_hash(keys: Keys, pseudonym: str) -> str:
    return hmac.digest(keys.ledger, pseudonym.encode(), "sha256").hex()


def add(
    transaction: Transaction,
    pseudonym: str,
    *,
    task: str,
    connection: str,
    state: TaskState,
    categories: Iterable[str],
    scope: str,
) -> None:
    """Enter an erasure, in the transaction in which its task ends."""
    transaction.db.execute(
        "INSERT OR IGNORE INTO erasure_ledger (hash, task, connection, at, state, categories, scope) "
        "VALUES (?,?,?,?,?,?,?)",
        [
            ledger_hash(transaction.keys, pseudonym), task, connection, to_text(transaction.at), state,
            json.dumps(list(categories)), scope,
        ],
    )  # fmt: skip


def look_up(db: Database, hashes: Iterable[str]) -> Mapping[str, tuple[Erasure, ...]]:
    """The erasures under some hashes, in one query; the newest first."""
    found: dict[str, list[Erasure]] = {}
    for row in db.query(
        "SELECT l.* FROM json_each(?) j JOIN erasure_ledger l ON l.hash = j.value ORDER BY l.at DESC",
        [json.dumps(list(hashes))],
    ):
        found.setdefault(row["hash"], []).append(
            Erasure(
                row["task"],
                row["connection"],
                from_text(row["at"]),
                TaskState(row["state"]),
                tuple(json.loads(row["categories"])),
                row["scope"],
            )
        )
    return {hash_: tuple(erasures) for hash_, erasures in found.items()}
