"""Privacy requests on disk: file one, find many, show one; a request's state follows its tasks."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.behind import Behind
from core.model.deadlines import Deadline
from core.model.events import Event, EventKind
from core.model.privacy_requests import (
    CLOSED,
    PrivacyRequest,
    RequestState,
    RequestType,
    TaskState,
    request_state,
)
from core.store import behind, identifiers, request_approvals, tasks
from core.store.approvals import ApprovalKind, Asker
from core.store.database import Transaction
from core.store.keys import encrypt_identifier
from core.store.rows import rows

COUNT_CAP = 10_001


@dataclass(frozen=True)
class NewRequest:
    """What is written when a request is filed; `intent` is the form's, one for any number of clicks."""

    intent: str
    type: RequestType
    categories: tuple[str, ...]
    scope: str
    law: str
    region: str | None
    received: date
    reference: str
    filed_by: str
    filed_by_name: str
    pseudonym: str
    secret: identifiers.Secret
    deadlines: tuple[Deadline, ...]
    policy_version: str
    connections: tuple[tuple[str, str], ...]  # (connection, contract)
    also_known_as: tuple[str, ...] = ()  # pseudonyms of the further identifiers, as the secret has them
    start: TaskState = TaskState.QUEUED  # or awaiting_approval, or on_hold
    grace: timedelta = timedelta(0)  # before a queued erasure is sent
    approval: ApprovalKind | None = None  # what a second person is asked for
    overrides: tuple[str, ...] = ()  # holds (LH-000001) and immutable categories that the second person may override
    reason: str = ""  # why they should

    @property
    def due_on(self) -> date:
        return next(d.due for d in self.deadlines if d.what == "respond")

    @property
    def pseudonyms(self) -> tuple[str, ...]:
        """Of all identifiers; each gets a task at each connection."""
        return (self.pseudonym, *self.also_known_as)


@dataclass(frozen=True)
class RequestFilter:
    """What to look for. `text` matches a request id, a reference, a vendor's id or a pseudonym, each whole."""

    states: tuple[RequestState, ...] = ()
    type: RequestType | None = None
    connection: str | None = None
    text: str = ""
    pseudonym: str | None = None  # of `text`, so that an identifier finds its requests
    due_from: date | None = None  # of open requests, as due_before
    due_before: date | None = None
    closed_since: datetime | None = None
    submitted_since: datetime | None = None
    submitted_until: datetime | None = None
    batch: int | None = None  # its number
    in_grace_at: datetime | None = None  # an erasure of it is not sent before a later instant
    behind: Behind | None = None  # a number that it is counted in
    order: str = "newest"  # newest, due


@dataclass(frozen=True)
class RequestSummary:
    """One line of the list; `connections` are those of its present tasks."""

    id: str
    type: RequestType
    state: RequestState
    categories: tuple[str, ...]
    scope: str
    law: str
    due_on: date
    submitted_at: datetime
    closed_at: datetime | None
    reference: str
    connections: tuple[str, ...]
    error: str | None
    filed_by_name: str
    pseudonym: str


def file(transaction: Transaction, new: NewRequest) -> tuple[str, bool]:
    """Write a request, its tasks, its encrypted identifier and its audit event.

    Returns its id and whether it is new: an intent that was filed before gives the request of that time.
    """
    db = transaction.db
    if filed := filed_with(db, new.intent):
        return filed, False
    at = to_text(transaction.at)
    state = request_state([new.start])
    number = db.execute(
        "INSERT INTO requests (intent, type, categories, scope, law, region, received, submitted_at, reference, "
        "filed_by, filed_by_name, state, pseudonym, due_on, deadlines, policy_version, overrides) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            new.intent, new.type, json.dumps(new.categories), new.scope, new.law, new.region,
            new.received.isoformat(), at, new.reference, new.filed_by, new.filed_by_name, state,
            new.pseudonym, new.due_on.isoformat(), deadlines_to_json(new.deadlines), new.policy_version,
            json.dumps(new.overrides),
        ],
    ).lastrowid  # fmt: skip
    assert number is not None  # noqa: S101 - an INSERT always has one
    request_id = f"PR-{number:06d}"
    identifiers.keep(transaction, number, request_id, new.secret)
    if new.reason:
        sealed = encrypt_identifier(transaction.keys, new.reason, request_id=request_id)
        db.execute("UPDATE requests SET override_reason = ? WHERE number = ?", [sealed, number])
    task_ids = [
        tasks.add(
            transaction,
            number,
            request_id,
            connection,
            contract,
            new.type,
            pseudonym,
            new.due_on,
            new.start,
            identifier,
            grace=new.grace,
        )
        for connection, contract in new.connections
        for identifier, pseudonym in enumerate(new.pseudonyms)
    ]
    transaction.record(
        Event(
            EventKind.REQUEST_FILED,
            new.filed_by,
            request=request_id,
            outcome=state,
            detail={**wish(new), "subject": new.pseudonym, "tasks": task_ids},
        )
    )
    if new.approval:
        asker = Asker(new.filed_by, new.filed_by_name)
        request_approvals.ask(transaction, number, request_id, new.approval, asker)
    return request_id, True


