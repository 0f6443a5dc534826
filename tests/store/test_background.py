"""Long work in a process of its own: one piece at a time, its progress, its end, and what a kill leaves."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.store.background import ENDED_UNEXPECTEDLY, RunningWork, Work, WorkFolder, WorkRunningError, WorkState
from tests.clocks import ManualClock
from tests.desks import ADMIN

ROOT = Path(__file__).parents[2]
FREE = """
import sys
from pathlib import Path
from core.clock import SystemClock
from core.store.background import RunningWork, WorkState
running = RunningWork(Path(sys.argv[1]), SystemClock())
"""
UNTIL_TOLD = (
    FREE
    + """
while running.progress(3, 7):
    SystemClock().sleep(0.01)
running.end(WorkState.CANCELLED)
"""
)


def started(folder: WorkFolder, script: str) -> Work:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return folder.start(ADMIN, {"about": "everything"}, (sys.executable, "-c", script), environment)


def until(folder: WorkFolder, is_so: Callable[[Work], bool]) -> Work:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (work := folder.newest()) and is_so(work):
            for thread in threading.enumerate():
                if not work.runs and thread.name == "end of background work":
                    thread.join(20)
            return work
        time.sleep(0.01)
    raise AssertionError(folder.newest())


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "desk.db.verification", SystemClock())


def test_before_the_first_there_is_none(folder: WorkFolder) -> None:
    assert folder.newest() is None
    assert folder.lines(0, 10) == []


def test_it_tells_who_asked_for_what_how_far_it_is_and_how_it_ended(folder: WorkFolder) -> None:
    work = started(folder, UNTIL_TOLD)
    running = until(folder, lambda work: work.done == 3)
    assert (running.id, running.asked_by, running.asked, running.of) == (work.id, ADMIN, {"about": "everything"}, 7)
    assert running.runs
    folder.cancel(work.id)
    ended = until(folder, lambda work: not work.runs)
    assert (ended.state, ended.id) == (WorkState.CANCELLED, work.id)
    assert ended.ended_at is not None


def test_one_at_a_time_and_only_the_one_that_was_meant_is_cancelled(folder: WorkFolder) -> None:
    work = started(folder, UNTIL_TOLD)
    with pytest.raises(WorkRunningError):
        started(folder, UNTIL_TOLD)
    folder.cancel("another")
    assert until(folder, lambda work: work.done == 3).runs
    folder.cancel(work.id)
    until(folder, lambda work: not work.runs)
    again = started(folder, UNTIL_TOLD)  # the mark that stopped the first does not stop the second
    assert until(folder, lambda work: work.done == 3).id == again.id
    folder.cancel(again.id)
    until(folder, lambda work: not work.runs)


def test_a_process_that_dies_is_not_taken_for_one_that_still_works(folder: WorkFolder) -> None:
    started(folder, "import os; os.kill(os.getpid(), 9)")
    ended = until(folder, lambda work: not work.runs)
    assert (ended.state, ended.error) == (WorkState.FAILED, ENDED_UNEXPECTEDLY)


def test_a_long_list_is_read_a_page_at_a_time(folder: WorkFolder) -> None:
    started(
        folder,
        FREE
        + """
running.keep_list({"seq": n, "why": "gelöscht\\n"} for n in range(1000))
running.end(WorkState.DONE, {"bad": 1000})
""",
    )
    ended = until(folder, lambda work: not work.runs)
    assert (ended.state, ended.result) == (WorkState.DONE, {"bad": 1000})
    assert [entry["seq"] for entry in folder.lines(0, 3)] == [0, 1, 2]
    assert folder.lines(998, 50) == [{"seq": n, "why": "gelöscht\n"} for n in (998, 999)]
    assert folder.lines(1000, 50) == []


def test_a_state_file_that_nobody_can_read_counts_as_none(folder: WorkFolder) -> None:
    folder.folder.mkdir()
    for content in (b"", b"{", b"[]", b'{"id": "x"}', b"\xff"):
        (folder.folder / "state.json").write_bytes(content)
        assert folder.newest() is None


def test_no_work_is_done_that_nobody_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        RunningWork(tmp_path, ManualClock())


def test_neither_a_session_nor_anything_for_others_to_read_is_left_on_disk(folder: WorkFolder) -> None:
    started(folder, FREE + "running.end(WorkState.DONE)")
    until(folder, lambda work: not work.runs)
    assert b"session" not in (folder.folder / "state.json").read_bytes()
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.folder.iterdir())
