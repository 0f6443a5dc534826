"""Declared purposes on disk: the present version of each, and every version before it."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.events import Event, EventKind
from core.model.people import Actor
from core.model.purposes import Declaration, Values, values_of
from core.store.database import Transaction

What = Literal["declared", "changed", "adopted", "imported", "withdrawn"]

_PRESENT = (
    "SELECT p.connection, p.withdrawn, v.* FROM purposes p "
    "JOIN purpose_versions v ON v.purpose = p.number AND v.version = p.version"
)


@dataclass(frozen=True)
class PurposeVersion:
    """A purpose as somebody declared it: what they did, when and why."""

    connection: str
    declaration: Declaration
    version: int
    what: str
    at: datetime
    actor_name: str
    reason: str


def declare(
    transaction: Transaction, connection: str, declaration: Declaration, *, actor: Actor, what: What, reason: str
) -> int:
    """Write a new version with its audit event. Returns the version's number, from 1."""
    db = transaction.db
    version = version_of(db, connection, declaration.name) + 1
    (row,) = db.query(
        "INSERT INTO purposes (connection, name, version, withdrawn) VALUES (?,?,?,?) "
        "ON CONFLICT (connection, name) DO UPDATE SET version = excluded.version, withdrawn = excluded.withdrawn "
        "RETURNING number",
        [connection, declaration.name, version, int(what == "withdrawn")],
    )
    db.execute(
        "INSERT INTO purpose_versions (purpose, version, at, actor, actor_name, what, reason, content) "
        "VALUES (?,?,?,?,?,?,?,?)",
        [
            row["number"], version, to_text(transaction.at), actor.id, actor.name, what, reason,
            declaration.model_dump_json(),
        ],
    )  # fmt: skip
    because = {"reason_sha256": _sha256(reason)} if reason else {}
    if what == "withdrawn":
        kind, detail = EventKind.PURPOSE_WITHDRAWN, {"name": declaration.name, "version": version, **because}
    else:
        kind = EventKind.PURPOSE_DECLARED
        values = values_for_the_log(values_of(declaration))
        detail = {"name": declaration.name, "version": version, "what": what, **values, **because}
    transaction.record(Event(kind, actor.id, connection=connection, outcome=what, detail=detail))
    return version


def get(db: Database, connection: str, name: str) -> PurposeVersion | None:
    """The present version of a purpose that is declared; None if it never was, or was withdrawn."""
    for row in db.query(f"{_PRESENT} WHERE p.connection = ? AND p.name = ? AND NOT p.withdrawn", [connection, name]):
        return _version(row)
    return None


def present(db: Database, connection: str, names: Collection[str] | None = None) -> list[PurposeVersion]:
    """The present versions of all declared purposes, or of those named, in alphabetical order."""
    named = " AND p.name IN (SELECT value FROM json_each(?))" if names is not None else ""
    return [
        _version(row)
        for row in db.query(
            f"{_PRESENT} WHERE p.connection = ? AND NOT p.withdrawn{named} ORDER BY p.name",
            [connection, *([json.dumps(sorted(names))] if names is not None else [])],
        )
    ]


def names(db: Database, connection: str) -> list[str]:
    return [
        str(row["name"])
        for row in db.query("SELECT name FROM purposes WHERE connection = ? AND NOT withdrawn", [connection])
    ]


def version_of(db: Database, connection: str, name: str) -> int:
    """The number of the newest version, 0 where the purpose was never declared; a withdrawal counts as one."""
    for row in db.query("SELECT version FROM purposes WHERE connection = ? AND name = ?", [connection, name]):
        return int(row["version"])
    return 0


def history(db: Database, connection: str, name: str) -> list[PurposeVersion]:
    """Every version, the newest first."""
    return [
        _version(row)
        for row in db.query(
            "SELECT p.connection, v.* FROM purposes p JOIN purpose_versions v ON v.purpose = p.number "
            "WHERE p.connection = ? AND p.name = ? ORDER BY v.version DESC",
            [connection, name],
        )
    ]


def values_for_the_log(values: Values) -> dict[str, Any]:
    """A purpose's values as an audit event may carry them: the description only as its SHA-256."""
    kept = {field: value for field, value in values.items() if field != "description"}
    return {**kept, "description_sha256": _sha256(str(values["description"]))}


def _version(row: dict[str, Any]) -> PurposeVersion:
    return PurposeVersion(
        connection=row["connection"],
        declaration=Declaration.model_validate_json(row["content"]),
        version=row["version"],
        what=row["what"],
        at=from_text(row["at"]),
        actor_name=row["actor_name"],
        reason=row["reason"],
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
