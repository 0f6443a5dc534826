"""Checkpoints a page at a time, and the one that covers an event: never one whose signature does not hold."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.store import checkpoint_pages, checkpoints
from core.store.keys import Keys, load_or_create

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return load_or_create(tmp_path / "keys" / "desk.keys")


@pytest.fixture
def path(tmp_path: Path, keys: Keys) -> Path:
    """Checkpoints after 10, 20, … 100 events."""
    file = tmp_path / "desk.db.checkpoints"
    for size in range(10, 101, 10):
        checkpoints.write(file, keys, size, f"{size:064x}", AT)
    return file


def sizes(path: Path, keys: Keys, first: int, count: int) -> list[int]:
    rows, _ = checkpoint_pages.page(path, keys, first, count)
    return [row.checkpoint.size for row in rows if row.checkpoint]


def test_pages_go_from_the_newest_to_the_oldest(path: Path, keys: Keys) -> None:
    assert sizes(path, keys, 0, 3) == [100, 90, 80]
    assert sizes(path, keys, 9, 3) == [10]
    assert sizes(path, keys, 10, 3) == []
    _, total = checkpoint_pages.page(path, keys, 0, 3)
    assert total == 10


def test_a_last_line_that_was_cut_short_counts_as_one(path: Path, keys: Keys) -> None:
    path.write_bytes(path.read_bytes()[:-30])
    rows, total = checkpoint_pages.page(path, keys, 0, 2)
    assert total == 10
    assert [(row.line, row.checkpoint is None) for row in rows] == [(10, True), (9, False)]
    assert checkpoint_pages.covering(path, keys, 95) is None
    found = checkpoint_pages.covering(path, keys, 85)
    assert found
    assert found.size == 90


def test_an_empty_file_is_no_checkpoints(tmp_path: Path, keys: Keys) -> None:
    (tmp_path / "empty").touch()
    assert checkpoint_pages.page(tmp_path / "empty", keys, 0, 3) == ([], 0)
    assert checkpoint_pages.covering(tmp_path / "empty", keys, 1) is None


def test_without_a_file_there_is_none(tmp_path: Path, keys: Keys) -> None:
    assert checkpoint_pages.page(tmp_path / "none", keys, 0, 3) == ([], 0)
    assert checkpoint_pages.covering(tmp_path / "none", keys, 1) is None


@pytest.mark.parametrize(("seq", "size"), [(1, 10), (10, 10), (11, 20), (95, 100), (100, 100)])
def test_an_event_is_covered_by_the_oldest_checkpoint_over_it(path: Path, keys: Keys, seq: int, size: int) -> None:
    found = checkpoint_pages.covering(path, keys, seq)
    assert found
    assert found.size == size


def test_an_event_after_the_newest_checkpoint_is_covered_by_none(path: Path, keys: Keys) -> None:
    assert checkpoint_pages.covering(path, keys, 101) is None


def test_a_line_that_was_changed_covers_nothing_and_says_so(path: Path, keys: Keys) -> None:
    path.write_text(path.read_text().replace('"size":30,', '"size":39,'))
    found = checkpoint_pages.covering(path, keys, 25)
    assert found
    assert found.size == 40
    rows, _ = checkpoint_pages.page(path, keys, 7, 1)
    assert [(row.line, row.holds) for row in rows] == [(3, False)]


def test_what_another_key_signed_covers_nothing(path: Path, keys: Keys, tmp_path: Path) -> None:
    other = load_or_create(tmp_path / "other" / "desk.keys")
    checkpoints.write(path, other, 200, "f" * 64, AT)
    assert checkpoint_pages.covering(path, keys, 150) is None
    rows, _ = checkpoint_pages.page(path, keys, 0, 1)
    assert rows[0].holds is None


def test_a_line_that_is_no_checkpoint_is_listed_as_such(path: Path, keys: Keys) -> None:
    with path.open("ab") as file:
        file.write(b"\xff not json\n")
    rows, total = checkpoint_pages.page(path, keys, 0, 2)
    assert (rows[0].checkpoint, rows[0].holds, total) == (None, False, 11)
    assert checkpoint_pages.covering(path, keys, 55)
