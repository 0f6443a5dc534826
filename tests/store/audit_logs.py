"""Audit logs for tests: real SQLite files, filled through the store's own code or rewritten behind its back."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from core.clock import to_text
from core.model.events import Event, EventKind
from core.store import audit, checkpoints
from core.store.audit import Verdict, verify
from core.store.audit.record import row_hash
from core.store.audit_search_schema import AUDIT_SEARCH
from core.store.keys import Keys

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ADA = "https://login.example.com|ada"


@contextmanager
def connected(path: Path) -> Iterator[Database]:
    """A writable connection in autocommit."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous=OFF")  # these tests cut no power
        yield Database(connection)


@contextmanager
def writing(path: Path) -> Iterator[Database]:
    """A write transaction, taken at once and committed at the end."""
    with connected(path) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        yield db
        db.conn.execute("COMMIT")


def new_log(path: Path) -> Path:
    """A database with an empty audit log."""
    with connected(path) as db:
        db.executescript(audit.AUDIT_SCHEMA + AUDIT_SEARCH)
    return path


def event(number: int = 1, **more: Any) -> Event:
    """An event that may be recorded."""
    return Event(
        **{
            "kind": EventKind.TASK_SUBMITTED,
            "actor": ADA,
            "request": f"PR-{number:06d}",
            "task": f"PR-{number:06d}-1",
            "connection": "cxone",
            "detail": {"attempt": 1, "vendor_request_id": f"vr-{number}", "latency_ms": number},
            **more,
        }
    )


def add(path: Path, keys: Keys, count: int) -> tuple[int, str]:
    """Append that many events, a second apart; returns the head."""
    with writing(path) as db:
        size, _ = audit.head(db) or (0, "")
        audit.append_many(
            db, keys, ((START + timedelta(seconds=n), event(n)) for n in range(size + 1, size + count + 1))
        )
        head = audit.head(db)
    assert head is not None
    return head


def checkpoint(path: Path, keys: Keys) -> checkpoints.Checkpoint:
    """Sign the present head, at the instant of its row."""
    with connected(path) as db:
        size, head = audit.head(db) or (0, "")
    return checkpoints.write(checkpoints.path_for(path), keys, size, head, START + timedelta(seconds=size))


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """What an attacker with the file does: plain sqlite3, triggers dropped and put back as they were."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


def recompute(connection: sqlite3.Connection, first: int, *, through_end: bool = True) -> None:
    """Number and hash the rows from `first` on as if they had been written so; their MACs need the key, and stay."""
    before = connection.execute("SELECT hash FROM audit_events WHERE seq < ? ORDER BY seq DESC", [first]).fetchone()
    prev = before[0] if before else audit.GENESIS
    later = connection.execute("SELECT * FROM audit_events WHERE seq >= ? ORDER BY seq", [first]).fetchall()
    for seq, row in enumerate(later, start=first):
        hash_ = row_hash((seq, *row[1:9], prev, "", ""))
        connection.execute(
            "UPDATE audit_events SET seq = ?, prev = ?, hash = ? WHERE seq = ?", [seq, prev, hash_, row[0]]
        )
        if not through_end:
            return
        prev = str(hash_)


def forged_row(seq: int, prev: str) -> tuple[Any, ...]:
    """A row that fits the chain and was never written by the desk."""
    columns = (seq, to_text(START), "task.ended", "nobody", None, None, None, "completed", "{}", prev)
    return (*columns, row_hash((*columns, "", "")), "ab" * 32)


INSERT = f"INSERT INTO audit_events VALUES ({', '.join('?' * 12)})"


@dataclass(frozen=True)
class Target:
    """A log of 20 rows, its keys, and yesterday's copy of it: 10 rows and their checkpoint."""

    path: Path
    keys: Keys
    yesterday: Path

    @property
    def signed(self) -> Path:
        return checkpoints.path_for(self.path)

    def verify(self) -> Verdict:
        return verify(self.path, keys=self.keys)

    def put_back(self) -> None:
        """Yesterday's database, today's checkpoints."""
        shutil.copy(self.yesterday, self.path)
