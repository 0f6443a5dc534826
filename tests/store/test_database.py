"""Opening the SQLite file, reading it, and writing to it."""

import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.model.events import Event, EventKind
from core.store import audit
from core.store.database import Store, StoreError, wal_is_safe
from core.store.keys import Keys, load_or_create
from tests.clocks import ManualClock

FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return load_or_create(tmp_path / "keys" / "desk.keys")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "desk.db"


@pytest.fixture
def store(path: Path, keys: Keys) -> Store:
    return Store(path, keys, ManualClock())


def ping(store: Store) -> None:
    with store.writing() as transaction:
        transaction.record(Event(EventKind.CONNECTION_RESUMED, "test|t", connection="cxone"))


def events(store: Store) -> int:
    with store.reading() as db:
        head = audit.head(db)
    return head[0] if head else 0


def test_every_table_is_strict(store: Store) -> None:
    with store.reading() as db:
        own = ("sqlite_", "_sqlite_", "audit_words")  # SQLite's and its search index's
        loose = [t.name for t in db.tables if not t.strict and not t.name.startswith(own)]
    assert loose == []


def test_the_file_is_its_owner_s_alone(store: Store) -> None:
    assert store.path.stat().st_mode & 0o077 == 0


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.writing() as transaction:
        transaction.record(Event(EventKind.CONNECTION_RESUMED, "test|t"))
        raise RuntimeError
    assert events(store) == 0


def test_nothing_can_be_written_through_a_reading_connection(store: Store) -> None:
    with store.reading() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM requests")


def test_commits_are_synchronous_and_deleted_rows_are_overwritten(store: Store) -> None:
    with store.writing() as transaction:
        pragmas = {
            name: next(iter(transaction.db.query(f"PRAGMA {name}")))[name]
            for name in ("synchronous", "secure_delete", "foreign_keys", "trusted_schema")
        }
    assert pragmas == {"synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "trusted_schema": 0}


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_is_used_only_where_its_reset_bug_is_fixed(version: tuple[int, int, int], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_the_journal_follows_the_library_s_version(store: Store) -> None:
    with store.writing() as transaction:
        (row,) = transaction.db.query("PRAGMA journal_mode")
    assert row["journal_mode"] == ("wal" if wal_is_safe() else "truncate")


def test_a_live_wal_database_is_not_switched(store: Store) -> None:
    with sqlite3.connect(store.path) as plain:
        plain.execute("PRAGMA journal_mode=WAL")
    plain.close()
    ping(store)
    with store.reading() as db:
        (row,) = db.query("PRAGMA journal_mode")
    assert row["journal_mode"] == "wal"


def test_an_empty_file_is_refused_and_kept(path: Path, keys: Keys) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        Store(path, keys, ManualClock())
    assert path.read_bytes() == b""


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path, keys: Keys) -> None:
    path.parent.mkdir()
    path.write_bytes(b"minutes of the privacy meeting " * 200)
    with pytest.raises(StoreError, match="restore a backup"):
        Store(path, keys, ManualClock())
    assert path.read_bytes().startswith(b"minutes")


def test_a_database_newer_than_the_code_is_refused_without_a_write(store: Store, keys: Keys) -> None:
    with sqlite3.connect(store.path) as plain:
        plain.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('privacy-desk', 'from_2030', '')"
        )
    plain.close()
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match="newer Privacy Desk \\(from_2030\\)"):
        Store(store.path, keys, ManualClock())
    assert store.path.read_bytes() == before


def test_opening_twice_migrates_once(store: Store, keys: Keys) -> None:
    ping(store)
    assert events(Store(store.path, keys, ManualClock())) == 1


def append(path: Path, keys_path: Path, times: int) -> None:
    store = Store(path, load_or_create(keys_path), SystemClock())
    for _ in range(times):
        ping(store)


def die_half_written(path: Path, keys_path: Path) -> None:
    """Spill a large transaction into the file, journal synced, and die before it is committed."""
    store = Store(path, load_or_create(keys_path), SystemClock())
    with store.writing() as transaction:
        transaction.db.execute("PRAGMA cache_size=5")
        for number in range(300):
            transaction.db.execute("INSERT INTO worker_leases VALUES (?, ?, 1, '', '')", [f"half-{number}", "x" * 2000])
        os.kill(os.getpid(), signal.SIGKILL)


def test_processes_that_append_at_once_lose_nothing(path: Path, tmp_path: Path) -> None:
    keys_path = tmp_path / "keys" / "desk.keys"
    children = [FORKS.Process(target=append, args=(path, keys_path, 10)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
        assert child.exitcode == 0
        child.close()
    store = Store(path, load_or_create(keys_path), ManualClock())
    assert events(store) == 40
    assert audit.verify(path, keys=store.keys).bad == []


def test_after_a_crash_in_the_middle_of_a_write_a_reader_finds_the_last_commit(tmp_path: Path, path: Path) -> None:
    keys_path = tmp_path / "keys" / "desk.keys"
    store = Store(path, load_or_create(keys_path), ManualClock())
    ping(store)
    child = FORKS.Process(target=die_half_written, args=(path, keys_path))
    child.start()
    child.join(20)
    assert child.exitcode == -signal.SIGKILL
    child.close()
    assert path.with_name(path.name + "-journal").stat().st_size > 0, "the crash left a hot journal"
    with store.reading() as db:
        (row,) = db.query("SELECT count(*) AS n FROM worker_leases")
    assert row["n"] == 0
    assert events(store) == 1


def test_a_database_that_vanished_is_not_quietly_replaced_by_an_empty_one(store: Store, keys: Keys) -> None:
    ping(store)
    store.checkpoint()
    store.path.unlink()
    with pytest.raises(StoreError, match="Restore a backup"):
        Store(store.path, keys, ManualClock())
    assert not store.path.exists()
