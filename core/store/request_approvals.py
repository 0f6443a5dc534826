"""What a second person is asked to agree to when a privacy request waits for them."""

import hashlib
import json
from typing import Any

from sqlite_utils import Database

from core.model.people import Actor
from core.model.privacy_requests import TaskState
from core.store import approvals
from core.store.approvals import Approval, ApprovalKind, ApprovalState, Asker
from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier

KINDS = (ApprovalKind.ERASURE, ApprovalKind.HOLD_OVERRIDE)


def ask(transaction: Transaction, number: int, request_id: str, kind: ApprovalKind, asker: Actor | Asker) -> str:
    """Ask for the approval of a request's tasks that await it. Returns the approval's id."""
    payload = digest(transaction.db, number)
    return approvals.ask(transaction, kind, request_id, payload, asker, request=request_id)


def pending(db: Database, request_id: str) -> Approval | None:
    """The decision that a request waits for; there is one at the most."""
    for kind in KINDS:
        approval = approvals.about(db, kind, request_id)
        if approval and approval.state is ApprovalState.PENDING:
            return approval
    return None


def withdraw(transaction: Transaction, request_id: str, actor: Actor) -> None:
    """Let the pending decision lapse, if there is one: what waited for it is cancelled, held back or denied."""
    if approval := pending(transaction.db, request_id):
        approvals.withdraw(transaction, approval.id, actor, request=request_id)


def digest(db: Database, number: int) -> str:
    """The digest of exactly what is asked: the wish, the person, each task that awaits approval, what is overridden.

    The person and the description go in as the sealed bytes they are kept as, so that nothing has to be opened.
    """
    (row,) = db.query("SELECT * FROM requests WHERE number = ?", [number])
    sealed = [bytes(i["secret"]) for i in db.query("SELECT secret FROM identifiers WHERE request = ?", [number])]
    waiting = db.query(
        "SELECT id, connection, pseudonym FROM tasks WHERE request = ? AND state = ? ORDER BY number",
        [number, TaskState.AWAITING_APPROVAL],
    )
    payload: dict[str, Any] = {
        "request": row["id"],
        "type": row["type"],
        "categories": json.loads(row["categories"]),
        "scope": row["scope"],
        "subject": row["pseudonym"],
        "identifier_sha256": [hashlib.sha256(secret).hexdigest() for secret in sealed],
        "tasks": [[task["id"], task["connection"], task["pseudonym"]] for task in waiting],
        "overrides": json.loads(row["overrides"]),
        "reason_sha256": hashlib.sha256(row["override_reason"] or b"").hexdigest(),
    }
    return approvals.digest(payload)


def overridden(db: Database, keys: Keys, request_id: str) -> tuple[tuple[str, ...], str]:
    """The holds and immutable categories that a request asks to override, and why; nothing and "" for most."""
    for row in db.query("SELECT overrides, override_reason FROM requests WHERE id = ?", [request_id]):
        reason = row["override_reason"]
        return (
            tuple(json.loads(row["overrides"])),
            decrypt_identifier(keys, reason, request_id=request_id) if reason else "",
        )
    return (), ""


def filer(db: Database, request_id: str) -> Asker:
    """Who filed a request that exists."""
    (row,) = db.query("SELECT filed_by, filed_by_name FROM requests WHERE id = ?", [request_id])
    return Asker(row["filed_by"], row["filed_by_name"])
