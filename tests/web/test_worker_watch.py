"""A worker that stays away is a notice; one that is started again within a minute is not."""

from pathlib import Path

import pytest

from core.desk import Desk
from core.store import worker_leases
from core.web.worker_watch import WorkerWatch
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, settings_for


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, "http://127.0.0.1:1"), clock)


def beat(desk: Desk) -> None:
    with desk.store.writing() as transaction:
        worker_leases.take(transaction, "somewhere:1:1", 15)


def look_for(watch: WorkerWatch, clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds // 10):
        watch.look()
        clock.advance(10)


def test_a_worker_that_is_back_within_a_minute_is_not_missed(desk: Desk, clock: ManualClock) -> None:
    watch = WorkerWatch(desk)
    for _ in range(3):
        look_for(watch, clock, 60)
        beat(desk)
        watch.look()
    assert desk.open_notices(ADMIN) == 0


def test_one_that_stays_away_is_told_of_once_until_it_is_back(desk: Desk, clock: ManualClock) -> None:
    watch = WorkerWatch(desk)
    look_for(watch, clock, 600)
    (notice,) = desk.notices(ADMIN).rows
    assert (notice.about, notice.count, notice.over_at) == ("worker", 1, None)
    beat(desk)
    watch.look()
    assert desk.notices(ADMIN).rows[0].over_at