def wish(new: NewRequest) -> dict[str, Any]:
    """What the event of filing tells, but for the person and the tasks."""
    return {
        "type": new.type,
        "categories": list(new.categories),
        "scope": new.scope,
        "law": new.law,
        "region": new.region,
        "received": new.received.isoformat(),
        "due": new.due_on.isoformat(),
        "policy": new.policy_version,
        "pack": next((d.rule for d in new.deadlines if d.what == "respond"), ""),
        "overrides": list(new.overrides),
    }


def filed_with(db: Database, intent: str) -> str | None:
    """The request that a form's intent was filed as, if it was."""
    for row in db.query("SELECT id FROM requests WHERE intent = ?", [intent]):
        return str(row["id"])
    return None


def number_of(db: Database, request_id: str) -> int:
    """The row number of a request that exists."""
    (row,) = db.query("SELECT number FROM requests WHERE id = ?", [request_id])
    return int(row["number"])


def follow_tasks(transaction: Transaction, number: int, *, actor: str, grace_days: float) -> RequestState:
    """Derive the request's state from its tasks; closing it is an event and starts its identifier's grace."""
    db = transaction.db
    (row,) = rows(db, "SELECT id, state, pseudonym FROM requests WHERE number = ?", [number])
    states = [
        TaskState(t["state"])
        for t in rows(db, "SELECT state FROM tasks WHERE request = ? AND superseded_by IS NULL", [number])
    ]
    before, after = RequestState(row["state"]), request_state(states)
    closed_at = to_text(transaction.at) if after in CLOSED else None
    db.execute(
        "UPDATE requests SET state = ?, version = version + 1, "
        "closed_at = CASE WHEN ? IS NULL THEN NULL ELSE coalesce(closed_at, ?) END WHERE number = ?",
        [after, closed_at, closed_at, number],
    )
    if after in CLOSED and before not in CLOSED:
        identifiers.destroy_later(transaction, number, grace_days)
        transaction.record(
            Event(
                EventKind.REQUEST_CLOSED,
                actor,
                request=row["id"],
                outcome=after,
                detail={"state": after, "subject": row["pseudonym"]},
            )
        )
    if before in CLOSED and after not in CLOSED:
        identifiers.spare(transaction, number)
    return after


