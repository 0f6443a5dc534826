"""Decisions that wait for a second person: asked by one, decided by another, never about anything that has changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import rfc8785
from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.events import Event, EventKind
from core.model.people import Actor
from core.store import people
from core.store.database import Transaction


class ApprovalKind(StrEnum):
    ERASURE = "erasure"
    RETENTION_SHORTENING = "retention_shortening"
    HOLD_OVERRIDE = "hold_override"


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


class Asker(NamedTuple):
    """Who asks: an `Actor.id` and the name it goes with."""

    id: str
    name: str


class ApprovalError(Exception):
    """The decision does not count: own wish, decided already, or changed since. The message says which."""


@dataclass(frozen=True)
class Approval:
    """One decision; `about` is the id of what waits for it, `payload_sha256` the digest of what was asked for."""

    id: str
    kind: ApprovalKind
    about: str
    payload_sha256: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_by_name: str | None
    decided_at: datetime | None
    ground: str | None
    version: int


def digest(payload: Any) -> str:
    """SHA-256 (hexadecimal) of a payload's canonical JSON, RFC 8785."""
    return hashlib.sha256(rfc8785.dumps(payload)).hexdigest()


def ask(
    transaction: Transaction,
    kind: ApprovalKind,
    about: str,
    payload_sha256: str,
    actor: Actor | Asker,
    *,
    request: str | None = None,
) -> str:
    """Ask for a second person's decision; `request` puts the event on that request's timeline.

    Returns the approval's id, `AP-000042`.

    Raises ApprovalError where the same thing waits for one already.
    """
    if any(
        transaction.db.query(
            "SELECT 1 FROM approvals WHERE kind = ? AND about = ? AND state = 'pending'", [kind, about]
        )
    ):
        raise ApprovalError(f"{about} waits for a decision already.")
    number = transaction.db.execute(
        "INSERT INTO approvals (kind, about, payload_sha256, asked_by, asked_by_name, asked_at) VALUES (?,?,?,?,?,?)",
        [kind, about, payload_sha256, actor.id, actor.name, to_text(transaction.at)],
    ).lastrowid
    approval_id = f"AP-{number:06d}"
    detail = {"approval": approval_id, "kind": kind, "about": about, "payload_sha256": payload_sha256}
    transaction.record(
        Event(EventKind.APPROVAL_ASKED, actor.id, request=request, outcome=ApprovalState.PENDING, detail=detail)
    )
    return approval_id


def decide(
    transaction: Transaction,
    approval_id: str,
    *,
    version: int,
    payload_sha256: str,
    actor: Actor,
    approve: bool,
    ground: str = "",
    request: str | None = None,
) -> Approval:
    """Approve or deny. `version` is the one the person saw, `payload_sha256` the digest of what waits now.

    Raises ApprovalError, having written nothing, for the person who asked (see `people.same_person`: an account of
    theirs with the same e-mail address is them too), for what is decided already or was changed since, and for a
    denial without a ground.
    """
    found = _pending(transaction.db, approval_id)
    if people.same_person(transaction.db, actor.id, found.asked_by):
        raise ApprovalError(f"{approval_id} was asked for by you; somebody else has to decide it.")
    if found.version != version or found.payload_sha256 != payload_sha256:
        raise ApprovalError(f"{approval_id} has changed since this page was drawn. Look at it again first.")
    if not approve and not ground.strip():
        raise ApprovalError("A denial needs its ground.")
    state = ApprovalState.APPROVED if approve else ApprovalState.DENIED
    return _close(transaction, found, state, actor, ground, request)


def withdraw(transaction: Transaction, approval_id: str, actor: Actor, *, request: str | None = None) -> Approval:
    """Take a wish back, or let it lapse because what waited for it is gone. Raises ApprovalError once decided."""
    return _close(transaction, _pending(transaction.db, approval_id), ApprovalState.WITHDRAWN, actor, "", request)


def get(db: Database, approval_id: str) -> Approval | None:
    for row in db.query("SELECT * FROM approvals WHERE id = ?", [approval_id]):
        return _approval(row)
    return None


def pending(
    db: Database, kinds: Sequence[ApprovalKind] = tuple(ApprovalKind), limit: int = 100, offset: int = 0
) -> list[Approval]:
    """What waits, the oldest first."""
    marks = ",".join("?" * len(kinds))
    return [
        _approval(row)
        for row in db.query(
            f"SELECT * FROM approvals WHERE state = 'pending' AND kind IN ({marks}) ORDER BY number LIMIT ? OFFSET ?",  # noqa: S608 - only question marks are put in
            [*kinds, limit, offset],
        )
    ]


def count_pending(db: Database, kinds: Sequence[ApprovalKind] = tuple(ApprovalKind)) -> int:
    (row,) = db.query(
        "SELECT count(*) AS n FROM approvals WHERE state = 'pending' AND kind IN (SELECT value FROM json_each(?))",
        [json.dumps(list(kinds))],
    )
    return int(row["n"])


def about(db: Database, kind: ApprovalKind, thing: str) -> Approval | None:
    """The newest decision about one thing."""
    for row in db.query(
        "SELECT * FROM approvals WHERE kind = ? AND about = ? ORDER BY number DESC LIMIT 1", [kind, thing]
    ):
        return _approval(row)
    return None


def _pending(db: Database, approval_id: str) -> Approval:
    found = get(db, approval_id)
    if found is None:
        raise ApprovalError(f"There is nothing to decide under {approval_id}.")
    if found.state is not ApprovalState.PENDING:
        by = f" by {found.decided_by_name}" if found.decided_by_name else ""
        raise ApprovalError(f"{approval_id} is {found.state} already{by}.")
    return found


def _close(
    transaction: Transaction, found: Approval, state: ApprovalState, actor: Actor, ground: str, request: str | None
) -> Approval:
    ground = ground.strip()
    transaction.db.execute(
        "UPDATE approvals SET state = ?, decided_by = ?, decided_by_name = ?, decided_at = ?, ground = ?, "
        "version = version + 1 WHERE id = ?",
        [state, actor.id, actor.name, to_text(transaction.at), ground or None, found.id],
    )
    detail = {
        "approval": found.id,
        "kind": found.kind,
        "about": found.about,
        "payload_sha256": found.payload_sha256,
        "ground_sha256": hashlib.sha256(ground.encode()).hexdigest() if ground else None,
    }
    transaction.record(Event(EventKind.APPROVAL_DECIDED, actor.id, request=request, outcome=state, detail=detail))
    closed = get(transaction.db, found.id)
    assert closed is not None  # noqa: S101 - it was updated a moment ago
    return closed


def _approval(row: dict[str, Any]) -> Approval:
    return Approval(
        id=row["id"],
        kind=ApprovalKind(row["kind"]),
        about=row["about"],
        payload_sha256=row["payload_sha256"],
        asked_by=row["asked_by"],
        asked_by_name=row["asked_by_name"],
        asked_at=from_text(row["asked_at"]),
        state=ApprovalState(row["state"]),
        decided_by=row["decided_by"],
        decided_by_name=row["decided_by_name"],
        decided_at=from_text(row["decided_at"]) if row["decided_at"] else None,
        ground=row["ground"],
        version=row["version"],
    )
