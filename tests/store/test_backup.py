import hashlib
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event as Signal

import pytest

from core.store.audit import verify
from core.store.backup import BackupError, backup
from core.store.keys import Keys
from core.store.snapshot import UnreadableDatabaseError
from tests.store.audit_logs import add, connected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go: away from the keys."""
    made = tmp_path / "elsewhere"
    made.mkdir()
    return made


@pytest.fixture
def keys_path(keys: Keys, tmp_path: Path) -> Path:
    return tmp_path / "keys" / "desk.keys"


@contextmanager
def written_to(log: Path, keys: Keys) -> Iterator[None]:
    """Somebody appends all the while."""
    stop = Signal()

    def write() -> None:
        while not stop.is_set():
            add(log, keys, 5)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            yield
        finally:
            stop.set()
            writer.result()


def test_a_backup_is_a_sound_database_whose_audit_log_verifies(
    log: Path, keys: Keys, folder: Path, keys_path: Path
) -> None:
    _, head = add(log, keys, 500)
    made = backup(log, folder / "desk.db", keys_path=keys_path)
    verdict = verify(made.path, keys=keys)
    assert (verdict.ok, verdict.events, verdict.head) == (True, 500, head)


def test_the_result_names_the_file_its_digest_and_its_size(
    log: Path, keys: Keys, folder: Path, keys_path: Path
) -> None:
    add(log, keys, 5)
    made = backup(log, folder / "desk.db", keys_path=keys_path)
    content = (folder / "desk.db").read_bytes()
    assert (made.path, made.bytes) == (folder / "desk.db", len(content))
    assert made.sha256 == hashlib.sha256(content).hexdigest()


def test_it_is_its_owners_alone_and_nothing_else_is_left(log: Path, folder: Path, keys_path: Path) -> None:
    made = backup(log, folder / "desk.db", keys_path=keys_path)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [made.path]


def test_a_backup_taken_while_rows_are_written_is_one_instant(
    log: Path, keys: Keys, folder: Path, keys_path: Path
) -> None:
    add(log, keys, 500)
    with written_to(log, keys):
        made = [backup(log, folder / f"{n}.db", keys_path=keys_path) for n in range(3)]
    for copy in made:
        verdict = verify(copy.path, keys=keys)
        assert verdict.ok
        assert verdict.events >= 500
        assert verdict.events % 5 == 0


def test_a_wal_database_becomes_one_file_that_needs_no_companion(
    log: Path, keys: Keys, folder: Path, keys_path: Path
) -> None:
    with connected(log) as db:
        db.conn.execute("PRAGMA journal_mode=WAL")
        add(log, keys, 50)
        made = backup(log, folder / "desk.db", keys_path=keys_path)
    assert list(folder.iterdir()) == [made.path]
    made.path.chmod(0o400)
    assert verify(made.path, keys=keys).events == 50
    assert list(folder.iterdir()) == [made.path]


def test_an_existing_file_is_never_replaced(log: Path, folder: Path, keys_path: Path) -> None:
    (folder / "taken").write_text("precious")
    (folder / "dangling").symlink_to(folder / "nowhere")
    for name in ("taken", "dangling"):
        with pytest.raises(ValueError, match="exists already"):
            backup(log, folder / name, keys_path=keys_path)
    assert (folder / "taken").read_text() == "precious"


def test_a_place_beside_the_key_file_is_refused_by_whatever_way_it_is_named(
    log: Path, folder: Path, keys_path: Path
) -> None:
    (folder / "link").symlink_to(keys_path.parent)
    for place in (keys_path.parent, folder / "link", keys_path.parent / ".." / "keys"):
        with pytest.raises(ValueError, match="holds the key file"):
            backup(log, place / "desk.db", keys_path=keys_path)
    assert list(keys_path.parent.iterdir()) == [keys_path]


def test_a_folder_that_is_not_there_is_refused(log: Path, folder: Path, keys_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder"):
        backup(log, folder / "missing" / "desk.db", keys_path=keys_path)


def test_a_database_that_is_none_is_refused_and_leaves_nothing(folder: Path, keys_path: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to have a header " * 10)
    for source in (tmp_path / "missing", tmp_path / "text"):
        with pytest.raises(UnreadableDatabaseError):
            backup(source, folder / "desk.db", keys_path=keys_path)
    assert list(folder.iterdir()) == []


def test_a_database_that_is_not_sound_gives_no_backup(log: Path, keys: Keys, folder: Path, keys_path: Path) -> None:
    add(log, keys, 5)
    with closing(sqlite3.connect(log)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_events_request'").fetchone()
    content = log.read_bytes()
    index = slice((root - 1) * 4096, root * 4096)
    log.write_bytes(content[: index.start] + content[index].replace(b"PR-000003", b"PR-000004") + content[index.stop :])
    with pytest.raises(BackupError, match="not sound"):
        backup(log, folder / "desk.db", keys_path=keys_path)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_clear_failure(log: Path, folder: Path, keys_path: Path) -> None:
    with pytest.raises(BackupError, match="failed"):
        backup(log, folder / ("x" * 250), keys_path=keys_path)
    assert list(folder.iterdir()) == []
