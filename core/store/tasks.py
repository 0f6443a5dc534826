"""Vendor tasks on disk: waiting is a row with a due time, a lease is a fencing number, an outcome is one update."""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
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
from core.store import connection_states, erasures_sent, phases
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


# What a lease reads of a task and of its request.
_LEASED = "t.*, r.categories, r.scope, r.id AS request_id FROM tasks t JOIN requests r ON r.number = t.request"


@dataclass(frozen=True)
class Leased:
    """A task that this worker alone may act on until the lease runs out.

    `recovered` says that its last holder sent, or may have sent, and never told the outcome.
    """

    task: Task
    number: int
    request_number: int
    recovered: bool
    categories: tuple[str, ...]
    scope: str
    pseudonym: str
    leased_until: datetime


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


def due_to_send(
    db: Database, connection: str, now: datetime, limit: int, *, new_erasures: bool = True
) -> list[dict[str, Any]]:
    """What is due to be sent, nearest legal deadline first; without `new_erasures`, only what was sent before or is
    no erasure. What a worker began to send and never told about is among it once its lease has run out."""
    # The clause for the state is that of the index, word for word: SQLite takes a partial one only then.
    return rows(
        db,
        f"SELECT {_LEASED} WHERE t.connection = ? AND t.state IN ('queued', 'sending') AND t.next_due_at <= ? "
        "AND (? OR t.kind != 'ERASURE' OR t.attempts > 0) ORDER BY t.due_on, t.next_due_at LIMIT ?",
        [connection, to_text(now), new_erasures, limit],
    )


def due_to_track(db: Database, connection: str, now: datetime, limit: int) -> list[dict[str, Any]]:
    """What the vendor is due to be asked about, the longest wait first, so that none is passed over for ever."""
    return rows(
        db,
        f"SELECT {_LEASED} WHERE t.connection = ? AND t.state IN ('in_progress', 'unknown_vendor_status') "
        "AND t.next_due_at <= ? ORDER BY t.next_due_at LIMIT ?",
        [connection, to_text(now), limit],
    )


def least_tried(db: Database, connection: str, now: datetime, *, new_erasures: bool = True) -> list[dict[str, Any]]:
    """The one due task that a vendor is probed with: a task that always fails must not be every probe."""
    return rows(
        db,
        f"SELECT {_LEASED} WHERE t.connection = ? AND t.next_due_at <= ? "
        "AND (? OR t.state != 'queued' OR t.kind != 'ERASURE' OR t.attempts > 0) "
        "ORDER BY t.attempts + t.polls, t.due_on, t.next_due_at LIMIT 1",
        [connection, to_text(now), new_erasures],
    )


def lease(transaction: Transaction, connection: str, *, owner: str, limit: int, seconds: float) -> list[Leased]:
    """Take what is due of a connection: what is to be sent first, then what is to be asked about."""
    db, now = transaction.db, transaction.at
    due = due_to_send(db, connection, now, limit)
    due += due_to_track(db, connection, now, limit - len(due))
    return take(transaction, due, owner=owner, seconds=seconds)


def take(transaction: Transaction, due: Sequence[dict[str, Any]], *, owner: str, seconds: float) -> list[Leased]:
    """Lease rows that this transaction found due.

    A queued one is counted as sending from here on: the intent is on disk before the first byte can leave. An
    erasure that is sent for the first time counts towards the limit of erasures an hour.
    """
    db, now = transaction.db, transaction.at
    until = now + timedelta(seconds=seconds)
    leased = []
    held_up = {name: connection_states.throttled_since(db, name) for name in {row["connection"] for row in due}}
    for row in due:
        before = TaskState(row["state"])
        tracking = before in TRACKED
        after = before if tracking else TaskState.SENDING
        check_transition(before, after)
        if not tracking and row["kind"] == RequestType.ERASURE and not row["attempts"]:
            erasures_sent.note(transaction, row["number"])
        if not tracking:
            phases.count(row, after, now, throttled_since=held_up[row["connection"]])
        row["state"] = after
        row["fence"] += 1
        row["may_have_acted"] |= before is TaskState.SENDING
        row["trying_since"] = row["trying_since"] or to_text(now)
        row["polls" if tracking else "attempts"] += 1
        db.execute(
            "UPDATE tasks SET state = ?, fence = ?, polls = ?, attempts = ?, may_have_acted = ?, trying_since = ?, "
            "next_due_at = ?, lease_owner = ?, woken = 0, queued_ms = ?, throttled_ms = ?, vendor_ms = ? "
            "WHERE number = ?",
            [
                after,
                row["fence"],
                row["polls"],
                row["attempts"],
                row["may_have_acted"],
                row["trying_since"],
                to_text(until),
                owner,
                row["queued_ms"],
                row["throttled_ms"],
                row["vendor_ms"],
                row["number"],
            ],
        )
        leased.append(
            Leased(
                task=_task(row, row["request_id"]),
                number=row["number"],
                request_number=row["request"],
                recovered=before is TaskState.SENDING,
                categories=tuple(json.loads(row["categories"])),
                scope=row["scope"],
                pseudonym=row["pseudonym"],
                leased_until=until,
            )
        )
    return leased


