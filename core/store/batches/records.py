"""The batches themselves: one row each, what it is about sealed, the states of its tasks counted by one query."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.batches import Batch, BatchState, Sheet, Work
from core.model.people import Actor
from core.model.privacy_requests import TaskState
from core.store.batches import staging
from core.store.database import Transaction
from core.store.keys import Keys

# What may be changed of a batch.
_CHANGEABLE = frozenset(
    {
        "state", "work", "rows", "done", "good", "rejected", "duplicates", "findings", "rules", "checked_at",
        "accepted", "accepted_at", "accepted_by", "accepted_by_name", "digest", "limit_per_hour", "paused_at",
        "paused_by", "cancelled_at", "decided_by", "decided_by_name", "finished_at", "problem",
    }
)  # fmt: skip


@dataclass(frozen=True)
class About:
    """What a batch is about; sealed, for people put names into file names and headers."""

    file_name: str = ""
    sheet: Sheet | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    connections: tuple[str, ...] = ()


def create(transaction: Transaction, actor: Actor, *, sha256: str, content: bytes, about: About, rows: int) -> int:
    """A new batch with its file. Returns its number."""
    number = transaction.db.execute(
        "INSERT INTO batches (state, work, created_by, created_by_name, created_at, file_sha256, file_bytes, about, "
        "rows) VALUES (?,?,?,?,?,?,?,x'',?)",
        [
            BatchState.UPLOADED, Work.NONE, actor.id, actor.name, to_text(transaction.at), sha256, len(content), rows,
        ],
    ).lastrowid  # fmt: skip
    assert number is not None  # noqa: S101 - an INSERT always has one
    set_about(transaction, number, about)
    staging.keep_file(transaction, number, content)
    return number


def set_about(transaction: Transaction, number: int, about: About) -> None:
    sealed = staging.seal(transaction.keys, f"B-{number:06d}/about", json.dumps(asdict(about)).encode())
    transaction.db.execute("UPDATE batches SET about = ? WHERE number = ?", [sealed, number])


def change(transaction: Transaction, number: int, **values: Any) -> None:
    """Change a batch; its version grows."""
    _update(transaction, number, values, "version = version + 1")


def note_progress(transaction: Transaction, number: int, **values: int) -> None:
    """How far its work is; no change that a page has to hear of."""
    _update(transaction, number, values, "version = version")


def get(db: Database, keys: Keys, batch_id: str, *, counted: bool = True) -> Batch | None:
    """One batch; with the states of its tasks unless they are not `counted`."""
    for row in db.query("SELECT * FROM batches WHERE id = ?", [batch_id]):
        states = states_of(db, [row["number"]])[row["number"]] if counted else {}
        return _batch(row, keys, states)
    return None


def find(db: Database, keys: Keys, *, limit: int = 20, offset: int = 0) -> tuple[list[Batch], int]:
    """A page of batches, the newest first, and how many there are."""
    rows = list(db.query("SELECT * FROM batches ORDER BY number DESC LIMIT ? OFFSET ?", [limit, offset]))
    states = states_of(db, [row["number"] for row in rows])
    (counted,) = db.query("SELECT count(*) AS n FROM batches")
    return [_batch(row, keys, states[row["number"]]) for row in rows], int(counted["n"])


def states_of(db: Database, numbers: Iterable[int]) -> dict[int, dict[TaskState, int]]:
    """For each batch, how many of its present tasks are in each state."""
    numbers = list(numbers)
    counted: dict[int, dict[TaskState, int]] = {number: {} for number in numbers}
    for row in db.query(
        "SELECT batch, state, count(*) AS n FROM tasks WHERE batch IN (SELECT value FROM json_each(?)) "
        "AND batch IS NOT NULL AND superseded_by IS NULL GROUP BY batch, state",
        [json.dumps(numbers)],
    ):
        counted[row["batch"]][TaskState(row["state"])] = row["n"]
    return counted


def with_file(db: Database, sha256: str) -> list[str]:
    """The batches of this very file that were not discarded, the newest first."""
    rows = db.query(
        "SELECT id FROM batches WHERE file_sha256 = ? AND state != ? ORDER BY number DESC",
        [sha256, BatchState.DISCARDED],
    )
    return [row["id"] for row in rows]


def to_work_on(db: Database) -> str | None:
    """The oldest batch that something is to be done with."""
    for row in db.query("SELECT id FROM batches WHERE work != '' ORDER BY number LIMIT 1"):
        return str(row["id"])
    return None


def work_of(db: Database, number: int) -> Work:
    """What is to be done with a batch at this moment."""
    (row,) = db.query("SELECT work FROM batches WHERE number = ?", [number])
    return Work(row["work"])


def requests_with_tasks_in(
    db: Database, number: int, states: Collection[TaskState], limit: int
) -> list[tuple[int, str]]:
    """Some requests of a batch that have a task in one of these states which no vendor can have: number and id."""
    rows = db.query(
        "SELECT DISTINCT r.number, r.id FROM tasks t JOIN requests r ON r.number = t.request WHERE t.batch = ? "
        "AND t.batch IS NOT NULL AND t.superseded_by IS NULL AND t.state IN (SELECT value FROM json_each(?)) "
        "AND t.may_have_acted = 0 LIMIT ?",
        [number, json.dumps(sorted(states)), limit],
    )
    return [(row["number"], row["id"]) for row in rows]


def cancelled_with_tasks_left(db: Database) -> list[int]:
    """The cancelled batches that have queued tasks again which no vendor can have."""
    rows = db.query(
        "SELECT number FROM batches b WHERE cancelled_at IS NOT NULL AND finished_at IS NULL AND work = '' "
        "AND EXISTS (SELECT 1 FROM tasks WHERE batch = b.number AND batch IS NOT NULL AND superseded_by IS NULL "
        "AND state = 'queued' AND may_have_acted = 0)"
    )
    return [row["number"] for row in rows]


def decider_of(db: Database, number: int) -> Actor:
    """Whoever cancelled, approved or denied the batch last."""
    (row,) = db.query("SELECT decided_by, decided_by_name FROM batches WHERE number = ?", [number])
    issuer, _, subject = row["decided_by"].partition("|")
    return Actor(issuer, subject, row["decided_by_name"], frozenset())


def keep_denial(transaction: Transaction, number: int, code: str, note: str) -> None:
    """The ground of a denial, for each request that is to be refused with it; people type names into the note."""
    plain = json.dumps([code, note]).encode()
    denial = staging.seal(transaction.keys, f"B-{number:06d}/denial", plain)
    transaction.db.execute("UPDATE batches SET denial = ? WHERE number = ?", [denial, number])


def denial_of(db: Database, keys: Keys, number: int) -> tuple[str, str]:
    """The code and the note of a denial."""
    (row,) = db.query("SELECT denial FROM batches WHERE number = ?", [number])
    code, note = json.loads(staging.unseal(keys, f"B-{number:06d}/denial", row["denial"]))
    return code, note


def set_digest(transaction: Transaction, number: int, digest: str) -> None:
    transaction.db.execute("UPDATE batches SET digest = ? WHERE number = ?", [digest, number])


def staged_before(db: Database, before: datetime) -> list[tuple[int, bool]]:
    """The batches from before an instant of which something is staged, and whether nobody has decided about them."""
    rows = db.query(
        "SELECT number, state FROM batches b WHERE created_at < ? AND work = '' "
        "AND EXISTS (SELECT 1 FROM batch_parts WHERE batch = b.number)",
        [to_text(before)],
    )
    return [(row["number"], row["state"] != BatchState.ACCEPTED) for row in rows]


def unfinished(db: Database, keys: Keys) -> list[Batch]:
    """The accepted batches that were not seen to their end."""
    rows = list(db.query("SELECT * FROM batches WHERE state = 'accepted' AND work = '' AND finished_at IS NULL"))
    states = states_of(db, [row["number"] for row in rows]) if rows else {}
    return [_batch(row, keys, states[row["number"]]) for row in rows]


def _update(transaction: Transaction, number: int, values: Mapping[str, Any], version: str) -> None:
    if unknown := values.keys() - _CHANGEABLE:
        raise ValueError(f"{sorted(unknown)} cannot be changed of a batch")
    columns = ", ".join(f"{name} = :{name}" for name in values)
    transaction.db.execute(
        f"UPDATE batches SET {columns}, {version} WHERE number = :number",  # noqa: S608 - names of the set above
        {**values, "number": number},
    )


def _batch(row: dict[str, Any], keys: Keys, states: Mapping[TaskState, int]) -> Batch:
    about = json.loads(staging.unseal(keys, f"{row['id']}/about", row["about"]))
    sheet = about["sheet"]
    return Batch(
        id=row["id"],
        number=row["number"],
        state=BatchState(row["state"]),
        work=Work(row["work"]),
        created_by=row["created_by"],
        created_by_name=row["created_by_name"],
        created_at=from_text(row["created_at"]),
        file_sha256=row["file_sha256"],
        file_bytes=row["file_bytes"],
        rows=row["rows"],
        done=row["done"],
        good=row["good"],
        rejected=row["rejected"],
        duplicates=row["duplicates"],
        findings=row["findings"],
        rules=tuple((name, rule, count) for name, rule, count in json.loads(row["rules"])),
        checked_at=_instant(row["checked_at"]),
        accepted=row["accepted"],
        accepted_at=_instant(row["accepted_at"]),
        accepted_by=row["accepted_by"],
        accepted_by_name=row["accepted_by_name"],
        digest=row["digest"],
        limit_per_hour=row["limit_per_hour"],
        paused_at=_instant(row["paused_at"]),
        paused_by=row["paused_by"],
        cancelled_at=_instant(row["cancelled_at"]),
        finished_at=_instant(row["finished_at"]),
        problem=row["problem"],
        version=row["version"],
        file_name=about["file_name"],
        sheet=Sheet(**{**sheet, "columns": tuple(sheet["columns"])}) if sheet else None,
        mapping=about["mapping"],
        connections=tuple(about["connections"]),
        states=states,
    )


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
