"""The worker's part in batches: their process is started when there is work, and ends with the worker."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.model.batches import BatchState
from core.worker.batches import BatchKeeper
from tests.desk.batches.files import csv_of, people
from tests.desks import ADMIN, desk_for, settings_for

# Says that it was started, and ends with its standard input as the real one does.
NOTED = "import pathlib,sys; pathlib.Path(sys.argv[1]).open('a').write('started\\n'); sys.stdin.read()"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_for(settings_for(tmp_path, "https://vendor.example.com"), SystemClock())


@pytest.fixture
def started(tmp_path: Path) -> Path:
    return tmp_path / "started"


@pytest.fixture
def keeper(desk: Desk, started: Path) -> Iterator[BatchKeeper]:
    command = (sys.executable, "-c", NOTED, str(started))
    keeper = BatchKeeper(desk.settings, desk.store, desk.clock, command)
    yield keeper
    keeper.stop()


def wait_for(path: Path, text: str) -> None:
    give_up_at = time.monotonic() + 20
    while not path.exists() or path.read_text() != text:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def ask_for_a_check(desk: Desk) -> None:
    batch = desk.upload_batch(ADMIN, csv_of(people(2)), "people.csv", connections=("cxone",))
    desk.check_batch(ADMIN, batch.id)


def test_without_work_there_is_no_process(desk: Desk, keeper: BatchKeeper, started: Path) -> None:
    desk.upload_batch(ADMIN, csv_of(people(2)), "people.csv")
    keeper.step()
    assert not started.exists()
    assert keeper._process is None


def test_one_process_is_started_for_any_work_and_again_when_it_died(
    desk: Desk, keeper: BatchKeeper, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.worker.batches.PAUSE_SECONDS", 0.0)
    ask_for_a_check(desk)
    keeper.step()
    keeper.step()
    wait_for(started, "started\n")
    assert keeper._process
    keeper._process.kill()
    keeper._process.wait()
    keeper.step()  # notes that it died
    keeper.step()
    wait_for(started, "started\nstarted\n")


def test_the_process_ends_with_the_worker(desk: Desk, keeper: BatchKeeper, started: Path) -> None:
    ask_for_a_check(desk)
    stopping = threading.Event()
    thread = threading.Thread(target=keeper.run, args=(stopping,))
    thread.start()
    wait_for(started, "started\n")
    give_up_at = time.monotonic() + 20
    while (process := keeper._process) is None:  # the process may speak before its starter has put it down
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    stopping.set()
    thread.join(10)
    assert process.returncode is not None


def test_the_real_process_does_the_work(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRIVACY_DESK_CONNECTIONS__CXONE__BASE_URL", "https://vendor.example.com")
    ask_for_a_check(desk)
    keeper = BatchKeeper(desk.settings, desk.store, desk.clock)
    try:
        give_up_at = time.monotonic() + 40
        while (batch := desk.batch(ADMIN, "B-000001")) and batch.work:
            keeper.step()
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
    finally:
        keeper.stop()
    assert batch
    assert (batch.state, batch.good) == (BatchState.CHECKED, 2)
