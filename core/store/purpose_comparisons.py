"""Comparisons of the declared purposes with a vendor's list: asked for, leased to whoever reads the list, and ended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.people import Actor
from core.model.privacy_requests import TaskError
from core.model.purposes import PurposeStatus
from core.store.database import Transaction

Origin = Literal["person", "schedule"]

COUNTED = (
    PurposeStatus.IN_FORCE,
    PurposeStatus.DRIFTED,
    PurposeStatus.MISSING,
    PurposeStatus.UNDECLARED,
    PurposeStatus.AMBIGUOUS,
)
_EXCHANGES_KEPT = 5


@dataclass(frozen=True)
class ComparisonRun:
    """One comparison: who asked for it, and what came of it. `counts` is empty until it has ended well.

    `latency_ms` runs from asking to the end, `calls` are the HTTP calls it took.
    """

    id: str
    connection: str
    origin: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    file: str | None
    file_sha256: str | None
    fence: int
    ended_at: datetime | None
    latency_ms: int | None
    calls: int
    counts: Mapping[PurposeStatus, int]
    warnings: tuple[str, ...]
    error: TaskError | None

    @property
    def ended(self) -> bool:
        return self.ended_at is not None


def ask(
    transaction: Transaction,
    connection: str,
    actor: Actor,
    *,
    origin: Origin = "person",
    file: tuple[str, str] | None = None,
) -> str:
    """Ask for a comparison; one that is under way serves as well. Returns its id. `file` is (path, SHA-256)."""
    path, sha256 = file or (None, None)
    for row in transaction.db.query(
        "SELECT id FROM purpose_comparisons WHERE connection = ? AND ended_at IS NULL", [connection]
    ):
        if file:
            transaction.db.execute(
                "UPDATE purpose_comparisons SET file = ?, file_sha256 = ?, asked_by = ?, asked_by_name = ? "
                "WHERE id = ?",
                [path, sha256, actor.id, actor.name, row["id"]],
            )
        return str(row["id"])
    number = transaction.db.execute(
        "INSERT INTO purpose_comparisons (connection, origin, asked_by, asked_by_name, asked_at, file, file_sha256) "
        "VALUES (?,?,?,?,?,?,?)",
        [connection, origin, actor.id, actor.name, to_text(transaction.at), path, sha256],
    ).lastrowid
    return f"PC-{number:06d}"


def lease(transaction: Transaction, connection: str, *, owner: str, seconds: float) -> ComparisonRun | None:
    """Take the comparison that waits, or whose last holder let its lease run out."""
    now = to_text(transaction.at)
    for row in transaction.db.query(
        "UPDATE purpose_comparisons SET lease_owner = ?, leased_until = ?, fence = fence + 1 "
        "WHERE connection = ? AND ended_at IS NULL AND (lease_owner IS NULL OR leased_until <= ?) RETURNING *",
        [owner, to_text(transaction.at + timedelta(seconds=seconds)), connection, now],
    ):
        return _run(row)
    return None


def waits(db: Database, connection: str, now: datetime) -> bool:
    return any(
        db.query(
            "SELECT 1 FROM purpose_comparisons WHERE connection = ? AND ended_at IS NULL "
            "AND (lease_owner IS NULL OR leased_until <= ?)",
            [connection, to_text(now)],
        )
    )


def is_held(db: Database, run: ComparisonRun) -> bool:
    """Whether nobody has taken the comparison since it was leased."""
    return any(
        db.query(
            "SELECT 1 FROM purpose_comparisons WHERE id = ? AND fence = ? AND ended_at IS NULL", [run.id, run.fence]
        )
    )


def end(
    transaction: Transaction,
    run: ComparisonRun,
    *,
    calls: int,
    counts: Mapping[PurposeStatus, int] | None = None,
    warnings: tuple[str, ...] = (),
    error: TaskError | None = None,
) -> ComparisonRun:
    """Write how it ended; of the HTTP calls of comparisons, those of the newest five are kept."""
    latency = max(0, round((transaction.at - run.asked_at).total_seconds() * 1000))
    values = [None] * len(COUNTED) if counts is None else [counts.get(status, 0) for status in COUNTED]
    transaction.db.execute(
        "UPDATE purpose_comparisons SET ended_at = ?, latency_ms = ?, calls = ?, in_force = ?, drifted = ?, "
        "missing = ?, undeclared = ?, ambiguous = ?, warnings = ?, error = ?, lease_owner = NULL, "
        "leased_until = NULL WHERE id = ?",
        [
            to_text(transaction.at), latency, calls, *values, json.dumps(warnings),
            json.dumps(asdict(error)) if error else None, run.id,
        ],
    )  # fmt: skip
    transaction.db.execute(
        "DELETE FROM exchanges WHERE task IN "
        "(SELECT id FROM purpose_comparisons WHERE connection = ? ORDER BY number DESC LIMIT 20 OFFSET ?)",
        [run.connection, _EXCHANGES_KEPT],
    )
    ended = get(transaction.db, run.id)
    assert ended is not None  # noqa: S101 - it was updated a moment ago
    return ended


def get(db: Database, run_id: str) -> ComparisonRun | None:
    for row in db.query("SELECT * FROM purpose_comparisons WHERE number = ?", [_number(run_id)]):
        return _run(row)
    return None


def newest(db: Database, connection: str, limit: int = 1) -> list[ComparisonRun]:
    """The newest comparisons, one under way included."""
    return [
        _run(row)
        for row in db.query(
            "SELECT * FROM purpose_comparisons WHERE connection = ? ORDER BY number DESC LIMIT ?", [connection, limit]
        )
    ]


def newest_good(db: Database, connection: str) -> ComparisonRun | None:
    """The newest comparison that read the whole list."""
    for row in db.query(
        "SELECT * FROM purpose_comparisons WHERE connection = ? AND ended_at IS NOT NULL AND error IS NULL "
        "ORDER BY ended_at DESC LIMIT 1",
        [connection],
    ):
        return _run(row)
    return None


def newest_planned(db: Database, connection: str, actor_id: str) -> ComparisonRun | None:
    """The newest comparison that this person planned a file with."""
    for row in db.query(
        "SELECT * FROM purpose_comparisons WHERE connection = ? AND asked_by = ? AND file IS NOT NULL "
        "ORDER BY number DESC LIMIT 1",
        [connection, actor_id],
    ):
        return _run(row)
    return None


def _number(run_id: str) -> int:
    digits = run_id.removeprefix("PC-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0


def _run(row: dict[str, Any]) -> ComparisonRun:
    return ComparisonRun(
        id=f"PC-{row['number']:06d}",
        connection=row["connection"],
        origin=row["origin"],
        asked_by=row["asked_by"],
        asked_by_name=row["asked_by_name"],
        asked_at=from_text(row["asked_at"]),
        file=row["file"],
        file_sha256=row["file_sha256"],
        fence=row["fence"],
        ended_at=from_text(row["ended_at"]) if row["ended_at"] else None,
        latency_ms=row["latency_ms"],
        calls=row["calls"],
        counts={s: row[s.value] for s in COUNTED if row[s.value] is not None},
        warnings=tuple(json.loads(row["warnings"])),
        error=TaskError(**json.loads(row["error"])) if row["error"] else None,
    )
