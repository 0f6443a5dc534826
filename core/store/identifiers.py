"""Who a request is about: encrypted, in this one table only, and destroyed some days after the request is closed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from core.clock import to_text
from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier, encrypt_identifier
from core.store.rows import rows


@dataclass(frozen=True)
class Secret:
    """What only the vault of this table knows in the clear; free text is here too, for people type names into it."""

    subject: str
    description: str
    also_known_as: tuple[str, ...] = ()  # further identifiers of the same person

    def identifier(self, index: int) -> str:
        """The one that a task is about: 0 is the subject."""
        return (self.subject, *self.also_known_as)[index]


def seal(keys: Keys, request_id: str, secret: Secret) -> bytes:
    """A secret as it is stored; it can be opened for the same request only."""
    plain: dict[str, object] = {"subject": secret.subject, "description": secret.description}
    if secret.also_known_as:
        plain["also_known_as"] = secret.also_known_as
    return encrypt_identifier(keys, json.dumps(plain), request_id=request_id)


def keep(transaction: Transaction, number: int, request_id: str, secret: Secret) -> None:
    transaction.db.execute(
        "INSERT INTO identifiers (request, secret) VALUES (?, ?)",
        [number, seal(transaction.keys, request_id, secret)],
    )


def reveal(db: Database, keys: Keys, request_id: str) -> Secret | None:
    """The secret of one request, or None once it is destroyed."""
    return reveal_many(db, keys, [request_id]).get(request_id)


def reveal_many(db: Database, keys: Keys, request_ids: Iterable[str]) -> dict[str, Secret]:
    """The secrets that still exist, by request id, in one query."""
    found = rows(
        db,
        "SELECT r.id, i.secret FROM identifiers i JOIN requests r ON r.number = i.request "
        "WHERE r.id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(request_ids))],
    )
    return {row["id"]: _opened(decrypt_identifier(keys, row["secret"], request_id=row["id"])) for row in found}


def _opened(plain: str) -> Secret:
    values = json.loads(plain)
    return Secret(values["subject"], values["description"], tuple(values.get("also_known_as", ())))


def destroy_later(transaction: Transaction, number: int, grace_days: float) -> None:
    """Mark for destruction when the request closed now has been closed for `grace_days`."""
    due = to_text(transaction.at + timedelta(days=grace_days))
    transaction.db.execute("UPDATE identifiers SET destroy_after = ? WHERE request = ?", [due, number])


def spare(transaction: Transaction, number: int) -> None:
    """A request that was closed is open again: keep its identifier."""
    transaction.db.execute("UPDATE identifiers SET destroy_after = NULL WHERE request = ?", [number])


def any_due(db: Database, now: datetime) -> bool:
    return any(db.query("SELECT 1 FROM identifiers WHERE destroy_after <= ? LIMIT 1", [to_text(now)]))


def destroy_due(transaction: Transaction, now: datetime, limit: int = 500) -> list[tuple[str, str]]:
    """Destroy what is due (`secure_delete` overwrites it). Returns (request id, pseudonym) of each."""
    due = list(
        transaction.db.query(
            "SELECT i.request AS number, r.id, r.pseudonym FROM identifiers i "
            "JOIN requests r ON r.number = i.request WHERE i.destroy_after <= ? LIMIT ?",
            [to_text(now), limit],
        )
    )
    for row in due:
        transaction.db.execute("DELETE FROM identifiers WHERE request = ?", [row["number"]])
    return [(row["id"], row["pseudonym"]) for row in due]
