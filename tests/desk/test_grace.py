"""The grace of an erasure: a while in which a mistake can be stopped, and its end by a person's word."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.desk import ChangedError, Desk, DeskError
from core.model.people import NotAllowedError
from core.model.privacy_requests import RequestState
from core.store import tasks
from tests.clocks import ManualClock
from tests.desks import ADMIN, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    settings = settings_for(tmp_path, NOWHERE)
    return desk_for(settings.model_copy(update={"erasure_grace_minutes": 10.0}), clock)


def file(desk: Desk, subject: str = "USR-8847291", **more: Any) -> str:
    submitted = desk.submit(REQUESTER, draft(subject, **more), intent=f"{subject}{more}")
    assert submitted.request
    return submitted.request.id


def test_an_erasure_waits_for_its_grace_and_an_access_request_does_not(desk: Desk, clock: ManualClock) -> None:
    erasure, access = file(desk), file(desk, type="ACCESS")
    until = clock.now() + timedelta(minutes=10)
    assert [(one.request.id, one.until) for one in desk.in_grace(REQUESTER)] == [(erasure, until)]
    views = {one: desk.show(REQUESTER, one) for one in (erasure, access)}
    dues = {one: view.request.tasks[0].next_due_at for one, view in views.items() if view}
    assert dues == {erasure: until, access: clock.now()}
    clock.advance(600)
    assert desk.in_grace(REQUESTER) == []


def test_without_sign_in_nothing_waits_unless_it_is_set(tmp_path: Path, clock: ManualClock) -> None:
    desk = desk_for(settings_for(tmp_path, NOWHERE), clock)
    file(desk)
    assert desk.in_grace(REQUESTER) == []


def test_what_is_in_its_grace_can_be_cancelled(desk: Desk) -> None:
    assert desk.cancel(REQUESTER, file(desk)).state is RequestState.CANCELLED
    assert desk.in_grace(REQUESTER) == []


def test_whoever_may_can_send_it_now_and_that_is_on_record(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk)
    with pytest.raises(NotAllowedError):
        desk.send_now(REQUESTER, request_id)
    request = desk.send_now(ADMIN, request_id, version=1)
    assert (request.tasks[0].next_due_at, request.version) == (clock.now(), 2)
    view = desk.show(ADMIN, request_id)
    assert view
    assert (view.timeline[-1].kind, view.in_grace_until) == ("request.sent_now", None)
    with pytest.raises(ChangedError, match="changed by ada"):
        desk.send_now(ADMIN, request_id, version=1)
    with pytest.raises(DeskError, match="in no grace period"):
        desk.send_now(ADMIN, request_id)


def test_a_clock_that_goes_back_makes_no_grace_longer(desk: Desk, clock: ManualClock) -> None:
    file(desk)
    clock.jump(-3600)
    with desk.store.writing() as transaction:
        tasks.move_due_times(transaction, -3600)
    (one,) = desk.in_grace(REQUESTER)
    assert one.until == clock.now() + timedelta(minutes=10)
