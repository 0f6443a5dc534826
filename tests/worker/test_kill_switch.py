"""The kill switch and the worker: what is stopped, what is seen to its end, and what outlives a restart."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk, DeskError
from core.desk.connections import RESUME_WORD
from core.model.enforcements import ChangeState
from core.model.people import Actor, NotAllowedError, Role
from core.model.privacy_requests import TaskState
from core.settings import Settings
from core.store.audit import EventFilter
from core.worker import Worker
from core.worker.deliveries import Deliveries
from core.worker.run import WorkerProcess
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, QUICK, REQUESTER, desk_for, draft, settings_for
from tests.purpose_desks import PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose
from tests.vendor import Vendor

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))
WHY = "wrong list uploaded"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


class Bench:
    """A desk and its worker over one store."""

    def __init__(self, settings: Settings) -> None:
        self.clock = ManualClock()
        self.settings = settings
        self.desk: Desk = desk_for(settings, self.clock)
        self.worker = Worker(settings, self.desk.store, self.clock, rng=random.Random(1))

    def file(self, count: int) -> list[str]:
        filed = [self.desk.submit(ADMIN, draft(f"USR-{n:07d}"), intent=str(n)).request for n in range(count)]
        return [request.id for request in filed if request]

    def state(self, request_id: str) -> TaskState:
        view = self.desk.show(ADMIN, request_id)
        assert view
        return view.request.tasks[-1].state

    def stop(self) -> None:
        self.desk.stop_all(REQUESTER, reason=WHY)

    def kinds(self) -> list[str]:
        return [event.kind for event in reversed(self.desk.audit(ADMIN, EventFilter(), limit=500).rows)]


@pytest.fixture
def bench(tmp_path: Path, vendor: Vendor) -> Iterator[Bench]:
    bench = Bench(settings_for(tmp_path, vendor.url))
    yield bench
    bench.worker.close()


def test_nothing_is_leased_after_everything_was_stopped(bench: Bench, vendor: Vendor) -> None:
    bench.file(3)
    bench.stop()
    assert bench.worker.lease("cxone", 10) == []
    assert vendor.submissions == 0


def test_what_was_leased_and_not_sent_is_given_back_as_if_never_taken(bench: Bench, vendor: Vendor) -> None:
    (request,) = bench.file(1)
    (leased,) = bench.worker.lease("cxone", 10)
    bench.stop()
    bench.worker.act("cxone", leased)
    view = bench.desk.show(ADMIN, request)
    assert view
    task = view.request.tasks[0]
    assert (task.state, task.attempts, task.may_have_acted) == (TaskState.QUEUED, 0, False)
    assert vendor.submissions == 0
    assert bench.kinds()[-1] == "task.retry"


def test_what_was_leased_to_be_asked_about_is_not_asked_about(bench: Bench, vendor: Vendor) -> None:
    (request,) = bench.file(1)
    bench.worker.step("cxone")
    bench.clock.advance(10)
    (leased,) = bench.worker.lease("cxone", 10)
    bench.stop()
    bench.worker.act("cxone", leased)
    assert vendor.calls["GET"] == 0
    assert bench.state(request) is TaskState.IN_PROGRESS
    bench.desk.resume_all(APPROVER, typed=RESUME_WORD)
    bench.worker.step("cxone")
    assert bench.state(request) is TaskState.COMPLETED


def test_a_call_that_is_out_is_seen_to_its_end_and_recorded(bench: Bench, vendor: Vendor) -> None:
    (request,) = bench.file(1)

    def stop_meanwhile(number: int) -> bool:
        bench.stop()
        return False

    vendor.on_submitted = stop_meanwhile
    bench.worker.step("cxone")
    assert bench.state(request) is TaskState.IN_PROGRESS
    bench.clock.advance(3600)
    assert bench.worker.step("cxone") == 0


def test_it_outlives_a_restart_until_somebody_who_may_lets_it_go_on(bench: Bench) -> None:
    bench.file(1)
    bench.stop()
    again = Bench(bench.settings)
    switch = again.desk.kill_switch(AUDITOR)
    assert switch
    assert (switch.by_name, switch.reason) == (REQUESTER.name, WHY)
    assert again.worker.step("cxone") == 0
    with pytest.raises(NotAllowedError):
        again.desk.resume_all(REQUESTER, typed=RESUME_WORD)
    with pytest.raises(DeskError, match="Type"):
        again.desk.resume_all(APPROVER, typed="")
    again.desk.resume_all(APPROVER, typed=" Resume ")
    assert again.desk.kill_switch(AUDITOR) is None
    assert again.worker.step("cxone") == 1
    again.worker.close()


def test_it_is_in_the_audit_log_once_with_the_hash_of_the_reason(bench: Bench) -> None:
    bench.stop()
    assert bench.desk.stop_all(ADMIN, reason="again").by_name == REQUESTER.name, "the first one stands"
    bench.desk.resume_all(ADMIN, typed=RESUME_WORD)
    with pytest.raises(DeskError, match="Nothing is stopped"):
        bench.desk.resume_all(ADMIN, typed=RESUME_WORD)
    rows = bench.desk.audit(ADMIN, EventFilter(), limit=10).rows
    assert [row.kind for row in rows] == ["sending.resumed", "sending.stopped"]
    assert WHY not in str(rows)


def test_who_may_not_stop_does_not_and_a_reason_is_wanted(bench: Bench) -> None:
    with pytest.raises(NotAllowedError):
        bench.desk.stop_all(AUDITOR, reason=WHY)
    with pytest.raises(DeskError, match="Say why"):
        bench.desk.stop_all(ADMIN, reason="  ")
    assert bench.desk.kill_switch(ADMIN) is None


def test_a_connection_paused_by_itself_stays_paused_when_everything_goes_on(bench: Bench) -> None:
    bench.file(1)
    bench.desk.pause(REQUESTER, "cxone", reason="maintenance")
    bench.stop()
    bench.desk.resume_all(ADMIN, typed=RESUME_WORD)
    assert bench.worker.step("cxone") == 0
    bench.desk.resume(APPROVER, "cxone")
    assert bench.worker.step("cxone") == 1


def test_proof_of_what_is_done_still_goes_to_the_vault(bench: Bench) -> None:
    bench.file(1)
    bench.worker.step("cxone")
    bench.clock.advance(10)
    bench.worker.step("cxone")
    bench.stop()
    assert Deliveries(bench.settings, bench.desk.store, bench.clock, random.Random(1)).step() == 1


def test_a_stop_committed_before_a_lease_begins_lets_nothing_leave_however_they_race(
    bench: Bench, vendor: Vendor
) -> None:
    bench.file(30)
    leaving = threading.Event()
    stops: list[int] = []  # the number of the stop that stands; empty while nothing is stopped
    looked, too_late = [0], [0]

    def work() -> None:
        while not leaving.is_set():
            standing = tuple(stops)
            leased = bench.worker.lease("cxone", 1)
            for one in leased:
                bench.worker.act("cxone", one)
            if standing and standing == tuple(stops):  # it stood from before the lease until now
                looked[0] += 1
                too_late[0] += len(leased)

    working = threading.Thread(target=work)
    working.start()
    for number in range(5):
        bench.stop()
        stops.append(number)
        time.sleep(0.03)
        stops.clear()
        bench.desk.resume_all(ADMIN, typed=RESUME_WORD)
        time.sleep(0.01)
    leaving.set()
    working.join(10)
    assert looked[0] >= 1
    assert too_late[0] == 0
    assert set(vendor.carried_out.values()) <= {1}


def wait_for(happened: Callable[[], bool], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def test_a_worker_at_full_speed_stops_within_a_second_and_goes_on_where_it_was(tmp_path: Path, vendor: Vendor) -> None:
    settings = settings_for(tmp_path, vendor.url, **QUICK)
    desk = desk_for(settings, SystemClock())
    for number in range(150):
        assert desk.submit(ADMIN, draft(f"USR-{number:07d}"), intent=str(number)).request
    worker = WorkerProcess(settings, desk.store, SystemClock())
    running = threading.Thread(target=worker.run)
    running.start()
    try:
        wait_for(lambda: vendor.submissions >= 10)
        desk.stop_all(ADMIN, reason=WHY)
        time.sleep(0.1)
        calls = vendor.submissions + vendor.calls["GET"]
        assert vendor.submissions < 150, "it was over before it could be stopped"
        time.sleep(0.1)
        assert vendor.submissions + vendor.calls["GET"] == calls
        desk.resume_all(ADMIN, typed=RESUME_WORD)
        wait_for(lambda: vendor.submissions >= 150)
    finally:
        worker.stop()
        running.join(20)
    assert set(vendor.carried_out.values()) == {1}


def test_purposes_are_neither_compared_nor_enforced_meanwhile(tmp_path: Path) -> None:
    with PurposeVendor([purpose(30)]) as vendor:
        bench = PurposeBench(purpose_settings(tmp_path, vendor.url))
        bench.declare(declaration(30, retention_days=120))
        bench.compare()
        asked = bench.ask()
        bench.desk.stop_all(ADMIN, reason=WHY)
        bench.desk.ask_comparison(ADMIN, "genesys")
        assert bench.worker.step("genesys") == 0
        assert bench.states(asked) == [ChangeState.QUEUED]
        bench.desk.resume_all(ADMIN, typed=RESUME_WORD)
        bench.work()
        assert bench.states(asked) == [ChangeState.ENFORCED]
        bench.worker.close()
