"""Where a task's time goes, step by step, through the store's own ways of moving a task on."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.model.measures import Phase
from core.model.privacy_requests import RequestType, TaskError, TaskState
from core.store import connection_states, task_leases, tasks
from core.store.database import Store
from core.store.keys import load_or_create
from core.store.phases import COLUMNS, spent
from core.store.tasks import Outcome
from tests.clocks import ManualClock

TOO_MANY = TaskError("rate_limited", "The vendor asks to slow down.")
Step = Callable[[], None]


class Journey:
    """One task, moved on by hand; `after` lets seconds pass first."""

    def __init__(self, folder: Path, state: TaskState = TaskState.QUEUED) -> None:
        self.clock = ManualClock()
        self.store = Store(folder / "desk.db", load_or_create(folder / "keys"), self.clock)
        with self.store.writing() as transaction:
            transaction.db.execute(
                "INSERT INTO requests (intent, type, categories, scope, law, received, submitted_at, reference, "
                "filed_by, filed_by_name, state, pseudonym, due_on, deadlines, policy_version) VALUES "
                "('i', 'ERASURE', '[\"EMAIL\"]', 'ALL', 'gdpr', '2026-11-21', '', '', '', '', 'queued', 's', "
                "'2026-12-21', '[]', '')"
            )
            self.task = tasks.add(
                transaction, 1, "PR-000001", "cxone", "c", RequestType.ERASURE, "s", date(2026, 12, 21), state
            )

    def leased(self, after: float) -> None:
        self.clock.advance(after)
        with self.store.writing() as transaction:
            (self.lease,) = task_leases.lease(transaction, "cxone", owner="w", limit=1, seconds=60)

    def settled(self, after: float, state: TaskState, due: float | None = None, **more: object) -> None:
        self.clock.advance(after)
        with self.store.writing() as transaction:
            at = None if due is None else transaction.at + timedelta(seconds=due)
            task_leases.settle(transaction, self.lease, Outcome(state, next_due_at=at, **more))  # type: ignore[arg-type]  # the test's own fields

    def changed(self, after: float, state: TaskState, due: float | None = None) -> None:
        self.clock.advance(after)
        with self.store.writing() as transaction:
            at = None if due is None else transaction.at + timedelta(seconds=due)
            tasks.change(transaction, self.task, Outcome(state, next_due_at=at))

    def limited(self, after: float, *, holds_up: bool) -> None:
        self.clock.advance(after)
        with self.store.writing() as transaction:
            connection_states.note_limit(transaction, "cxone", holds_up=holds_up)

    def seconds(self) -> dict[str, float]:
        """What each phase has, where it has anything; the latency of an ended task is their sum."""
        with self.store.reading() as db:
            (row,) = db.query("SELECT * FROM tasks")
        assert row["latency_ms"] in {None, spent(row)}
        return {phase: row[f"{phase}_ms"] / 1000 for phase in Phase if row[f"{phase}_ms"]}


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    return Journey(tmp_path)


def test_a_plain_way_through(journey: Journey) -> None:
    journey.leased(10)
    journey.settled(2, TaskState.IN_PROGRESS, due=5)
    journey.leased(5)
    journey.settled(1, TaskState.IN_PROGRESS, due=60)
    journey.leased(60)
    journey.settled(1, TaskState.COMPLETED)
    assert journey.seconds() == {"queued": 10, "vendor": 2 + 6, "callback": 61}


def test_the_vendors_own_word_tells_when_it_had_finished(journey: Journey) -> None:
    journey.leased(10)
    journey.settled(2, TaskState.IN_PROGRESS, due=60)
    journey.leased(60)
    journey.settled(1, TaskState.COMPLETED, vendors_own_ms=45_000)
    assert journey.seconds() == {"queued": 10, "vendor": 2 + 45, "callback": 16}


@pytest.mark.parametrize(("told_ms", "vendor"), [(0, 2.0), (10**12, 63.0)])
def test_a_vendors_own_word_cannot_exceed_the_time_there_was(journey: Journey, told_ms: int, vendor: float) -> None:
    journey.leased(10)
    journey.settled(2, TaskState.IN_PROGRESS, due=60)
    journey.leased(60)
    journey.settled(1, TaskState.COMPLETED, vendors_own_ms=told_ms)
    assert journey.seconds()["vendor"] == vendor
    assert sum(journey.seconds().values()) == 73


def test_a_429_makes_the_next_wait_a_throttled_one_and_another_error_does_not(journey: Journey) -> None:
    journey.leased(1)
    journey.settled(1, TaskState.QUEUED, due=30, error=TOO_MANY)
    journey.leased(30)
    journey.settled(1, TaskState.QUEUED, due=7, error=TaskError("vendor_unavailable", "Out of order."))
    journey.leased(7)
    journey.settled(1, TaskState.FAILED)
    assert journey.seconds() == {"queued": 1 + 7, "throttled": 30, "vendor": 3}


def test_what_the_limiter_holds_up_is_throttled_from_when_it_was_due(journey: Journey) -> None:
    journey.limited(4, holds_up=True)
    journey.limited(1, holds_up=True)
    journey.leased(5)
    journey.limited(0, holds_up=False)
    journey.settled(0, TaskState.QUEUED, due=20, error=TaskError("vendor_unavailable", "Out of order."))
    journey.limited(3, holds_up=True)
    journey.leased(18)
    journey.settled(0, TaskState.REFUSED)
    assert journey.seconds() == {"queued": 4 + 20, "throttled": 6 + 1}


def test_approval_hold_and_questions_to_a_person(tmp_path: Path) -> None:
    journey = Journey(tmp_path, TaskState.AWAITING_APPROVAL)
    journey.changed(100, TaskState.ON_HOLD)
    journey.changed(200, TaskState.QUEUED, due=0)
    journey.leased(1)
    journey.settled(2, TaskState.OUTCOME_UNKNOWN)
    journey.changed(300, TaskState.IN_PROGRESS, due=0)
    journey.changed(5, TaskState.NEEDS_PERSON)
    journey.changed(400, TaskState.COMPLETED)
    assert journey.seconds() == {"approval": 100, "person": 200 + 300 + 400, "queued": 1, "vendor": 2 + 5}


def test_cancelled_while_waiting(journey: Journey) -> None:
    journey.changed(60, TaskState.CANCELLED)
    assert journey.seconds() == {"queued": 60}


def test_a_lease_that_ran_out_was_with_the_vendor(journey: Journey) -> None:
    journey.leased(1)
    journey.leased(61)
    journey.settled(1, TaskState.IN_PROGRESS, due=5)
    assert journey.seconds() == {"queued": 1, "vendor": 62}


def test_a_clock_that_jumps_back_takes_nothing_away(journey: Journey) -> None:
    journey.leased(10)
    journey.clock.jump(-5)
    journey.settled(1, TaskState.IN_PROGRESS, due=5)
    journey.clock.advance(20)
    journey.changed(0, TaskState.FAILED)
    assert journey.seconds() == {"queued": 10, "callback": 16}


def test_parts_of_milliseconds_do_not_get_lost(tmp_path: Path) -> None:
    rng = random.Random(3)
    journey = Journey(tmp_path)
    for _ in range(20):
        journey.leased(0.4 + rng.random() / 3)
        journey.settled(rng.random() / 300, TaskState.QUEUED, due=0.4)
    journey.changed(rng.random(), TaskState.CANCELLED)
    with journey.store.reading() as db:
        (row,) = db.query("SELECT *, (julianday(ended_at) - julianday(created_at)) * 86400000 AS ms FROM tasks")
    assert abs(row["latency_ms"] - row["ms"]) <= 0.6
    assert row["latency_ms"] == sum(row[column] for column in COLUMNS)
