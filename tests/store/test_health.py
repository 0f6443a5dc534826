"""What can be told about a database file from outside."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.model.events import Event, EventKind
from core.store import checkpoints, worker_leases
from core.store.database import Store
from core.store.health import examine, examine_checkpoints
from core.store.keys import Keys, load_or_create
from core.store.snapshot import UnreadableDatabaseError
from tests.clocks import ManualClock

CLOCK = ManualClock()


@pytest.fixture
def store(tmp_path: Path, keys: Keys) -> Store:
    return Store(tmp_path / "desk.db", keys, CLOCK)


def record(store: Store) -> None:
    with store.writing() as transaction:
        transaction.record(Event(EventKind.CONNECTION_RESUMED, "test|1", connection="cxone", outcome="resumed"))


def test_a_new_database_is_sound_and_has_no_event_no_lease_and_nothing_due(store: Store) -> None:
    health = examine(store.path, CLOCK.now())
    assert (health.problems, health.lease, health.newest_event_at, health.due) == ((), None, None, 0)
    assert health.journal_mode == ("wal" if health.wal_is_safe else "delete")


def test_the_newest_event_and_the_worker_are_told(store: Store) -> None:
    record(store)
    with store.writing() as transaction:
        worker_leases.take(transaction, "host:1:2", 15)
    health = examine(store.path, CLOCK.now())
    assert health.newest_event_at == CLOCK.now()
    assert health.lease is not None
    assert health.lease.expires_at == CLOCK.now() + timedelta(seconds=15)


def test_a_newer_schema_is_a_problem(store: Store) -> None:
    with store.writing() as transaction:
        transaction.db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, 'of_the_future', '')",
            ["privacy-desk"],
        )
    (problem,) = examine(store.path, CLOCK.now()).problems
    assert "of_the_future" in problem


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_bytes(b"no database " * 100)])
def test_what_is_no_database_cannot_be_examined(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "other.db")
    with pytest.raises(UnreadableDatabaseError):
        examine(tmp_path / "other.db", CLOCK.now())


def test_examining_changes_nothing(store: Store) -> None:
    record(store)
    before = store.path.read_bytes()
    examine(store.path, CLOCK.now())
    examine_checkpoints(store.path, store.keys)
    assert store.path.read_bytes() == before


def test_the_newest_checkpoint_matches_the_row_it_signed(store: Store) -> None:
    assert examine_checkpoints(store.path, store.keys).newest is None
    record(store)
    store.checkpoint()
    record(store)
    found = examine_checkpoints(store.path, store.keys)
    assert found.newest is not None
    assert (found.newest.size, found.events, found.matches) == (1, 2, True)


def test_a_checkpoint_of_another_head_or_of_rows_that_are_gone_does_not_match(store: Store) -> None:
    record(store)
    path = checkpoints.path_for(store.path)
    checkpoints.write(path, store.keys, 1, "0" * 64, CLOCK.now())
    path.write_text(path.read_text().splitlines()[-1] + "\n")
    assert not examine_checkpoints(store.path, store.keys).matches
    checkpoints.write(path, store.keys, 2, "0" * 64, CLOCK.now())
    assert not examine_checkpoints(store.path, store.keys).matches


def test_a_checkpoint_of_another_key_is_not_ours(store: Store, tmp_path: Path) -> None:
    record(store)
    path = checkpoints.path_for(store.path)
    path.unlink()
    checkpoints.write(path, load_or_create(tmp_path / "other" / "keys"), 1, "0" * 64, CLOCK.now())
    assert examine_checkpoints(store.path, store.keys).newest is None
