"""The sandbox's own SQLite file: everything the simulated vendors know, so that a restart forgets nothing."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "sandbox.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
    digest TEXT PRIMARY KEY, connection TEXT NOT NULL, scope TEXT NOT NULL, expires_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS attempts (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, connection TEXT NOT NULL, route TEXT NOT NULL, path TEXT NOT NULL,
    idempotency_key TEXT, body_sha256 TEXT NOT NULL, faults TEXT NOT NULL, status INTEGER,
    acted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS minutes (
    connection TEXT NOT NULL, minute TEXT NOT NULL, requests INTEGER NOT NULL, PRIMARY KEY (connection, minute)
) STRICT;
CREATE TABLE IF NOT EXISTS faults (connection TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS draws (
    connection TEXT NOT NULL, kind TEXT NOT NULL, drawn INTEGER NOT NULL, fired INTEGER NOT NULL,
    PRIMARY KEY (connection, kind)
) STRICT;
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, idempotency_key TEXT UNIQUE, payload_sha256 TEXT NOT NULL,
    payload TEXT NOT NULL, created_at TEXT NOT NULL, done_at TEXT, outcome TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, url TEXT, body TEXT NOT NULL, due_at TEXT NOT NULL,
    planned INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
    last_answer TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
CREATE TABLE IF NOT EXISTS purposes (
    id TEXT PRIMARY KEY, position INTEGER NOT NULL, purpose TEXT NOT NULL, diversion_ids TEXT NOT NULL,
    created_at TEXT NOT NULL, modified_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS vault_records (
    seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL UNIQUE, record TEXT NOT NULL, body_sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL
) STRICT;
"""


def connect(folder: Path) -> sqlite3.Connection:
    """Open `<folder>/sandbox.db`, made on first use, readable by its owner only.

    `synchronous=OFF` is right for a simulated vendor: what is committed survives a SIGKILL of the process
    (the pages are the kernel's by then, and the rollback journal undoes a half-written transaction), but not
    a power cut. It buys a commit of about 60 microseconds (measured).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA journal_mode=TRUNCATE")
    db.executescript(_SCHEMA)
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