def give_back(transaction: Transaction, leased: Leased) -> Task | None:
    """Undo a lease of which certainly nothing came: not sent, not asked, not counted. None if it was lost."""
    task = leased.task
    tracking = task.state in TRACKED
    if not still_held(transaction.db, leased):
        return None
    if not tracking and task.attempts == 1:
        erasures_sent.forget(transaction, leased.number)
    transaction.db.execute(
        "UPDATE tasks SET state = ?, attempts = attempts - ?, polls = polls - ?, next_due_at = ?, "
        "lease_owner = NULL, woken = 0, fence = fence + 1 WHERE number = ?",
        [
            task.state if tracking else TaskState.QUEUED,
            int(not tracking),
            int(tracking),
            to_text(transaction.at),
            leased.number,
        ],
    )
    found = get(transaction.db, task.id)
    return found[0] if found else None


def still_held(db: Database, leased: Leased) -> bool:
    """Whether nobody has taken the task since it was leased (its fencing number has not grown)."""
    return bool(rows(db, "SELECT 1 FROM tasks WHERE number = ? AND fence = ?", [leased.number, leased.task.fence]))


def settle(transaction: Transaction, leased: Leased, outcome: Outcome) -> Task | None:
    """Write what a leased step found out and give the lease back. None if the lease was lost: nothing is written."""
    held = rows(
        transaction.db, "SELECT woken FROM tasks WHERE number = ? AND fence = ?", [leased.number, leased.task.fence]
    )
    if not held:
        return None
    if held[0]["woken"] and outcome.state in TRACKED:
        outcome = Outcome(**{**vars(outcome), "next_due_at": transaction.at})
    return change(transaction, leased.task.id, outcome)


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
    return _task(row, row["request_id"])


def release_leases_of_others(transaction: Transaction, owner: str) -> int:
    """Make tasks due now that a dead worker holds. The next lease's fencing number shuts the old holder out."""
    return transaction.db.execute(
        "UPDATE tasks SET next_due_at = ?, lease_owner = NULL, fence = fence + 1 "
        "WHERE lease_owner IS NOT NULL AND lease_owner != ?",
        [to_text(transaction.at), owner],
    ).rowcount


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
        _task(row, row["request_id"])
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
        return _task(row, row["request_id"]), int(row["request"])
    return None


def of_request(db: Database, number: int) -> Iterator[Task]:
    for row in db.query(
        "SELECT t.*, r.id AS request_id FROM tasks t JOIN requests r ON r.number = t.request "
        "WHERE t.request = ? ORDER BY t.number",
        [number],
    ):
        yield _task(row, row["request_id"])


def any_due(db: Database, connection: str, now: datetime) -> bool:
    """Whether anything of a connection is due."""
    return bool(
        rows(
            db,
            "SELECT 1 FROM tasks WHERE connection = :name AND state IN ('queued', 'sending') AND next_due_at <= :now "
            "UNION ALL SELECT 1 FROM tasks WHERE connection = :name "
            "AND state IN ('in_progress', 'unknown_vendor_status') AND next_due_at <= :now LIMIT 1",
            {"name": connection, "now": to_text(now)},
        )
    )


def requests_in(db: Database, state: TaskState, limit: int = -1) -> list[tuple[int, str]]:
    """Number and id of the requests that have a task in a state now, the oldest first."""
    rows = db.query(
        "SELECT DISTINCT r.number, r.id FROM tasks t JOIN requests r ON r.number = t.request "
        "WHERE t.state = ? AND t.superseded_by IS NULL ORDER BY r.number LIMIT ?",
        [state, limit],
    )
    return [(row["number"], row["id"]) for row in rows]


def _task(row: dict[str, Any], request_id: str) -> Task:
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
