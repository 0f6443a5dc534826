"""Changes of purposes on disk: waiting is a row with a due time, a lease is a fencing number, an outcome one update."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.enforcements import ENDED, ChangeState, check_transition
from core.model.privacy_requests import TaskError
from core.model.purposes import Values
from core.store.database import Transaction


@dataclass(frozen=True)
class Change:
    """One change as it stands. `found` are the values read last, `put_ms` the time the answered PUT took."""

    id: str
    enforcement: str
    connection: str
    name: str
    vendor_id: str
    declared_version: int
    page: int
    before: Values
    wanted: Values
    found: Values | None
    shortens: bool
    state: ChangeState
    attempts: int
    sent: bool
    next_due_at: datetime | None
    lease_owner: str | None
    fence: int
    created_at: datetime
    ended_at: datetime | None
    latency_ms: int | None
    put_ms: int | None
    error: TaskError | None


@dataclass(frozen=True)
class ChangeOutcome:
    """What one step found out. A field left None keeps what was known before, except `error` and `next_due_at`.

    With `counts` False the attempt is none: nothing could be sent.
    """

    state: ChangeState
    next_due_at: datetime | None = None
    counts: bool = True
    found: Values | None = None
    put_ms: int | None = None
    error: TaskError | None = None


def open_for(db: Database, connection: str, vendor_ids: Collection[str]) -> dict[str, Change]:
    """The changes that have not ended, by the vendor id of their purpose."""
    return {
        row["vendor_id"]: _change(row)
        for row in db.query(
            "SELECT * FROM enforcement_changes WHERE connection = ? AND ended_at IS NULL "
            "AND vendor_id IN (SELECT value FROM json_each(?))",
            [connection, json.dumps(sorted(vendor_ids))],
        )
    }


def next_due(db: Database, connection: str, *, among: Collection[str] | None = None) -> datetime | None:
    """When the earliest change of a connection falls due; of all, or of those with some ids."""
    chosen, values = _among(among)
    (row,) = db.query(
        "SELECT min(next_due_at) AS due FROM enforcement_changes "  # noqa: S608 - a fixed clause
        f"WHERE connection = ? AND next_due_at IS NOT NULL{chosen}",
        [connection, *values],
    )
    return from_text(row["due"]) if row["due"] else None


def lease(
    transaction: Transaction, connection: str, *, owner: str, seconds: float, among: Collection[str] | None = None
) -> Change | None:
    """Take the change that is due longest; it is counted as sending from here on."""
    chosen, values = _among(among)
    for row in transaction.db.query(
        "SELECT * FROM enforcement_changes WHERE connection = ? AND next_due_at <= ?"  # noqa: S608 - a fixed clause
        f"{chosen} ORDER BY next_due_at, number LIMIT 1",
        [connection, to_text(transaction.at), *values],
    ):
        if row["state"] != ChangeState.SENDING:
            check_transition(ChangeState(row["state"]), ChangeState.SENDING)
        row |= {
            "state": ChangeState.SENDING,
            "fence": row["fence"] + 1,
            "attempts": row["attempts"] + 1,
            "lease_owner": owner,
            "next_due_at": to_text(transaction.at + timedelta(seconds=seconds)),
        }
        transaction.db.execute(
            "UPDATE enforcement_changes SET state = :state, fence = :fence, attempts = :attempts, "
            "lease_owner = :lease_owner, next_due_at = :next_due_at WHERE number = :number",
            {key: row[key] for key in ("state", "fence", "attempts", "lease_owner", "next_due_at", "number")},
        )
        return _change(row)
    return None


def is_held(db: Database, change: Change) -> bool:
    """Whether nobody has taken the change since it was leased (its fencing number has not grown)."""
    return any(db.query("SELECT 1 FROM enforcement_changes WHERE id = ? AND fence = ?", [change.id, change.fence]))


def mark_sent(transaction: Transaction, change: Change) -> bool:
    """Say that a PUT is about to leave. False if the lease was lost: then nothing may be sent."""
    return bool(
        transaction.db.execute(
            "UPDATE enforcement_changes SET sent = 1 WHERE id = ? AND fence = ?", [change.id, change.fence]
        ).rowcount
    )


def settle(transaction: Transaction, change: Change, outcome: ChangeOutcome) -> Change | None:
    """Write what a leased step found out and give the lease back. None if the lease was lost: nothing is written."""
    if not is_held(transaction.db, change):
        return None
    return move(transaction, change.id, outcome)


def move(transaction: Transaction, change_id: str, outcome: ChangeOutcome) -> Change:
    """Move a change to a state that may follow its own; ends any lease on it. Raises ChangeTransitionError."""
    (row,) = transaction.db.query("SELECT * FROM enforcement_changes WHERE id = ?", [change_id])
    before = _change(row)
    check_transition(before.state, outcome.state)
    ended_at = transaction.at if outcome.state in ENDED else None
    after = replace(
        before,
        state=outcome.state,
        next_due_at=outcome.next_due_at,
        lease_owner=None,
        fence=before.fence + 1,
        attempts=before.attempts - (not outcome.counts),
        found=before.found if outcome.found is None else outcome.found,
        put_ms=before.put_ms if outcome.put_ms is None else outcome.put_ms,
        ended_at=ended_at,
        latency_ms=max(0, round((ended_at - before.created_at).total_seconds() * 1000)) if ended_at else None,
        error=outcome.error,
    )
    transaction.db.execute(
        "UPDATE enforcement_changes SET state = ?, next_due_at = ?, lease_owner = NULL, fence = ?, attempts = ?, "
        "found = ?, put_ms = ?, ended_at = ?, latency_ms = ?, error = ? WHERE id = ?",
        [
            after.state, to_text(after.next_due_at) if after.next_due_at else None, after.fence, after.attempts,
            json.dumps(dict(after.found)) if after.found is not None else None, after.put_ms,
            to_text(ended_at) if ended_at else None, after.latency_ms,
            json.dumps(asdict(after.error)) if after.error else None, change_id,
        ],
    )  # fmt: skip
    return after


def lease_owners(db: Database) -> set[str]:
    """Who holds a change or a comparison now."""
    return {
        str(row["lease_owner"])
        for row in db.query(
            "SELECT lease_owner FROM enforcement_changes WHERE lease_owner IS NOT NULL "
            "UNION SELECT lease_owner FROM purpose_comparisons WHERE lease_owner IS NOT NULL AND ended_at IS NULL"
        )
    }


def release(transaction: Transaction, owners: Iterable[str]) -> None:
    """Make due now what holders that are no more hold. The fencing number shuts them out should they come back."""
    at = to_text(transaction.at)
    for owner in owners:
        transaction.db.execute(
            "UPDATE enforcement_changes SET next_due_at = ?, lease_owner = NULL, fence = fence + 1 "
            "WHERE lease_owner = ?",
            [at, owner],
        )
        transaction.db.execute(
            "UPDATE purpose_comparisons SET lease_owner = NULL, leased_until = NULL, fence = fence + 1 "
            "WHERE lease_owner = ? AND ended_at IS NULL",
            [owner],
        )


def move_due_times(transaction: Transaction, seconds: float) -> None:
    """Shift every waiting time, when the wall clock itself was shifted."""
    shift = "strftime('%Y-%m-%dT%H:%M:%f', {0}, ?) || '000Z'"
    for table, column in (("enforcement_changes", "next_due_at"), ("purpose_comparisons", "leased_until")):
        transaction.db.execute(
            f"UPDATE {table} SET {column} = {shift.format(column)} WHERE {column} IS NOT NULL",  # noqa: S608 - fixed names
            [f"{seconds:+.3f} seconds"],
        )


def of_enforcement(
    db: Database, enforcement: str, states: Collection[ChangeState] = (), *, limit: int = -1, offset: int = 0
) -> list[Change]:
    """The changes of an enforcement in their order, all or those in some states."""
    chosen = " AND state IN (SELECT value FROM json_each(?))" if states else ""
    return [
        _change(row)
        for row in db.query(
            f"SELECT * FROM enforcement_changes WHERE enforcement = ?{chosen} ORDER BY number LIMIT ? OFFSET ?",  # noqa: S608 - a fixed clause
            [number_of(enforcement), *([json.dumps(sorted(states))] if states else []), limit, offset],
        )
    ]


def by_ids(db: Database, ids: Collection[str]) -> list[Change]:
    chosen, values = _among(ids)
    return [
        _change(row)
        for row in db.query(f"SELECT * FROM enforcement_changes WHERE 1{chosen} ORDER BY number", values)  # noqa: S608 - a fixed clause
    ]


def count_in(db: Database, ids: Collection[str], states: Collection[ChangeState]) -> int:
    """How many of some changes are in one of some states."""
    chosen, values = _among(ids)
    (row,) = db.query(
        "SELECT count(*) AS n FROM enforcement_changes "  # noqa: S608 - a fixed clause
        f"WHERE state IN (SELECT value FROM json_each(?)){chosen}",
        [json.dumps(sorted(states)), *values],
    )
    return int(row["n"])


def of_purpose(db: Database, connection: str, name: str, limit: int = 20) -> list[Change]:
    """The changes of one purpose, the newest first."""
    return [
        _change(row)
        for row in db.query(
            "SELECT * FROM enforcement_changes WHERE connection = ? AND name = ? ORDER BY number DESC LIMIT ?",
            [connection, name, limit],
        )
    ]


def number_of(enforcement: str) -> int:
    """The row number of an enforcement's id, 0 for what is no such id."""
    digits = enforcement.removeprefix("PE-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0


def _among(ids: Collection[str] | None) -> tuple[str, list[str]]:
    if ids is None:
        return "", []
    return " AND id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(ids))]


def _change(row: dict[str, Any]) -> Change:
    return Change(
        id=row["id"],
        enforcement=row["id"].rpartition("-")[0],
        connection=row["connection"],
        name=row["name"],
        vendor_id=row["vendor_id"],
        declared_version=row["declared_version"],
        page=row["page"],
        before=json.loads(row["before"]),
        wanted=json.loads(row["wanted"]),
        found=json.loads(row["found"]) if row["found"] else None,
        shortens=bool(row["shortens"]),
        state=ChangeState(row["state"]),
        attempts=row["attempts"],
        sent=bool(row["sent"]),
        next_due_at=_instant(row["next_due_at"]),
        lease_owner=row["lease_owner"],
        fence=row["fence"],
        created_at=from_text(row["created_at"]),
        ended_at=_instant(row["ended_at"]),
        latency_ms=row["latency_ms"],
        put_ms=row["put_ms"],
        error=TaskError(**json.loads(row["error"])) if row["error"] else None,
    )


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
