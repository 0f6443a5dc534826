"""Connections that are kept open between units of work."""

import gc
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.store.connections import MOST_IDLE, Connections


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    make(path, "first")
    return path


def make(path: Path, name: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE named (name TEXT)")
    connection.execute("INSERT INTO named VALUES (?)", [name])
    connection.commit()
    connection.close()


class Counted:
    def __init__(self, path: Path) -> None:
        self.opened: list[sqlite3.Connection] = []
        self.pool = Connections(path, lambda: self._open(path))

    def _open(self, path: Path) -> sqlite3.Connection:
        self.opened.append(sqlite3.connect(path, isolation_level=None, check_same_thread=False))
        return self.opened[-1]

    def name(self) -> str:
        with self.pool.lend() as db:
            (row,) = db.query("SELECT name FROM named")
            return str(row["name"])


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_one_is_used_again_in_any_thread(path: Path) -> None:
    counted = Counted(path)
    with ThreadPoolExecutor(1) as other:
        assert {counted.name(), other.submit(counted.name).result()} == {"first"}
    assert len(counted.opened) == 1


def test_two_at_a_time_are_two(path: Path) -> None:
    counted = Counted(path)
    with counted.pool.lend() as one, counted.pool.lend() as other:
        assert one.conn is not other.conn
    assert len(counted.opened) == 2


def test_what_was_begun_and_not_committed_is_undone_when_it_is_given_back(path: Path) -> None:
    counted = Counted(path)
    with counted.pool.lend() as db:
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.execute("UPDATE named SET name = 'second'")
    assert counted.name() == "first"
    make(path.with_name("another.db"), "x")  # and no lock is left
    assert len(counted.opened) == 1


def test_another_file_in_its_place_is_the_one_that_is_read(path: Path) -> None:
    counted = Counted(path)
    counted.name()
    fresh = path.with_name("backup.db")
    make(fresh, "restored")
    fresh.rename(path)
    assert counted.name() == "restored"
    assert is_closed(counted.opened[0])


def test_no_more_than_some_are_kept_and_all_are_closed_with_the_pool(path: Path) -> None:
    counted = Counted(path)
    lent = [counted.pool.lend() for _ in range(MOST_IDLE + 3)]
    for one in lent:
        one.__enter__()
    for one in lent:
        one.__exit__(None, None, None)
    assert sum(map(is_closed, counted.opened)) == 3
    opened = counted.opened
    counted.pool.close()
    assert all(map(is_closed, opened))
    assert counted.name() == "first", "and it can be used on"


def test_a_pool_that_nobody_has_any_more_closes_its_connections(path: Path) -> None:
    counted = Counted(path)
    counted.name()
    opened = counted.opened
    del counted
    gc.collect()
    assert all(map(is_closed, opened))
