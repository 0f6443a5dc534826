"""What can happen to a worker as a process: told to stop during a call, started twice, asleep for ten minutes."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.model.privacy_requests import TaskState
from core.settings import Settings
from core.store import task_leases
from core.worker import Worker
from core.worker.run import WorkerProcess
from tests.cli.shell import COMMAND, environment
from tests.clocks import ManualClock
from tests.desks import ADMIN, QUICK, desk_for, draft, settings_for
from tests.vendor import Vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def file(desk: Desk, count: int = 1) -> list[str]:
    filed = [desk.submit(ADMIN, draft(f"USR-{n:07d}"), intent=str(n)).request for n in range(count)]
    return [request.id for request in filed if request]


def state(desk: Desk, request_id: str) -> TaskState:
    view = desk.show(ADMIN, request_id)
    assert view
    return view.request.tasks[-1].state


def kinds(desk: Desk, request_id: str) -> list[str]:
    view = desk.show(ADMIN, request_id)
    assert view
    return [event.kind for event in view.timeline]


class TestAStallOfTenMinutes:
    """A virtual machine is paused, or the process: it wakes and believes that no time has passed."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def settings(self, tmp_path: Path, vendor: Vendor) -> Settings:
        return settings_for(tmp_path, vendor.url)

    @pytest.fixture
    def desk(self, settings: Settings, clock: ManualClock) -> Desk:
        return desk_for(settings, clock)

    def worker(self, settings: Settings, desk: Desk, clock: ManualClock) -> Worker:
        return Worker(settings, desk.store, clock, rng=random.Random(1))

    def test_before_the_call_it_sends_nothing_and_writes_nothing_if_somebody_took_over(
        self, settings: Settings, desk: Desk, clock: ManualClock, vendor: Vendor
    ) -> None:
        (request,) = file(desk)
        stalled, other = (self.worker(settings, desk, clock) for _ in range(2))
        (leased,) = stalled.lease("cxone", 1)
        clock.advance(600)
        assert other.step("cxone") == 1
        before = kinds(desk, request)
        stalled.act("cxone", leased)
        assert vendor.submissions == 1
        assert kinds(desk, request) == before
        assert state(desk, request) is TaskState.IN_PROGRESS
        stalled.close()
        other.close()

    def test_before_the_call_it_puts_the_task_back_if_nobody_took_over(
        self, settings: Settings, desk: Desk, clock: ManualClock, vendor: Vendor
    ) -> None:
        (request,) = file(desk)
        stalled = self.worker(settings, desk, clock)
        (leased,) = stalled.lease("cxone", 1)
        clock.advance(600)
        stalled.act("cxone", leased)
        assert (vendor.submissions, state(desk, request)) == (0, TaskState.QUEUED)
        assert stalled.step("cxone") == 1
        assert vendor.carried_out == {"USR-0000000": 1}
        stalled.close()

    def test_during_the_call_its_late_answer_is_kept_and_changes_nothing(
        self, settings: Settings, desk: Desk, clock: ManualClock, vendor: Vendor
    ) -> None:
        (request,) = file(desk)
        stalled, other = (self.worker(settings, desk, clock) for _ in range(2))
        (leased,) = stalled.lease("cxone", 1)
        finished = stalled.call("cxone", leased)
        assert finished
        clock.advance(600)
        assert other.step("cxone") == 1
        stalled.settle([finished])
        assert kinds(desk, request)[-1] == "task.late_answer"
        assert vendor.carried_out == {"USR-0000000": 1}, "the same key: the vendor knows it is the same request"
        stalled.close()
        other.close()


def test_two_workers_started_by_mistake_submit_nothing_twice(tmp_path: Path, vendor: Vendor) -> None:
    settings = settings_for(tmp_path, vendor.url, **QUICK)
    desk = desk_for(settings, SystemClock())
    file(desk, 40)
    # Both believe that they are the one: what keeps them apart is each task's own lease.
    workers = [Worker(settings, desk_for(settings, SystemClock()).store, SystemClock()) for _ in range(2)]
    threads = [threading.Thread(target=work_off, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for worker in workers:
        worker.close()
    assert vendor.submissions == 40
    assert set(vendor.carried_out.values()) == {1}


def work_off(worker: Worker) -> None:
    idle = 0
    while idle < 20:
        idle = 0 if worker.step("cxone") else idle + 1
        if idle:
            time.sleep(0.01)


def test_told_to_stop_during_a_call_that_ends_soon_it_records_the_answer_first(tmp_path: Path, vendor: Vendor) -> None:
    settings = settings_for(tmp_path, vendor.url, **{**QUICK, "timeout_seconds": 20})
    desk = desk_for(settings, SystemClock())
    (request,) = file(desk)
    worker = WorkerProcess(settings, desk.store, SystemClock())
    called = threading.Event()

    def slow(number: int) -> bool:
        called.set()
        time.sleep(0.1)
        return False

    vendor.on_submitted = slow
    running = threading.Thread(target=worker.run)
    running.start()
    assert called.wait(15)
    worker.stop()
    running.join(10)
    assert not running.is_alive()
    assert state(desk, request) in {TaskState.IN_PROGRESS, TaskState.COMPLETED}


@pytest.mark.parametrize("keyed", [True, pytest.param(False, marks=pytest.mark.full)])
def test_sigterm_during_a_call_that_hangs_ends_the_process_within_ten_seconds_and_loses_nothing(
    tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, keyed: bool
) -> None:
    header = "Idempotency-Key" if keyed else ""
    vendor.keyed = keyed
    settings = settings_for(tmp_path, vendor.url, idempotency_header=header)
    desk = desk_for(settings, SystemClock())
    (request,) = file(desk)
    for name, value in {
        "DATABASE": str(settings.database),
        "KEYS": str(settings.keys),
        "CONNECTIONS__CXONE__BASE_URL": vendor.url,
        "CONNECTIONS__CXONE__CLIENT_ID": "desk",
        "CONNECTIONS__CXONE__CLIENT_SECRET": "not-a-real-secret",
        "CONNECTIONS__CXONE__IDEMPOTENCY_HEADER": header,
    }.items():
        monkeypatch.setenv(f"PRIVACY_DESK_{name}", value)
    called, leave = threading.Event(), threading.Event()

    def hang(number: int) -> bool:
        called.set()
        leave.wait(30)
        return True

    vendor.on_submitted = hang
    with subprocess.Popen([*COMMAND, "worker"], env=environment(), stderr=subprocess.DEVNULL) as process:
        assert called.wait(60)
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert time.monotonic() - told < 10
    leave.set()
    vendor.on_submitted = lambda number: False
    next_one = Worker(settings, desk.store, SystemClock())
    with desk.store.writing() as transaction:
        task_leases.release_leases_of_others(transaction, next_one.owner)
    next_one.step("cxone")
    next_one.close()
    assert vendor.carried_out == {"USR-0000000": 1}
    assert state(desk, request) is (TaskState.IN_PROGRESS if keyed else TaskState.OUTCOME_UNKNOWN)
