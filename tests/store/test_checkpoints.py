import base64
import fcntl
import json
import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.store.audit import verify
from core.store.checkpoints import EVERY_ROWS, EVERY_SECONDS, ORIGIN, Checkpointer, path_for, read, write
from core.store.keys import Keys, load_or_create
from tests.clocks import ManualClock
from tests.store.audit_logs import START, add

HEAD = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db.checkpoints"


def sizes(path: Path) -> list[int]:
    return [checkpoint.size for checkpoint in read(path)[0]]


# The file


def test_checkpoints_lie_beside_the_database(tmp_path: Path) -> None:
    assert path_for(tmp_path / "desk.db") == path_for(str(tmp_path / "desk.db")) == tmp_path / "desk.db.checkpoints"


def test_what_is_written_is_read_back_in_order(path: Path, keys: Keys) -> None:
    written = [write(path, keys, size, HEAD, START) for size in (3, 7)]
    assert read(path) == (written, [])


def test_a_checkpoint_is_one_json_line_with_its_six_members(path: Path, keys: Keys) -> None:
    write(path, keys, 3, HEAD, START)
    (line,) = path.read_text().splitlines()
    assert json.loads(line) == {
        "origin": ORIGIN,
        "size": 3,
        "head": HEAD,
        "at": "2026-11-21T09:00:00.000000Z",
        "key_id": keys.key_ids["signing"],
        "signature": json.loads(line)["signature"],
    }


def test_the_signature_is_ed25519_over_the_note(path: Path, keys: Keys) -> None:
    checkpoint = write(path, keys, 3, HEAD, START)
    assert checkpoint.note == f"{ORIGIN}\n3\n{HEAD}\n2026-11-21T09:00:00.000000Z\n".encode()
    keys.public.verify(base64.b64decode(checkpoint.signature), checkpoint.note)


@pytest.mark.parametrize(
    "change",
    [{"size": 4}, {"head": "cd" * 32}, {"at": "2026-11-21T09:00:00.000001Z"}, {"origin": "another"}],
)
def test_no_word_of_it_can_be_changed_under_the_signature(path: Path, keys: Keys, change: dict[str, Any]) -> None:
    checkpoint = write(path, keys, 3, HEAD, START)
    assert checkpoint.is_signed_by(keys.public)
    assert not replace(checkpoint, **change).is_signed_by(keys.public)


def test_another_key_did_not_sign_it(path: Path, keys: Keys, tmp_path: Path) -> None:
    assert not write(path, keys, 3, HEAD, START).is_signed_by(load_or_create(tmp_path / "other").public)


def test_the_file_is_its_owners_alone(path: Path, keys: Keys) -> None:
    write(path, keys, 3, HEAD, START)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_file_is_no_checkpoints_and_no_problem(path: Path) -> None:
    assert read(path) == ([], [])


def test_a_last_line_cut_short_is_tolerated_and_told(path: Path, keys: Keys) -> None:
    first = write(path, keys, 3, HEAD, START)
    write(path, keys, 7, HEAD, START)
    path.write_bytes(path.read_bytes()[:-20])
    checkpoints, (problem,) = read(path)
    assert checkpoints == [first]
    assert "Line 2" in problem
    assert "cut short" in problem


def test_writing_goes_on_after_a_line_cut_short(path: Path, keys: Keys) -> None:
    write(path, keys, 3, HEAD, START)
    path.write_bytes(path.read_bytes()[:-20])
    second = write(path, keys, 7, HEAD, START)
    checkpoints, problems = read(path)
    assert checkpoints == [second]
    assert len(problems) == 1


def test_a_last_line_that_only_lacks_its_end_counts(path: Path, keys: Keys) -> None:
    checkpoint = write(path, keys, 3, HEAD, START)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert read(path) == ([checkpoint], [])


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "another log"},
        {"size": 0},
        {"size": -1},
        {"size": True},
        {"size": 3.0},
        {"size": "3"},
        {"size": 2**60},
        {"head": "AB" * 32},
        {"head": "ab" * 31},
        {"head": None},
        {"at": "yesterday"},
        {"at": 5},
        {"key_id": "short"},
        {"key_id": None},
        {"signature": "AAAA"},
        {"signature": "!" * 88},
        {"signature": 1},
        {"more": 1},
    ],
)
def test_a_malformed_checkpoint_is_told_and_not_used(path: Path, keys: Keys, change: dict[str, Any]) -> None:
    line = {**asdict(write(path, keys, 3, HEAD, START)), **change}
    path.write_text(json.dumps(line) + "\n")
    assert read(path) == ([], ["Line 1 of the checkpoint file is not a checkpoint; it was not used."])


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"{" * 3000, b"[" * 3000, b" " * 5000])
def test_a_line_that_is_anything_else_is_told_and_not_used(path: Path, keys: Keys, line: bytes) -> None:
    checkpoint = write(path, keys, 3, HEAD, START)
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert read(path) == ([checkpoint], ["Line 1 of the checkpoint file is not a checkpoint; it was not used."])


