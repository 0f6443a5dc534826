"""A worker killed at any step of a task: the vendor carries each request out once, and nothing is lost."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.model.privacy_requests import RequestState, TaskState
from core.settings import Settings
from core.store import task_leases
from core.store.audit import verify
from core.worker import Worker
from tests.desks import ADMIN, QUICK, desk_for, draft, settings_for
from tests.faults.killed_worker import work_until_killed
from tests.vendor import Vendor

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.killed_worker"])

# The steps of a task, in order: before the call, after the send, after the answer, before and after the commit.
STEPS = ["leased", "sent", "answered", "committing", "committed"]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def run_killed(settings: Settings, vendor: Vendor, step: str, occurrence: int) -> int | None:
    """Run a worker that dies at the step; returns its exit code."""
    here, there = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=work_until_killed, args=(settings, step, occurrence, there), daemon=True)
    known: Future[int] = Future()

    def kill_after_send(number: int) -> bool:
        os.kill(known.result(20), signal.SIGKILL)
        return True

    if step == "sent":
        vendor.on_submitted = kill_after_send  # before the child starts: it may send at once
    child.start()
    there.close()  # so that a child that dies is an end of file, not silence
    known.set_result(here.recv())
    child.join(20)
    vendor.on_submitted = lambda number: False
    here.close()
    code = child.exitcode
    child.close()
    return code


def finish(desk: Desk, settings: Settings, request_id: str) -> None:
    """The next worker takes over and works until the request waits for nothing."""
    worker = Worker(settings, desk.store, SystemClock())
    with desk.store.writing() as transaction:
        task_leases.release_leases_of_others(transaction, worker.owner)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        worker.step("cxone")
        view = desk.show(ADMIN, request_id)
        assert view
        if view.request.tasks[-1].next_due_at is None:
            return
        time.sleep(0.005)
    pytest.fail("the task never ended")


def kill_and_recover(tmp_path: Path, vendor: Vendor, step: str, times: int, *, occurrence: int = 1) -> None:
    settings = settings_for(tmp_path, vendor.url, **QUICK)
    desk = desk_for(settings, SystemClock())
    for number in range(times):
        subject = f"USR-{number:07d}"
        filed = desk.submit(ADMIN, draft(subject), intent=subject).request
        assert filed
        assert run_killed(settings, vendor, step, occurrence) == -signal.SIGKILL
        finish(desk, settings, filed.id)
        view = desk.show(ADMIN, filed.id)
        assert view
        assert view.request.state is RequestState.COMPLETED
        assert vendor.carried_out[subject] == 1
    verdict = verify(desk.store.path, keys=desk.store.keys, checkpoints=desk.store.checkpoints_path(desk.store.path))
    assert verdict.ok
    assert verdict.bad == []


@pytest.mark.parametrize("step", STEPS)
def test_a_submission_survives_a_kill(tmp_path: Path, vendor: Vendor, step: str) -> None:
    kill_and_recover(tmp_path, vendor, step, 3)


@pytest.mark.parametrize("step", ["leased", "answered", "committing", "committed"])
def test_tracking_survives_a_kill(tmp_path: Path, vendor: Vendor, step: str) -> None:
    kill_and_recover(tmp_path, vendor, step, 1, occurrence=2)


@pytest.mark.full
@pytest.mark.parametrize("step", STEPS)
def test_a_submission_survives_twenty_kills(tmp_path: Path, vendor: Vendor, step: str) -> None:
    kill_and_recover(tmp_path, vendor, step, 20)


@pytest.mark.parametrize("step", ["leased", "sent", "answered", "committing"])
def test_without_a_key_a_kill_leaves_an_unknown_outcome_and_at_most_one_submission(
    tmp_path: Path, vendor: Vendor, step: str
) -> None:
    vendor.keyed = False
    settings = settings_for(tmp_path, vendor.url, **QUICK, idempotency_header="")
    desk = desk_for(settings, SystemClock())
    filed = desk.submit(ADMIN, draft(), intent="form").request
    assert filed
    run_killed(settings, vendor, step, 1)
    finish(desk, settings, filed.id)
    view = desk.show(ADMIN, filed.id)
    assert view
    assert view.request.tasks[0].state is TaskState.OUTCOME_UNKNOWN
    assert vendor.carried_out["USR-8847291"] == (0 if step == "leased" else 1)
