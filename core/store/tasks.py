"""Vendor tasks on disk: waiting is a row with a due time, an outcome is one update."""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.privacy_requests import (
    TERMINAL,
    TRACKED,
    WAITS_FOR_A_PERSON,
    CascadeEntry,
    RequestType,
    Task,
    TaskError,
    TaskState,
    check_transition,
)
from core.store import connection_states, phases
from core.store.database import Transaction
from core.store.rows import rows

# What an outcome may change of a task's row.
_CHANGED = (
    "state",
    "vendor_status",
    "vendor_request_id",
    "next_due_at",
    "submitted_at",
    "trying_since",
    "ended_at",
    "latency_ms",
    "records_affected",
    "cascade",
    "error",
    "fence",
    "may_have_acted",
    *phases.COLUMNS,
)


@dataclass(frozen=True)
class Outcome:
    """What one step found out. A field left None keeps what was known before, except `error` and `next_due_at`."""

    state: TaskState
    next_due_at: datetime | None = None
    vendor_status: str | None = None
    vendor_request_id: str | None = None
    records_affected: int | None = None
    cascade: tuple[CascadeEntry, ...] = ()
    error: TaskError | None = None
    may_have_acted: bool = False  # sticks: once the vendor may have acted, no later refusal undoes that
    vendors_own_ms: int | None = None  # how long the vendor says that it took


def add(
    transaction: Transaction,
    number: int,
    request_id: str,
    connection: str,
    contract: str,
    kind: RequestType,
    pseudonym: str,
    due_on: date,
    state: TaskState,
    identifier: int = 0,
    *,
    grace: timedelta = timedelta(0),
) -> str:
    """A new task with an intent of its own, due after its grace if it is queued. Returns its id, `PR-000042-1`."""
    (row,) = transaction.db.query("SELECT count(*) AS n FROM tasks WHERE request = ?", [number])
    task_id = f"{request_id}-{row['n'] + 1}"
    at = to_text(transaction.at)
    due = to_text(transaction.at + grace) if state is TaskState.QUEUED else None
    transaction.db.execute(
        "INSERT INTO tasks (id, request, connection, contract, kind, pseudonym, due_on, intent, state, "
        "next_due_at, grace_until, created_at, identifier, batch) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,(SELECT batch FROM requests WHERE number = ?))",
        [
            task_id, number, connection, contract, kind, pseudonym, due_on.isoformat(), str(uuid.uuid4()),
            state, due, due if grace else None, at, identifier, number,
        ],
    )  # fmt: skip
    return task_id


def supersede(transaction: Transaction, old: str, new: str) -> None:
    """A retry took an ended task's place."""
    transaction.db.execute("UPDATE tasks SET superseded_by = ? WHERE id = ?", [new, old])


def change(transaction: Transaction, task_id: str, outcome: Outcome) -> Task:
    """Move a task to a state that may follow its own; ends any lease on it. Raises TransitionError."""
    db, at = transaction.db, to_text(transaction.at)
    (row,) = rows(
        db,
        "SELECT t.*, r.id AS request_id FROM tasks t JOIN requests r ON r.number = t.request WHERE t.id = ?",
        [task_id],
    )
    before = TaskState(row["state"])
    check_transition(before, outcome.state)
    phases.count(
        row,
        outcome.state,
        transaction.at,
        vendors_own_ms=outcome.vendors_own_ms,
        throttled_since=connection_states.throttled_since(db, row["connection"]),
    )
    ended = at if outcome.state in TERMINAL else None
    vendor_id = outcome.vendor_request_id or row["vendor_request_id"]
    submitted_at = row["submitted_at"] or (at if vendor_id or outcome.state in TRACKED else None)
    # The time allowed begins anew when the vendor took the request on, and when a person said to go on.
    begins_anew = (submitted_at and not row["submitted_at"]) or before in WAITS_FOR_A_PERSON
    row |= {
        "state": outcome.state,
        "vendor_status": outcome.vendor_status or row["vendor_status"],
        "vendor_request_id": vendor_id,
        "next_due_at": to_text(outcome.next_due_at) if outcome.next_due_at else None,
        "submitted_at": submitted_at,
        "trying_since": at if begins_anew else row["trying_since"],
        "ended_at": ended,
        "latency_ms": phases.spent(row) if ended else None,
        "records_affected": outcome.records_affected
        if outcome.records_affected is not None
        else row["records_affected"],
        "cascade": json.dumps([asdict(c) for c in outcome.cascade]) if outcome.cascade else row["cascade"],
        "error": json.dumps(asdict(outcome.error)) if outcome.error else None,
        "fence": row["fence"] + 1,
        "may_have_acted": int(row["may_have_acted"] or outcome.may_have_acted),
    }
    changes = ", ".join(f"{column} = :{column}" for column in _CHANGED)
    db.execute(
        f"UPDATE tasks SET {changes}, lease_owner = NULL, woken = 0 WHERE number = :number",  # noqa: S608 - fixed names
        {column: row[column] for column in (*_CHANGED, "number")},
    )
    return from_row(row, row["request_id"])


