"""What moved a request's dates, or kept them from moving: extensions, pauses, the day identity was established."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.deadlines import Deadline, Pause
from core.model.people import Actor
from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier, encrypt_identifier
from core.store.requests import deadlines_to_json


class ChangeKind(StrEnum):
    EXTENDED = "extended"
    PAUSED = "paused"
    IDENTITY_ESTABLISHED = "identity_established"


@dataclass(frozen=True)
class DeadlineChange:
    """One decision about a request's dates; `reason` is empty for whoever may not see identifiers.

    `first_day` and `last_day` are a pause's, both included, the last None while it goes on; `first_day` alone is
    the day identity was established.
    """

    what: ChangeKind
    at: datetime
    actor_name: str
    first_day: date | None
    last_day: date | None
    due_before: date
    due_after: date
    reason: str


def keep(
    transaction: Transaction,
    number: int,
    request_id: str,
    actor: Actor,
    what: ChangeKind,
    *,
    reason: str,
    due_before: date,
    due_after: date,
    first_day: date | None = None,
) -> None:
    transaction.db.execute(
        "INSERT INTO deadline_changes (request, what, at, actor, actor_name, first_day, due_before, due_after, reason) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        [
            number, what, to_text(transaction.at), actor.id, actor.name, first_day and first_day.isoformat(),
            due_before.isoformat(), due_after.isoformat(),
            encrypt_identifier(transaction.keys, reason, request_id=request_id),
        ],
    )  # fmt: skip


def end_pause(transaction: Transaction, number: int, last_day: date, due_after: date) -> None:
    """The clock of a paused request runs again from the day after `last_day`."""
    transaction.db.execute(
        "UPDATE deadline_changes SET last_day = ?, due_after = ? "
        "WHERE request = ? AND what = 'paused' AND last_day IS NULL",
        [last_day.isoformat(), due_after.isoformat(), number],
    )


def of_request(db: Database, keys: Keys, request_id: str) -> list[DeadlineChange]:
    """In the order in which they were made."""
    return [
        DeadlineChange(
            what=ChangeKind(row["what"]),
            at=from_text(row["at"]),
            actor_name=row["actor_name"],
            first_day=_day(row["first_day"]),
            last_day=_day(row["last_day"]),
            due_before=date.fromisoformat(row["due_before"]),
            due_after=date.fromisoformat(row["due_after"]),
            reason=decrypt_identifier(keys, row["reason"], request_id=request_id),
        )
        for row in db.query(
            "SELECT c.* FROM deadline_changes c JOIN requests r ON r.number = c.request WHERE r.id = ? "
            "ORDER BY c.number",
            [request_id],
        )
    ]


def clock_start(db: Database, number: int) -> date | None:
    """The day a request's period is counted from, where that is not the day of receipt."""
    (row,) = db.query("SELECT clock_start FROM requests WHERE number = ?", [number])
    return _day(row["clock_start"])


def pauses(changes: Sequence[DeadlineChange]) -> list[Pause]:
    """The pauses that have ended, as `deadlines_for` takes them."""
    return [(c.first_day, c.last_day) for c in changes if c.first_day and c.last_day]


def move_due(
    transaction: Transaction,
    number: int,
    due: date,
    deadlines: Sequence[Deadline] | None = None,
    *,
    start: date | None = None,
) -> None:
    """Give a request and its open tasks another date; `deadlines` and `start` replace what was pinned."""
    db = transaction.db
    db.execute(
        "UPDATE requests SET due_on = ?, deadlines = coalesce(?, deadlines), clock_start = coalesce(?, clock_start), "
        "version = version + 1 WHERE number = ?",
        [due.isoformat(), deadlines_to_json(deadlines) if deadlines else None, start and start.isoformat(), number],
    )
    db.execute("UPDATE tasks SET due_on = ? WHERE request = ? AND ended_at IS NULL", [due.isoformat(), number])


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
