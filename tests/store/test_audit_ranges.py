"""A large log is followed by several processes at once, and gives the verdict that one would give."""

from pathlib import Path

import pytest

from core.store import audit
from core.store.audit import ranges
from core.store.keys import Keys
from tests.store.audit_logs import add, connected, new_log, tampering

ROWS = 60


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as large, and processors enough for four ranges: 1 to 15, 16 to 30, 31 to 45, 46 to 60."""
    monkeypatch.setattr(ranges, "LARGE", ROWS - 1)
    monkeypatch.setattr("os.cpu_count", lambda: 8)


def filled_log(folder: Path, keys: Keys, rows: int) -> Path:
    log = new_log(folder / "desk.db")
    add(log, keys, rows)
    return log


def verdict_of(log: Path, keys: Keys, *, monkeypatch: pytest.MonkeyPatch) -> tuple[audit.Verdict, audit.Verdict]:
    """The verdict of several processes, and that of one."""
    several = audit.verify(log, keys=keys)
    monkeypatch.setattr(ranges, "LARGE", 10**9)
    return several, audit.verify(log, keys=keys)


def test_each_range_is_found_right_from_the_row_before_it(tmp_path: Path, keys: Keys) -> None:
    log = filled_log(tmp_path, keys, ROWS)
    found = ranges.follow(str(log), 16, 30, keys.audit)
    assert found
    with connected(log) as db:
        hashes = dict(db.execute("SELECT seq, hash FROM audit_events").fetchall())
    assert (found.began_after, found.last, found.head) == (hashes[15], 30, hashes[30])


def test_the_ranges_cover_all_but_what_the_caller_does(tmp_path: Path, keys: Keys) -> None:
    log = filled_log(tmp_path, keys, ROWS)
    with ranges.in_other_processes(log, 1, ROWS, keys.audit) as others:
        assert [(one.first, one.last) for one in others] == [(16, 30), (31, 45), (46, 60)]
        assert all(one.result() for one in others)


def test_a_small_log_is_left_to_one_process(tmp_path: Path, keys: Keys) -> None:
    log = filled_log(tmp_path, keys, 10)
    with ranges.in_other_processes(log, 1, 10, keys.audit) as others:
        assert others == []


def test_a_sound_log_is_sound_to_its_last_row(tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    several, one = verdict_of(filled_log(tmp_path, keys, ROWS), keys, monkeypatch=monkeypatch)
    assert several.ok
    assert several.events == ROWS
    assert several == one


@pytest.mark.parametrize("seq", [1, 15, 16, 17, 30, 31, 45, 46, 60])
def test_a_row_that_was_edited_is_named_wherever_it_stands(
    seq: int, tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled_log(tmp_path, keys, ROWS)
    with tampering(log) as connection:
        connection.execute("UPDATE audit_events SET actor = 'mallory' WHERE seq = ?", [seq])
    several, one = verdict_of(log, keys, monkeypatch=monkeypatch)
    assert [bad.seq for bad in several.bad] == [seq]
    assert several == one


@pytest.mark.parametrize("seq", [15, 16, 40, 60])
def test_a_row_that_was_deleted_is_named_wherever_it_stood(
    seq: int, tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled_log(tmp_path, keys, ROWS)
    with tampering(log) as connection:
        connection.execute("DELETE FROM audit_events WHERE seq = ?", [seq])
    several, one = verdict_of(log, keys, monkeypatch=monkeypatch)
    assert several == one


def test_without_the_keys_the_chain_is_followed_all_the_same(tmp_path: Path, keys: Keys) -> None:
    verdict = audit.verify(filled_log(tmp_path, keys, ROWS))
    assert verdict.ok
    assert verdict.events == ROWS


def test_progress_ends_at_all_of_them_and_never_goes_beyond(tmp_path: Path, keys: Keys) -> None:
    told: list[tuple[int, int]] = []

    def note(done: int, of: int) -> bool:
        told.append((done, of))
        return True

    audit.verify(filled_log(tmp_path, keys, ROWS), keys=keys, progress=note)
    assert told[-1] == (ROWS, ROWS)
    assert all(done <= of for done, of in told)
