"""Denied requests: by whom, on which legal ground, with a note that is encrypted."""

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.denials import Denial, DenialCode
from core.model.people import Actor
from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier, encrypt_identifier


def keep(transaction: Transaction, number: int, request_id: str, actor: Actor, code: DenialCode, note: str) -> None:
    """Put the denial of a request, by its row number and id, on record; a request is denied once."""
    sealed = encrypt_identifier(transaction.keys, note, request_id=request_id) if note else None
    transaction.db.execute(
        "INSERT INTO denials (request, at, actor, actor_name, code, class_7102, note) VALUES (?,?,?,?,?,?,?)",
        [number, to_text(transaction.at), actor.id, actor.name, code, code.class_7102, sealed],
    )


def of_request(db: Database, keys: Keys, request_id: str) -> Denial | None:
    for row in db.query(
        "SELECT d.* FROM denials d JOIN requests r ON r.number = d.request WHERE r.id = ?", [request_id]
    ):
        note = decrypt_identifier(keys, row["note"], request_id=request_id) if row["note"] else ""
        return Denial(from_text(row["at"]), row["actor_name"], DenialCode(row["code"]), note)
    return None