def move_due_times(transaction: Transaction, seconds: float) -> None:
    """Shift every waiting time, when the wall clock itself was shifted."""
    transaction.db.execute(
        "UPDATE tasks SET next_due_at = strftime('%Y-%m-%dT%H:%M:%f', next_due_at, ?) || '000Z' "
        "WHERE next_due_at IS NOT NULL",
        [f"{seconds:+.3f} seconds"],
    )
    transaction.db.execute(
        "UPDATE tasks SET grace_until = strftime('%Y-%m-%dT%H:%M:%f', grace_until, ?) || '000Z' WHERE grace_until > ?",
        [f"{seconds:+.3f} seconds", to_text(transaction.at)],
    )


def wake(transaction: Transaction, task_id: str) -> None:
    """Look at a tracked task now; one that is being looked at will be looked at once more."""
    transaction.db.execute(
        "UPDATE tasks SET woken = (lease_owner IS NOT NULL), "
        "next_due_at = CASE WHEN lease_owner IS NULL THEN ? ELSE next_due_at END WHERE id = ?",
        [to_text(transaction.at), task_id],
    )


def holder_of(db: Database, connection: str, vendor_request_id: str) -> str | None:
    """The task that the vendor's id belongs to."""
    for row in rows(
        db, "SELECT id FROM tasks WHERE connection = ? AND vendor_request_id = ?", [connection, vendor_request_id]
    ):
        return str(row["id"])
    return None


def unanswered(db: Database, connection: str, pseudonym: str) -> list[tuple[str, TaskState]]:
    """The open tasks about a subject that were sent, or perhaps were, without the vendor's id being known.

    Only where there is exactly one can an event that names the subject be about it.
    """
    return [
        (str(row["id"]), TaskState(row["state"]))
        for row in db.query(
            "SELECT id, state FROM tasks WHERE connection = ? AND pseudonym = ? AND ended_at IS NULL "
            "AND vendor_request_id IS NULL AND attempts > 0",
            [connection, pseudonym],
        )
    ]


def due_elsewhere(db: Database, connections: Iterable[str], now: datetime, limit: int = 100) -> list[Task]:
    """Due tasks of connections that are not among these: nobody would ever look at them again."""
    return [
        from_row(row, row["request_id"])
        for row in db.query(
            "SELECT t.*, r.id AS request_id FROM tasks t JOIN requests r ON r.number = t.request "
            "WHERE t.ended_at IS NULL AND t.next_due_at <= ? "
            "AND t.connection NOT IN (SELECT value FROM json_each(?)) LIMIT ?",
            [to_text(now), json.dumps(list(connections)), limit],
        )
    ]


def get(db: Database, task_id: str) -> tuple[Task, int] | None:
    """A task and the number of its request."""
    for row in db.query(
        "SELECT t.*, r.id AS request_id FROM tasks t JOIN requests r ON r.number = t.request WHERE t.id = ?",
        [task_id],
    ):
        return from_row(row, row["request_id"]), int(row["request"])
    return None


def of_request(db: Database, number: int) -> Iterator[Task]:
    for row in db.query(
        "SELECT t.*, r.id AS request_id FROM tasks t JOIN requests r ON r.number = t.request "
        "WHERE t.request = ? ORDER BY t.number",
        [number],
    ):
        yield from_row(row, row["request_id"])


def requests_in(db: Database, state: TaskState, limit: int = -1) -> list[tuple[int, str]]:
    """Number and id of the requests that have a task in a state now, the oldest first."""
    rows = db.query(
        "SELECT DISTINCT r.number, r.id FROM tasks t JOIN requests r ON r.number = t.request "
        "WHERE t.state = ? AND t.superseded_by IS NULL ORDER BY r.number LIMIT ?",
        [state, limit],
    )
    return [(row["number"], row["id"]) for row in rows]


def from_row(row: dict[str, Any], request_id: str) -> Task:
    """A row of the table, as the model has it."""
    return Task(
        id=row["id"],
        request_id=request_id,
        connection=row["connection"],
        contract=row["contract"],
        kind=RequestType(row["kind"]),
        intent=row["intent"],
        state=TaskState(row["state"]),
        vendor_status=row["vendor_status"],
        vendor_request_id=row["vendor_request_id"],
        attempts=row["attempts"],
        polls=row["polls"],
        next_due_at=_instant(row["next_due_at"]),
        created_at=_instant(row["created_at"]),
        submitted_at=_instant(row["submitted_at"]),
        ended_at=_instant(row["ended_at"]),
        latency_ms=row["latency_ms"],
        records_affected=row["records_affected"],
        cascade=tuple(CascadeEntry(**entry) for entry in json.loads(row["cascade"])),
        error=TaskError(**json.loads(row["error"])) if row["error"] else None,
        fence=row["fence"],
        may_have_acted=bool(row["may_have_acted"]),
        trying_since=_instant(row["trying_since"]),
        superseded_by=row["superseded_by"],
        pseudonym=row["pseudonym"],
        identifier=row["identifier"],
    )


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
