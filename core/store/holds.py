"""Legal holds on disk: place, release, list, and which of them stand in the way of an erasure."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.holds import Hold, HoldGround
from core.model.people import Actor
from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier, encrypt_identifier


@dataclass(frozen=True)
class NewHold:
    """What is written when a hold is placed; `subject` and `matter` are encrypted, for people type names into them."""

    subject: str
    pseudonym: str | None
    categories: tuple[str, ...]
    ground: HoldGround
    matter: str
    owner: str
    review_on: date


def place(transaction: Transaction, new: NewHold, actor: Actor) -> Hold:
    db = transaction.db
    number = db.execute(
        "INSERT INTO holds (pseudonym, categories, ground, secret, owner, review_on, placed_by, placed_by_name, "
        "placed_at) VALUES (?,?,?,x'',?,?,?,?,?)",
        [
            new.pseudonym, json.dumps(new.categories), new.ground, new.owner, new.review_on.isoformat(),
            actor.id, actor.name, to_text(transaction.at),
        ],
    ).lastrowid  # fmt: skip
    hold_id = f"LH-{number:06d}"
    plain = json.dumps({"subject": new.subject, "matter": new.matter})
    sealed = encrypt_identifier(transaction.keys, plain, request_id=hold_id)
    db.execute("UPDATE holds SET secret = ? WHERE number = ?", [sealed, number])
    placed = get(db, transaction.keys, hold_id)
    assert placed is not None  # noqa: S101 - it was written a line ago
    return placed


def release(transaction: Transaction, hold_id: str, actor: Actor, reason: str) -> Hold:
    """End a hold that is active. What it held back stays where it is."""
    sealed = encrypt_identifier(transaction.keys, reason, request_id=hold_id)
    transaction.db.execute(
        "UPDATE holds SET released_by = ?, released_by_name = ?, released_at = ?, release_reason = ?, "
        "version = version + 1 WHERE id = ? AND released_at IS NULL",
        [actor.id, actor.name, to_text(transaction.at), sealed, hold_id],
    )
    released = get(transaction.db, transaction.keys, hold_id)
    assert released is not None  # noqa: S101 - the caller has seen it
    return released


def keep_on(transaction: Transaction, hold_id: str, review_on: date) -> None:
    """A hold was looked at and stays; `review_on` is when it is looked at again."""
    transaction.db.execute(
        "UPDATE holds SET review_on = ?, version = version + 1 WHERE id = ?", [review_on.isoformat(), hold_id]
    )


def get(db: Database, keys: Keys, hold_id: str) -> Hold | None:
    for row in db.query("SELECT * FROM holds WHERE id = ?", [hold_id]):
        return _hold(row, keys)
    return None


def find(db: Database, keys: Keys, *, released: bool = False, limit: int = 500) -> list[Hold]:
    """The active holds, or those that were released, the newest first."""
    condition = "IS NOT NULL" if released else "IS NULL"
    rows = db.query(
        f"SELECT * FROM holds WHERE released_at {condition} ORDER BY number DESC LIMIT ?",  # noqa: S608 - two fixed conditions
        [limit],
    )
    return [_hold(row, keys) for row in rows]


def due_for_review(db: Database, keys: Keys, today: date) -> list[Hold]:
    """The active holds whose day of review has come, the longest due first."""
    rows = db.query(
        "SELECT * FROM holds WHERE released_at IS NULL AND review_on <= ? ORDER BY review_on, number",
        [today.isoformat()],
    )
    return [_hold(row, keys) for row in rows]


def any_active(db: Database) -> bool:
    return any(db.query("SELECT 1 FROM holds WHERE released_at IS NULL LIMIT 1"))


def covering(db: Database, keys: Keys, pseudonyms: Iterable[str], categories: Collection[str]) -> list[Hold]:
    """The active holds that keep an erasure of these categories of this person, the oldest first."""
    return [_hold(row, keys) for row in _covering(db, pseudonyms, categories)]


def in_the_way_of(db: Database, request: int) -> list[str]:
    """The ids of the active holds that keep an erasure request, by its row number; not those that it overrides."""
    for row in db.query("SELECT type, pseudonym, categories, overrides FROM requests WHERE number = ?", [request]):
        if row["type"] != "ERASURE" or not any_active(db):
            return []
        known_as = {row["pseudonym"], *(t["pseudonym"] for t in _tasks(db, request))}
        overridden = set(json.loads(row["overrides"]))
        covers = _covering(db, known_as, json.loads(row["categories"]))
        return [hold["id"] for hold in covers if hold["id"] not in overridden]
    return []


def open_requests_under(db: Database, hold: Hold) -> list[int]:
    """The row numbers of the open erasure requests that a hold covers, the oldest first."""
    open_erasure = "r.type = 'ERASURE' AND r.closed_at IS NULL"
    if hold.pseudonym is not None:
        rows = db.query(
            f"SELECT r.number, r.categories FROM requests r WHERE {open_erasure} AND r.number IN "  # noqa: S608 - fixed text
            "(SELECT number FROM requests WHERE pseudonym = ? "
            "UNION SELECT request FROM tasks WHERE pseudonym = ? AND identifier > 0) ORDER BY r.number",
            [hold.pseudonym, hold.pseudonym],
        )
    else:
        # Sorted by what is no column, so that only the open ones are looked at, through their own index.
        rows = db.query(f"SELECT r.number, r.categories FROM requests r WHERE {open_erasure} ORDER BY +r.number")  # noqa: S608 - fixed text
    wanted = set(hold.categories)
    return [row["number"] for row in rows if not wanted or not wanted.isdisjoint(json.loads(row["categories"]))]


def _covering(db: Database, pseudonyms: Iterable[str], categories: Collection[str]) -> list[dict[str, Any]]:
    rows = db.query(
        "SELECT * FROM holds WHERE released_at IS NULL AND pseudonym IN (SELECT value FROM json_each(?)) "
        "UNION ALL SELECT * FROM holds WHERE released_at IS NULL AND pseudonym IS NULL",
        [json.dumps(sorted(pseudonyms))],
    )
    found = [
        row for row in rows
        if not (held := json.loads(row["categories"])) or not set(held).isdisjoint(categories)
    ]  # fmt: skip
    return sorted(found, key=lambda row: int(row["number"]))


def _tasks(db: Database, request: int) -> Iterable[dict[str, Any]]:
    return db.query("SELECT DISTINCT pseudonym FROM tasks WHERE request = ?", [request])


def _hold(row: dict[str, Any], keys: Keys) -> Hold:
    secret = json.loads(decrypt_identifier(keys, row["secret"], request_id=row["id"]))
    return Hold(
        id=row["id"],
        pseudonym=row["pseudonym"],
        categories=tuple(json.loads(row["categories"])),
        ground=HoldGround(row["ground"]),
        matter=secret["matter"],
        owner=row["owner"],
        review_on=date.fromisoformat(row["review_on"]),
        placed_by=row["placed_by_name"],
        placed_at=from_text(row["placed_at"]),
        released_by=row["released_by_name"],
        released_at=from_text(row["released_at"]) if row["released_at"] else None,
        version=row["version"],
        subject=secret["subject"] or None,
    )
