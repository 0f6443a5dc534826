"""Enforcements on disk: the sets of changes that people asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.enforcements import ENDED, ChangeState
from core.model.events import Event, EventKind
from core.model.people import Actor
from core.model.purposes import Values
from core.store.database import Transaction
from core.store.enforcement_changes import number_of


@dataclass(frozen=True)
class NewChange:
    """One purpose to change: from what the person saw, to what is declared."""

    name: str
    vendor_id: str
    declared_version: int
    page: int
    before: Values
    wanted: Values
    shortens: bool


@dataclass(frozen=True)
class Enforcement:
    """One set of changes that one person asked for at once."""

    id: str
    connection: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    states: Mapping[ChangeState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def ended(self) -> int:
        return sum(count for state, count in self.states.items() if state in ENDED)

    @property
    def under_way(self) -> int:
        """How many will go on by themselves."""
        return self.total - self.ended - self.states.get(ChangeState.AWAITING_APPROVAL, 0)


def asked_with(db: Database, intent: str) -> str | None:
    """The enforcement that a preview's intent was asked for with, if it was."""
    for row in db.query("SELECT id FROM enforcements WHERE intent = ?", [intent]):
        return str(row["id"])
    return None


def add(
    transaction: Transaction,
    connection: str,
    new: Sequence[NewChange],
    *,
    actor: Actor,
    intent: str,
    approval_needed: bool,
    replaced: Sequence[str] = (),
) -> str:
    """Write an enforcement with its audit event; with `approval_needed`, what shortens waits for a second person."""
    db, at = transaction.db, to_text(transaction.at)
    number = db.execute(
        "INSERT INTO enforcements (intent, connection, asked_by, asked_by_name, asked_at) VALUES (?,?,?,?,?)",
        [intent, connection, actor.id, actor.name, at],
    ).lastrowid
    enforcement = f"PE-{number:06d}"
    for position, change in enumerate(new, 1):
        waits = approval_needed and change.shortens
        db.execute(
            "INSERT INTO enforcement_changes (id, enforcement, connection, name, vendor_id, declared_version, page, "
            "before, wanted, shortens, state, next_due_at, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                f"{enforcement}-{position}", number, connection, change.name, change.vendor_id,
                change.declared_version, change.page, json.dumps(dict(change.before)),
                json.dumps(dict(change.wanted)), int(change.shortens),
                ChangeState.AWAITING_APPROVAL if waits else ChangeState.QUEUED, None if waits else at, at,
            ],
        )  # fmt: skip
    detail = {
        "enforcement": enforcement,
        "changes": len(new),
        "shortening": sum(change.shortens for change in new),
        "replaced": len(replaced),
    }
    transaction.record(
        Event(EventKind.PURPOSE_ENFORCEMENT_ASKED, actor.id, connection=connection, outcome="asked", detail=detail)
    )
    return enforcement


def get(db: Database, enforcement: str) -> Enforcement | None:
    for row in db.query("SELECT * FROM enforcements WHERE number = ?", [number_of(enforcement)]):
        return _enforcement(db, row)
    return None


def newest(db: Database, connection: str, limit: int = 10) -> list[Enforcement]:
    return [
        _enforcement(db, row)
        for row in db.query(
            "SELECT * FROM enforcements WHERE connection = ? ORDER BY number DESC LIMIT ?", [connection, limit]
        )
    ]


def _enforcement(db: Database, row: dict[str, Any]) -> Enforcement:
    states = db.query(
        "SELECT state, count(*) AS n FROM enforcement_changes WHERE enforcement = ? GROUP BY state", [row["number"]]
    )
    return Enforcement(
        id=f"PE-{row['number']:06d}",
        connection=row["connection"],
        asked_by=row["asked_by"],
        asked_by_name=row["asked_by_name"],
        asked_at=from_text(row["asked_at"]),
        states={ChangeState(s["state"]): s["n"] for s in states},
    )
