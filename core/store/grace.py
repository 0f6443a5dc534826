"""The grace of an erasure: queued, but not sent before a while has passed in which a mistake can be stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.privacy_requests import RequestType, Task, TaskState
from core.store import tasks
from core.store.database import Transaction
from core.store.tasks import Outcome


@dataclass(frozen=True)
class Waiting:
    """A request in its grace; `until` is when the last of its tasks may be sent."""

    request_id: str
    until: datetime


def queue(transaction: Transaction, task: Task, grace: timedelta) -> Task:
    """Queue a task that was awaiting approval or on hold; an erasure is due after its grace, anything else now."""
    due = transaction.at + (grace if task.kind is RequestType.ERASURE else timedelta(0))
    queued = tasks.change(transaction, task.id, Outcome(TaskState.QUEUED, next_due_at=due))
    until = to_text(due) if due > transaction.at else None
    transaction.db.execute("UPDATE tasks SET grace_until = ? WHERE id = ?", [until, task.id])
    return queued


def end(transaction: Transaction, number: int) -> tuple[list[str], datetime | None]:
    """Make due now what of a request, by its row number, is in its grace. Returns the tasks, and when it had ended."""
    rows = list(
        transaction.db.query(
            f"SELECT t.id, t.grace_until FROM tasks t WHERE t.request = ? AND {_IN_GRACE}",  # noqa: S608 - fixed text
            [number, to_text(transaction.at)],
        )
    )
    for row in rows:
        transaction.db.execute(
            "UPDATE tasks SET next_due_at = ?, grace_until = NULL WHERE id = ?", [to_text(transaction.at), row["id"]]
        )
    if rows:
        transaction.db.execute("UPDATE requests SET version = version + 1 WHERE number = ?", [number])
    return [row["id"] for row in rows], max((from_text(row["grace_until"]) for row in rows), default=None)


def waiting(db: Database, now: datetime, *, limit: int = 100) -> list[Waiting]:
    """The requests in their grace; who is to be sent next comes first."""
    rows = db.query(
        "SELECT r.id, max(t.grace_until) AS until FROM tasks t JOIN requests r ON r.number = t.request "  # noqa: S608 - fixed text
        f"WHERE {_IN_GRACE} GROUP BY r.number ORDER BY until, r.number LIMIT ?",
        [to_text(now), limit],
    )
    return [Waiting(row["id"], from_text(row["until"])) for row in rows]


def until(db: Database, number: int, now: datetime) -> datetime | None:
    """When the grace of a request, by its row number, ends; None where it is in none."""
    (row,) = db.query(
        f"SELECT max(t.grace_until) AS until FROM tasks t WHERE t.request = ? AND {_IN_GRACE}",  # noqa: S608 - fixed text
        [number, to_text(now)],
    )
    return from_text(row["until"]) if row["until"] else None


# The plus keeps the query from going through everything that is queued, which can be a batch of 100 000.
_IN_GRACE = "t.grace_until > ? AND +t.state = 'queued' AND t.attempts = 0 AND t.superseded_by IS NULL"
