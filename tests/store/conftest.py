"""Audit logs in real files, with keys of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.store import checkpoints
from core.store.keys import Keys, load_or_create
from tests.store.audit_logs import Target, add, checkpoint, connected, new_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return new_log(tmp_path / "desk.db")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return load_or_create(tmp_path / "keys" / "desk.keys")


@pytest.fixture
def open_log(log: Path) -> Iterator[Database]:
    """A connection inside a write transaction."""
    with connected(log) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        yield db


@pytest.fixture
def target(log: Path, keys: Keys, tmp_path: Path) -> Target:
    """20 rows, with a checkpoint signed at row 10 and one at row 20, the head; yesterday is at row 10."""
    made = Target(log, keys, tmp_path / "yesterday.db")
    add(made.path, made.keys, 10)
    checkpoint(made.path, made.keys)
    shutil.copy(made.path, made.yesterday)
    shutil.copy(made.signed, checkpoints.path_for(made.yesterday))
    add(made.path, made.keys, 10)
    checkpoint(made.path, made.keys)
    return made