def find(db: Database, where: RequestFilter, *, limit: int = 50, offset: int = 0) -> tuple[list[RequestSummary], int]:
    """One page of requests, and how many match in all (counted to `COUNT_CAP` at the most)."""
    clauses, values = conditions(where)
    # Only these two fixed strings are ever put into the statement.
    order = {"newest": "r.number DESC", "due": "r.due_on, r.number"}[where.order]
    condition = " AND ".join(clauses) or "1"
    listed = db.query(
        f"SELECT r.*, (SELECT json_group_array(DISTINCT connection) FROM tasks t WHERE t.request = r.number "  # noqa: S608 - fixed clauses, bound values
        "AND t.superseded_by IS NULL) AS connections, "
        "(SELECT t.error FROM tasks t WHERE t.request = r.number AND t.superseded_by IS NULL "
        "AND t.error IS NOT NULL LIMIT 1) AS error "
        f"FROM requests r WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    found = [_summary(row) for row in listed]
    (counted,) = db.query(
        f"SELECT count(*) AS n FROM (SELECT 1 FROM requests r WHERE {condition} LIMIT ?)",  # noqa: S608 - as above
        [*values, COUNT_CAP],
    )
    return found, int(counted["n"])


def get(db: Database, request_id: str) -> PrivacyRequest | None:
    """One request with its tasks, those that a retry replaced included; `subject` is left None."""
    for row in db.query("SELECT * FROM requests WHERE id = ?", [request_id]):
        return PrivacyRequest(
            id=row["id"],
            type=RequestType(row["type"]),
            categories=tuple(json.loads(row["categories"])),
            scope=row["scope"],
            description="",
            law=row["law"],
            region=row["region"],
            received=date.fromisoformat(row["received"]),
            submitted_at=from_text(row["submitted_at"]),
            reference=row["reference"],
            filed_by=row["filed_by_name"],
            state=RequestState(row["state"]),
            closed_at=from_text(row["closed_at"]) if row["closed_at"] else None,
            pseudonym=row["pseudonym"],
            subject=None,
            due_on=date.fromisoformat(row["due_on"]),
            deadlines=_deadlines_from_json(row["deadlines"]),
            policy_version=row["policy_version"],
            version=row["version"],
            tasks=tuple(tasks.of_request(db, row["number"])),
            batch=f"B-{row['batch']:06d}" if row["batch"] else None,
        )
    return None


def holders(db: Database, wanted: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """Of these (connection, pseudonym, type) the ones that have an open task, each with its request's id."""
    taken = db.query(
        "SELECT t.connection, t.pseudonym, t.kind, r.id FROM json_each(?) AS w "
        "CROSS JOIN tasks t ON t.connection = w.value ->> 0 AND t.pseudonym = w.value ->> 1 "
        "AND t.kind = w.value ->> 2 AND t.ended_at IS NULL CROSS JOIN requests r ON r.number = t.request",
        [json.dumps(list(wanted))],
    )
    return {(row["connection"], row["pseudonym"], row["kind"]): row["id"] for row in taken}


def open_task_for(db: Database, connection: str, pseudonym: str, kind: str) -> str | None:
    """The request that already has an open task for this subject, system and type, if there is one."""
    for row in db.query(
        "SELECT r.id FROM tasks t JOIN requests r ON r.number = t.request "
        "WHERE t.connection = ? AND t.pseudonym = ? AND t.kind = ? AND t.ended_at IS NULL",
        [connection, pseudonym, kind],
    ):
        return str(row["id"])
    return None


def closed_since(db: Database, since: datetime) -> int:
    (row,) = db.query("SELECT count(*) AS n FROM requests WHERE closed_at >= ?", [to_text(since)])
    return int(row["n"])


def conditions(where: RequestFilter) -> tuple[list[str], list[Any]]:
    """What `requests AS r` must fulfil for a filter, and the values to bind, in their order."""
    clauses: list[str] = []
    values: list[Any] = []

    def also(clause: str, *bound: Any) -> None:
        clauses.append(clause)
        values.extend(bound)

    if where.states:
        also("r.state IN (SELECT value FROM json_each(?))", json.dumps(where.states))
    if where.type:
        also("r.type = ?", where.type)
    if where.connection:
        also("EXISTS (SELECT 1 FROM tasks t WHERE t.request = r.number AND t.connection = ?)", where.connection)
    if where.text:
        also(
            "(r.id = upper(?) OR r.reference = ? OR r.pseudonym IN (?, ?) OR r.number IN "
            "(SELECT t.request FROM tasks t WHERE t.vendor_request_id = ?) OR r.number IN "
            "(SELECT t.request FROM tasks t WHERE t.identifier > 0 AND t.pseudonym IN (?, ?)))",
            where.text,
            where.text,
            where.text,
            where.pseudonym,
            where.text,
            where.text,
            where.pseudonym,
        )
    if where.due_from:
        also("r.closed_at IS NULL AND r.due_on >= ?", where.due_from.isoformat())
    if where.due_before:
        also("r.closed_at IS NULL AND r.due_on < ?", where.due_before.isoformat())
    if where.in_grace_at:
        also(
            "r.number IN (SELECT t.request FROM tasks t WHERE t.grace_until > ? AND t.state = 'queued' "
            "AND t.attempts = 0 AND t.superseded_by IS NULL)",
            to_text(where.in_grace_at),
        )
    if where.closed_since:
        also("r.closed_at >= ?", to_text(where.closed_since))
    if where.submitted_since:
        also("r.submitted_at >= ?", to_text(where.submitted_since))
    if where.submitted_until:
        also("r.submitted_at < ?", to_text(where.submitted_until))
    if where.batch is not None:
        also("r.batch = ?", where.batch)
    for clause, bound in behind.conditions(where.behind) if where.behind else ():
        also(clause, *bound)
    return clauses, values


def _summary(row: dict[str, Any]) -> RequestSummary:
    return RequestSummary(
        id=row["id"],
        type=RequestType(row["type"]),
        state=RequestState(row["state"]),
        categories=tuple(json.loads(row["categories"])),
        scope=row["scope"],
        law=row["law"],
        due_on=date.fromisoformat(row["due_on"]),
        submitted_at=from_text(row["submitted_at"]),
        closed_at=from_text(row["closed_at"]) if row["closed_at"] else None,
        reference=row["reference"],
        connections=tuple(json.loads(row["connections"])),
        error=json.loads(row["error"])["message"] if row["error"] else None,
        filed_by_name=row["filed_by_name"],
        pseudonym=row["pseudonym"],
    )


def deadlines_to_json(deadlines: Sequence[Deadline]) -> str:
    return json.dumps([{**asdict(d), "due": d.due.isoformat()} for d in deadlines])


def _deadlines_from_json(text: str) -> tuple[Deadline, ...]:
    return tuple(Deadline(**{**d, "due": date.fromisoformat(d["due"])}) for d in json.loads(text))
