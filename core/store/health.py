"""What can be told about a database file from outside, without changing anything."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.store import audit, checkpoints, worker_leases
from core.store.checkpoints import Checkpoint
from core.store.database import wal_is_safe
from core.store.keys import Keys
from core.store.schema import migrations
from core.store.snapshot import snapshot
from core.store.worker_leases import WorkerLease


@dataclass(frozen=True)
class Health:
    """`problems` are those of `PRAGMA quick_check` and of the schema, none where the file is sound.

    `journal_mode` is the file's own: `wal`, or `delete` for a rollback journal of any kind. `due` counts the tasks
    that a worker should have taken by the given instant. `newest_event_at` is None for an empty audit log.
    """

    problems: tuple[str, ...]
    sqlite_version: str
    journal_mode: str
    wal_is_safe: bool
    due: int
    lease: WorkerLease | None
    newest_event_at: datetime | None


@dataclass(frozen=True)
class CheckpointHealth:
    """The newest checkpoint that the desk signed against the log as it stands; `newest` is None where there is none."""

    newest: Checkpoint | None
    events: int
    matches: bool


def examine(database: Path, now: datetime) -> Health:
    """Raises UnreadableDatabaseError for a file that cannot be opened."""
    with snapshot(database) as connection:
        (version,) = connection.execute("SELECT sqlite_version()").fetchone()
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        try:
            db = Database(connection, execute_plugins=False)
            problems = [*_quick_check(connection), *_schema_problems(db)]
            newest = audit.events(db, audit.EventFilter(), None, 1)
            return Health(
                problems=tuple(problems),
                sqlite_version=version,
                journal_mode=journal,
                wal_is_safe=wal_is_safe(),
                due=_due(connection, now),
                lease=worker_leases.read(db),
                newest_event_at=from_text(newest[0].at) if newest else None,
            )
        except (sqlite3.DatabaseError, ValueError) as error:
            return Health(
                (f"It is damaged, or no database of Privacy Desk ({error}).",),
                version,
                journal,
                wal_is_safe(),
                0,
                None,
                None,
            )


def examine_checkpoints(database: Path, keys: Keys) -> CheckpointHealth:
    """A quick look; `audit.verify` checks every row. Raises UnreadableDatabaseError, and OSError for the file."""
    signed, _ = checkpoints.read(checkpoints.path_for(database))
    ours = sorted((c for c in signed if c.key_id == keys.key_ids["signing"]), key=lambda c: c.size, reverse=True)
    newest = next((c for c in ours if c.is_signed_by(keys.public)), None)
    with snapshot(database) as connection:
        try:
            (events,) = connection.execute("SELECT coalesce(max(seq), 0) FROM audit_events").fetchone()
            there = (
                newest and connection.execute("SELECT hash FROM audit_events WHERE seq = ?", [newest.size]).fetchone()
            )
        except sqlite3.DatabaseError:
            return CheckpointHealth(newest, 0, matches=False)
    return CheckpointHealth(newest, events, matches=newest is not None and there == (newest.head,))


def _quick_check(connection: sqlite3.Connection) -> list[str]:
    found = [row[0] for row in connection.execute("PRAGMA quick_check(20)")]
    return [] if found == ["ok"] else found


def _schema_problems(db: Database) -> list[str]:
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    if unknown := {migration.name for migration in migrations.applied(db)} - known:
        return [f"It was written by a newer Privacy Desk ({', '.join(sorted(unknown))})."]
    return []


def _due(connection: sqlite3.Connection, now: datetime) -> int:
    (count,) = connection.execute("SELECT count(*) FROM tasks WHERE next_due_at <= ?", [to_text(now)]).fetchone()
    return int(count)
