"""Leases of tasks: which are due, who alone may act on one for a while, and what came of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from core.clock import to_text
from core.model.privacy_requests import TRACKED, RequestType, Task, TaskState, check_transition
from core.store import connection_states, erasures_sent, phases, tasks
from core.store.database import Transaction
from core.store.rows import rows
from core.store.tasks import Outcome

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
                task=tasks.from_row(row, row["request_id"]),
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
    found = tasks.get(transaction.db, task.id)
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
        outcome = replace(outcome, next_due_at=transaction.at)
    return tasks.change(transaction, leased.task.id, outcome)


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


def release_leases_of_others(transaction: Transaction, owner: str) -> int:
    """Make tasks due now that a dead worker holds. The next lease's fencing number shuts the old holder out."""
    return transaction.db.execute(
        "UPDATE tasks SET next_due_at = ?, lease_owner = NULL, fence = fence + 1 "
        "WHERE lease_owner IS NOT NULL AND lease_owner != ?",
        [to_text(transaction.at), owner],
    ).rowcount
