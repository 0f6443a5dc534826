"""The worker lets records go once a day."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from core.desk import Desk
from core.model.notices import NoticeKind
from core.settings import KeepSettings
from core.store.requests import RequestFilter
from core.worker.disposing import Disposer
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.store.audit_logs import tampering

KEEP = KeepSettings(requests_months=24, events_months=24)
DAY = timedelta(days=1).total_seconds()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    """One request that was closed two years ago."""
    desk = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), clock)
    desk.submit(ADMIN, draft(), intent="form-1")
    desk.cancel(ADMIN, "PR-000001")
    desk.store.checkpoint()
    clock.advance(731 * DAY)
    desk.verify_audit(ADMIN)
    return desk


@pytest.fixture
def disposer(desk: Desk) -> Disposer:
    return Disposer(desk.store, KEEP, threading.Event())


def kept(desk: Desk) -> int:
    return desk.find(ADMIN, RequestFilter()).total


def test_what_is_due_goes_at_once_and_then_a_day_later(desk: Desk, disposer: Disposer, clock: ManualClock) -> None:
    assert kept(desk) == 1
    clock.advance(1)
    assert (disposer.step(), kept(desk)) == (True, 0)
    assert not disposer.step()
    clock.advance(DAY)
    assert disposer.step()
    assert desk.verify_audit(ADMIN).ok


def test_it_stops_with_the_worker(desk: Desk, clock: ManualClock) -> None:
    stopping = threading.Event()
    stopping.set()
    clock.advance(1)
    Disposer(desk.store, KEEP, stopping).step()
    with desk.store.reading() as db:
        (row,) = db.query("SELECT min(seq) AS first FROM audit_events")
    assert row["first"] == 1  # the requests went, the log waits for another day


def test_a_log_that_is_not_sound_is_kept_and_told(desk: Desk, disposer: Disposer, clock: ManualClock) -> None:
    clock.advance(1)
    with tampering(desk.store.path) as db:
        db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2")
    assert disposer.step()
    with desk.store.reading() as db:
        (notice,) = db.query("SELECT kind FROM notices")
        (row,) = db.query("SELECT min(seq) AS first FROM audit_events")
    assert (notice["kind"], row["first"]) == (NoticeKind.AUDIT_NOT_SOUND, 1)
