"""A batch killed while it is checked, filed and sent: each accepted row is one request and reaches the vendor once."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.model.batches import Batch, BatchState
from core.settings import Settings
from core.store.audit import verify
from core.store.batches import staging
from core.store.requests import RequestFilter
from tests.desk.batches.files import csv_of, people
from tests.desks import ADMIN, QUICK, desk_for, settings_for
from tests.faults.killed_batch import work_until_killed
from tests.vendor import Vendor

ROOT = Path(__file__).parents[2]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.killed_batch"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, "https://vendor.example.com")


def killed(settings: Settings, step: str, occurrence: int) -> None:
    child = FORKS.Process(target=work_until_killed, args=(settings, step, occurrence), daemon=True)
    child.start()
    child.join(600)
    assert child.exitcode == -signal.SIGKILL
    child.close()


def batch_of(desk: Desk, batch_id: str) -> Batch:
    found = desk.batch(ADMIN, batch_id)
    assert found
    return found


def filed_once(desk: Desk, batch_id: str, subjects: list[str]) -> None:
    batch = batch_of(desk, batch_id)
    assert (batch.state, batch.accepted) == (BatchState.ACCEPTED, len(subjects))
    with desk.store.reading() as db:
        rows = list(db.query("SELECT batch_line, count(*) AS n FROM requests GROUP BY batch_line"))
        (events,) = db.query("SELECT count(*) AS n FROM audit_events WHERE kind = 'request.filed'")
        (staged,) = db.query("SELECT count(*) AS n FROM batch_parts WHERE kind IN ('file', 'good')")
    assert {row["batch_line"]: row["n"] for row in rows} == dict.fromkeys(range(2, len(subjects) + 2), 1)
    assert (events["n"], staged["n"]) == (len(subjects), 0)
    verdict = verify(desk.store.path, keys=desk.store.keys, checkpoints=desk.store.checkpoints_path(desk.store.path))
    assert verdict.ok
    assert verdict.bad == []


def killed_while_filing(settings: Settings, count: int, kills: list[tuple[str, int]]) -> None:
    desk = desk_for(settings, SystemClock())
    subjects = people(count)
    batch = desk.upload_batch(ADMIN, csv_of(subjects), "people.csv", connections=("cxone",))
    desk.check_batch(ADMIN, batch.id)
    desk.work_on_batches()
    desk.accept_batch(ADMIN, batch.id, typed=str(count))
    for step, occurrence in kills:
        killed(settings, step, occurrence)
        assert batch_of(desk, batch.id).state is BatchState.ACCEPTING
    assert desk.work_on_batches()
    filed_once(desk, batch.id, subjects)


@pytest.mark.parametrize(
    "kills",
    [
        [("filed", 1), ("filed", 3)],
        [("told", 2), ("told", 4)],
        [("told", 8), ("filed", 1)],
    ],
    ids=["before the commit", "between two transactions", "at the end"],
)
def test_filing_killed_twice_files_each_row_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, kills: list[tuple[str, int]]
) -> None:
    monkeypatch.setattr(staging, "ITEMS_A_PART", 40)
    killed_while_filing(settings, 400, kills)


@pytest.mark.full
def test_filing_a_hundred_thousand_rows_killed_twice_files_each_once(settings: Settings) -> None:
    killed_while_filing(settings, 100_000, [("filed", 20), ("told", 20)])


def test_a_check_that_was_killed_begins_anew(settings: Settings) -> None:
    desk = desk_for(settings, SystemClock())
    batch = desk.upload_batch(ADMIN, csv_of(["USR-1", "USR 2"]), "people.csv", connections=("cxone",))
    desk.check_batch(ADMIN, batch.id)
    for occurrence in (1, 3):
        killed(settings, "kept", occurrence)
        assert batch_of(desk, batch.id).state is BatchState.CHECKING
    assert desk.work_on_batches()
    checked = batch_of(desk, batch.id)
    assert (checked.state, checked.good, checked.rejected) == (BatchState.CHECKED, 1, 1)
    assert len(desk.batch_findings(ADMIN, batch.id)) == 1


def test_a_second_process_leaves_the_work_to_the_first(settings: Settings) -> None:
    desk = desk_for(settings, SystemClock())
    asked: list[bool] = []
    batch = desk.upload_batch(ADMIN, csv_of(["USR-1"]), "people.csv", connections=("cxone",))
    desk.check_batch(ADMIN, batch.id)
    desk.work_on_batches(lambda *_: asked.append(desk_for(settings, SystemClock()).work_on_batches()))
    assert asked == [False]


class Shell:
    """`privacy-desk` with settings of its own, as a process that can be killed."""

    def __init__(self, folder: Path, vendor_url: str) -> None:
        self.settings = settings_for(folder, vendor_url, **QUICK)
        quick = {f"PRIVACY_DESK_CONNECTIONS__CXONE__{name.upper()}": str(value) for name, value in QUICK.items()}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PRIVACY_DESK_")},
            **quick,
            "PRIVACY_DESK_DATABASE": str(self.settings.database),
            "PRIVACY_DESK_KEYS": str(self.settings.keys),
            "PRIVACY_DESK_CONNECTIONS__CXONE__BASE_URL": vendor_url,
            "PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_ID": "desk",
            "PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_SECRET": "not-a-real-secret",
            "PRIVACY_DESK_CONNECTIONS__CXONE__LIMIT_PER_MINUTE": "1000000",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "core", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def kill_once(self, reached: Callable[[], bool], *arguments: str, seconds: float = 60) -> None:
        """Run a command and kill it as soon as something is reached."""
        give_up_at = time.monotonic() + seconds
        with self.start(*arguments) as process:
            while not reached():
                assert process.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < give_up_at
                time.sleep(0.01)
            process.kill()
            process.wait()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def the_command_killed_twice(tmp_path: Path, vendor: Vendor, count: int, seconds: float) -> None:
    shell = Shell(tmp_path, vendor.url)
    file = tmp_path / "people.csv"
    file.write_bytes(csv_of(people(count)))
    command = ("batch", str(file), "--wait", "--json")
    shell.kill_once(lambda: vendor.submissions > count // 10, *command, seconds=seconds)
    shell.kill_once(lambda: vendor.submissions > count // 2, *command, seconds=seconds)
    with shell.start(*command) as process:
        out, _ = process.communicate(timeout=seconds)
    document = json.loads(out)
    assert process.returncode == 0
    assert (document["batch"], document["accepted"], document["states"]) == ("B-000001", count, {"completed": count})
    assert vendor.carried_out == dict.fromkeys(people(count), 1)
    desk = desk_for(shell.settings, SystemClock())
    assert desk.find(ADMIN, RequestFilter()).total == min(count, 10_001)


def test_the_command_killed_twice_and_given_again_sends_each_row_once(tmp_path: Path, vendor: Vendor) -> None:
    the_command_killed_twice(tmp_path, vendor, 60, 60)


@pytest.mark.full
def test_the_command_killed_twice_sends_each_of_a_hundred_thousand_rows_once(tmp_path: Path, vendor: Vendor) -> None:
    the_command_killed_twice(tmp_path, vendor, 100_000, 3 * 3600)
