"""Who gets a connection's permits: the limit, the nearest deadline, polls beside submissions, erasures an hour."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.desk import Desk
from core.model.privacy_requests import TaskState
from core.settings import Settings
from core.store import requests, task_leases
from core.store.task_leases import Leased
from core.store.tasks import Outcome
from core.worker import Worker, calls_at_once
from core.worker.leasing import ONE_POLL_IN_UNDER_THE_LIMIT, share
from tests.clocks import ManualClock
from tests.desks import ADMIN, connection, desk_for, draft

LIMIT = 600
NOWHERE = "http://127.0.0.1:1"


class Bench:
    """A desk with two connections and its worker; nobody is called, only leases are counted."""

    def __init__(self, folder: Path, clock: ManualClock, **settings: object) -> None:
        both = {name: connection(NOWHERE, limit_per_minute=LIMIT) for name in ("cxone", "other")}
        self.clock = clock
        self.settings = Settings.model_validate(
            {"database": folder / "desk" / "d.db", "keys": folder / "keys" / "k", "connections": both, **settings}
        )
        self.desk: Desk = desk_for(self.settings, clock)
        self.worker = Worker(self.settings, self.desk.store, clock, rng=random.Random(1))
        self.filed = 0

    def file(self, count: int, connection: str = "cxone", received_days_ago: int = 0, kind: str = "ERASURE") -> None:
        received = self.desk.today() - timedelta(days=received_days_ago)
        with self.desk.store.writing() as transaction:
            for _ in range(count):
                self.filed += 1
                wanted = draft(f"USR-{self.filed:07d}", connections=(connection,), received=received, type=kind)
                requests.file(transaction, self.desk._new_request(ADMIN, wanted, str(self.filed)))

    def let_the_vendor_have(self, leased: list[Leased]) -> None:
        """Each is with the vendor, and due to be asked about at once."""
        with self.desk.store.writing() as transaction:
            for one in leased:
                outcome = Outcome(TaskState.IN_PROGRESS, transaction.at, vendor_request_id=f"v-{one.number}")
                task_leases.settle(transaction, one, outcome)

    def run(self, seconds: float, *, every: float = 0.2, connection: str = "cxone") -> list[tuple[float, Leased]]:
        """What is leased, and when, while the worker asks every so often and every call ends at once."""
        taken: list[tuple[float, Leased]] = []
        began = self.clock.monotonic()
        while (at := self.clock.monotonic() - began) < seconds:
            leased = self.worker.lease(connection, calls_at_once(LIMIT))
            taken += [(at, one) for one in leased]
            self.let_the_vendor_have(leased)
            self.clock.advance(every)
        return taken


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bench(tmp_path: Path, clock: ManualClock) -> Iterator[Bench]:
    bench = Bench(tmp_path, clock)
    yield bench
    bench.worker.close()


def busiest_minute(moments: list[float]) -> int:
    """The most in any 60 seconds."""
    return max(sum(first <= moment < first + 60 for moment in moments) for first in moments)


@pytest.mark.parametrize("every", [0.3, 0.45])
def test_the_limit_is_used_to_98_percent_and_never_passed_even_by_a_worker_that_is_often_late(
    bench: Bench, every: float
) -> None:
    bench.file(40)  # each is asked about again and again, so that there is always more to do than may be done
    moments = [at for at, _ in bench.run(75, every=every)]
    assert busiest_minute(moments) <= LIMIT
    assert sum(10 <= at < 70 for at in moments) >= 0.98 * LIMIT


def test_a_limit_that_one_connection_has_used_up_is_none_of_the_other_s(bench: Bench) -> None:
    bench.file(20)
    bench.file(20, "other")
    while bench.worker.lease("cxone", 20):
        pass
    assert bench.worker.lease("other", 20)


def test_the_nearest_deadline_is_sent_first(bench: Bench) -> None:
    for days in (0, 20, 5, 12):
        bench.file(2, received_days_ago=days)
    due = [one.task.request_id for _, one in bench.run(2) if one.task.state is TaskState.SENDING]
    assert due == [f"PR-{number:06d}" for number in (3, 4, 7, 8, 5, 6, 1, 2)]


def test_polls_in_bulk_leave_nineteen_of_twenty_permits_to_what_waits_to_be_sent(bench: Bench) -> None:
    bench.file(30)
    bench.run(4, every=0.5)
    bench.file(70)
    states = [one.task.state for _, one in bench.run(10, every=0.5)][:60]
    assert len(states) == 60
    assert sum(state is not TaskState.SENDING for state in states) == 60 // ONE_POLL_IN_UNDER_THE_LIMIT


@pytest.mark.full
def test_ten_thousand_that_wait_are_with_a_vendor_of_600_a_minute_after_18_minutes(bench: Bench) -> None:
    bench.file(10_000)
    taken = bench.run(18 * 60, every=0.5)
    assert len({one.number for _, one in taken}) == 10_000
    assert busiest_minute([at for at, _ in taken][::7]) <= LIMIT / 7 + 1
    for minute in range(18):
        assert sum(60 * minute <= at < 60 * (minute + 1) for at, _ in taken) <= LIMIT


def test_polls_take_what_submissions_leave(bench: Bench) -> None:
    bench.file(10)
    kinds = Counter(one.task.state for _, one in bench.run(10, every=0.4))
    assert kinds[TaskState.SENDING] == 10
    assert sum(kinds.values()) >= 0.98 * LIMIT / 6


@pytest.mark.parametrize(
    ("turn", "permits", "to_send", "to_track", "one_in", "expected"),
    [
        (0, 10, 100, 100, 20, (10, 0)),
        (10, 10, 100, 100, 20, (9, 1)),
        (0, 100, 1000, 1000, 20, (95, 5)),
        (0, 10, 3, 100, 20, (3, 7)),
        (0, 10, 100, 0, 2, (10, 0)),
        (0, 10, 100, 2, 2, (8, 2)),
        (0, 10, 100, 100, 2, (5, 5)),
        (0, 1, 0, 1, 20, (0, 1)),
        (0, 10, 3, 2, 2, (3, 2)),
    ],
)
def test_permits_are_shared(
    turn: int, permits: int, to_send: int, to_track: int, one_in: int, expected: tuple[int, int]
) -> None:
    assert share(turn, permits, to_send, to_track, one_in) == expected


@pytest.mark.parametrize(("limit", "calls"), [(1, 4), (60, 4), (300, 10), (600, 20), (1_000_000, 32)])
def test_so_many_calls_are_out_that_a_vendor_that_takes_two_seconds_can_use_its_limit(limit: int, calls: int) -> None:
    assert calls_at_once(limit) == calls


class TestErasuresAnHour:
    """`erasures_per_hour`: how far a mistake can reach before somebody sees it."""

    @pytest.fixture
    def bench(self, tmp_path: Path, clock: ManualClock) -> Bench:
        return Bench(tmp_path, clock, erasures_per_hour=5)

    def test_no_more_are_sent_in_any_hour_over_all_connections(self, bench: Bench, clock: ManualClock) -> None:
        bench.file(9)
        bench.file(9, "other")
        moments: list[float] = []
        for quarter in range(4 * 4):
            for name in ("cxone", "other"):
                leased = bench.worker.lease(name, 20)
                moments += [quarter * 900.0 for one in leased if one.task.attempts == 1 and not one.task.polls]
                bench.let_the_vendor_have(leased)
            clock.advance(900)
        assert len(moments) == 18
        assert max(sum(first <= at < first + 3600 for at in moments) for first in moments) == 5

    def test_what_is_no_erasure_and_what_was_sent_before_goes_on(self, bench: Bench, clock: ManualClock) -> None:
        bench.file(6, received_days_ago=20)
        leased = bench.worker.lease("cxone", 20)
        assert len(leased) == 5
        with bench.desk.store.writing() as transaction:
            task_leases.settle(transaction, leased[0], Outcome(TaskState.QUEUED, transaction.at))
        bench.file(1, kind="ACCESS")
        clock.advance(5)
        again = bench.worker.lease("cxone", 20)
        assert {one.task.kind for one in again} == {"ERASURE", "ACCESS"}
        assert {one.task.id for one in again} == {leased[0].task.id, "PR-000007-1"}

    def test_it_outlives_a_restart(self, bench: Bench, clock: ManualClock) -> None:
        bench.file(7)
        assert len(bench.worker.lease("cxone", 20)) == 5
        clock.advance(60)
        other = Worker(bench.settings, desk_for(bench.settings, clock).store, clock)
        assert other.lease("cxone", 20) == []
        clock.advance(3541)
        assert len([one for one in other.lease("cxone", 20) if one.task.attempts == 1]) == 2

    def test_the_desk_tells_how_much_is_left_and_when_it_goes_on(self, bench: Bench, clock: ManualClock) -> None:
        budget = bench.desk.erasure_budget(ADMIN)
        assert budget
        assert (budget.limit, budget.sent, budget.next_at) == (5, 0, None)
        bench.file(7)
        began = clock.now()
        bench.worker.lease("cxone", 20)
        clock.advance(600)
        budget = bench.desk.erasure_budget(ADMIN)
        assert budget
        assert (budget.sent, budget.next_at) == (5, began + timedelta(hours=1))

    def test_a_lease_of_which_nothing_came_is_not_counted(self, bench: Bench) -> None:
        bench.file(7)
        leased = bench.worker.lease("cxone", 20)
        with bench.desk.store.writing() as transaction:
            given_back = task_leases.give_back(transaction, leased[0])
        assert given_back
        assert (given_back.state, given_back.attempts) == (TaskState.QUEUED, 0)
        assert len(bench.worker.lease("cxone", 20)) == 1


def test_without_a_limit_there_is_no_budget(bench: Bench) -> None:
    assert bench.desk.erasure_budget(ADMIN) is None


def test_a_lease_reads_no_more_than_it_takes_however_much_waits(bench: Bench) -> None:
    bench.file(5)
    statements: list[str] = []
    with bench.desk.store.reading() as db:
        db.conn.set_trace_callback(statements.append)
        task_leases.due_to_send(db, "cxone", bench.clock.now(), 3)
        task_leases.due_to_track(db, "cxone", bench.clock.now(), 3)
        db.conn.set_trace_callback(None)
        plans = [[str(step["detail"]) for step in db.query(f"EXPLAIN QUERY PLAN {one}")] for one in statements]
    assert ["tasks_to_send" in plans[0][0], "tasks_to_track" in plans[1][0]] == [True, True]
    assert not [step for plan in plans for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")]