def test_writers_at_the_same_time_never_mix_their_lines(path: Path, keys: Keys) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda size: write(path, keys, size, HEAD, START), range(1, 81)))
    checkpoints, problems = read(path)
    assert problems == []
    assert sorted(checkpoint.size for checkpoint in checkpoints) == list(range(1, 81))
    assert all(checkpoint.is_signed_by(keys.public) for checkpoint in checkpoints)


def test_a_writer_waits_for_another_to_finish_its_line(path: Path, keys: Keys) -> None:
    write(path, keys, 3, HEAD, START)
    with path.open("ab") as other, ThreadPoolExecutor(1) as pool:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"half of a")
        other.flush()
        waiting = pool.submit(write, path, keys, 7, HEAD, START)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.05)
        other.write(b" line\n")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_UN)
        waiting.result()
    assert (sizes(path), len(read(path)[1])) == ([3, 7], 1)


# When one is due


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def checkpointer(path: Path, keys: Keys, clock: ManualClock) -> Checkpointer:
    return Checkpointer(path, keys, clock)


def test_the_first_commit_of_a_process_is_signed(path: Path, checkpointer: Checkpointer) -> None:
    checkpointer.after_commit(5, HEAD)
    assert sizes(path) == [5]


def test_then_one_every_hundred_rows(path: Path, checkpointer: Checkpointer) -> None:
    for size in range(1, 3 * EVERY_ROWS):
        checkpointer.after_commit(size, HEAD)
    assert sizes(path) == [1, 1 + EVERY_ROWS, 1 + 2 * EVERY_ROWS]


def test_or_every_minute_while_rows_are_written(path: Path, checkpointer: Checkpointer, clock: ManualClock) -> None:
    for size in range(1, 8):
        checkpointer.after_commit(size, HEAD)
        clock.advance(EVERY_SECONDS / 3)
    assert sizes(path) == [1, 4, 7]


def test_without_new_rows_none_is_due_however_long_it_takes(
    path: Path, checkpointer: Checkpointer, clock: ManualClock
) -> None:
    checkpointer.after_commit(5, HEAD)
    clock.advance(3600)
    checkpointer.after_commit(5, HEAD)
    assert sizes(path) == [5]


def test_an_idle_call_signs_what_the_last_minute_left(
    path: Path, checkpointer: Checkpointer, clock: ManualClock
) -> None:
    checkpointer.after_commit(5, HEAD)
    checkpointer.after_commit(6, HEAD)
    clock.advance(EVERY_SECONDS)
    checkpointer.after_commit(6, HEAD)
    assert sizes(path) == [5, 6]


def test_a_wall_clock_put_back_delays_nothing(path: Path, checkpointer: Checkpointer, clock: ManualClock) -> None:
    checkpointer.after_commit(5, HEAD)
    clock.jump(-7200)
    clock.advance(EVERY_SECONDS)
    checkpointer.after_commit(6, HEAD)
    assert sizes(path) == [5, 6]


def test_a_log_that_became_shorter_is_signed_at_once(path: Path, checkpointer: Checkpointer) -> None:
    checkpointer.after_commit(50, HEAD)
    checkpointer.after_commit(49, HEAD)
    assert sizes(path) == [50, 49]


def test_force_writes_whether_due_or_not(path: Path, checkpointer: Checkpointer) -> None:
    checkpointer.after_commit(5, HEAD)
    checkpointer.force(6, HEAD)
    assert sizes(path) == [5, 6]
    assert not checkpointer.is_due(7)


def test_a_file_that_cannot_be_written_is_logged_and_tried_again(
    path: Path, checkpointer: Checkpointer, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir()
    with caplog.at_level(logging.ERROR):
        checkpointer.after_commit(5, HEAD)
    assert "checkpoint not written" in caplog.text
    with pytest.raises(OSError, match="directory"):
        checkpointer.force(5, HEAD)
    path.rmdir()
    checkpointer.after_commit(5, HEAD)
    assert sizes(path) == [5]


def test_what_several_processes_sign_in_any_order_verifies(log: Path, keys: Keys, clock: ManualClock) -> None:
    heads = [add(log, keys, 1) for _ in range(6)]
    first, second = (Checkpointer(path_for(log), keys, clock) for _ in range(2))
    for checkpointer, head in ((first, heads[5]), (second, heads[2]), (first, heads[5]), (second, heads[4])):
        checkpointer.force(*head)
        clock.jump(timedelta(seconds=-1).total_seconds())
    assert verify(log, keys=keys).ok
    assert sizes(path_for(log)) == [6, 3, 6, 5]
