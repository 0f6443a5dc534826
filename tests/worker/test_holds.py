"""A legal hold against the worker: what is on hold or awaits approval is never taken; no hold comes half too late."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.desk import Choice, Desk
from core.model.holds import HoldDraft
from core.model.people import Actor, Role
from core.model.privacy_requests import RequestState, TaskState
from core.worker import Worker
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.vendor import Vendor

SUBJECT = "USR-8847291"
ANA = Actor("test", "ana", "Ana Approver", frozenset({Role.APPROVER}))
HOLD = HoldDraft(SUBJECT, (), "art_17_3_e", "Suit 7/2026", "Lea Legal", date(2027, 1, 10))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, vendor.url), clock)


@pytest.fixture
def worker(desk: Desk, clock: ManualClock) -> Iterator[Worker]:
    worker = Worker(desk.settings, desk.store, clock)
    yield worker
    worker.close()


def file(desk: Desk, **more: Any) -> str:
    submitted = desk.submit(ADMIN, draft(SUBJECT, **more), intent="form-1")
    assert submitted.request
    return submitted.request.id


def task_state(desk: Desk, request_id: str) -> TaskState:
    view = desk.show(ADMIN, request_id)
    assert view
    return view.request.tasks[-1].state


def test_what_is_on_hold_or_awaits_approval_is_never_taken(
    desk: Desk, worker: Worker, vendor: Vendor, clock: ManualClock
) -> None:
    desk.place_hold(ADMIN, HOLD)
    held = file(desk, under_hold="hold_back")
    clock.advance(86_400 * 40)
    assert worker.step("cxone") == 0
    desk.cancel(ADMIN, held)
    submitted = desk.submit(
        ADMIN, draft(SUBJECT, under_hold="override", reason="The court has ordered it"), intent="form-2"
    )
    assert submitted.request
    assert worker.step("cxone") == 0
    assert vendor.submissions == 0
    desk.approve(ANA, [Choice(submitted.request.id)])
    assert worker.step("cxone") == 1
    assert vendor.submissions == 1, "an override that was approved passes the last look, too"


def test_a_hold_that_is_placed_after_a_task_was_taken_stops_it_before_the_first_byte(
    desk: Desk, worker: Worker, vendor: Vendor
) -> None:
    request_id = file(desk)
    (leased,) = worker.lease("cxone", 1)
    placed = desk.place_hold(ADMIN, HOLD)
    assert placed.already_sent == (request_id,), "nobody can know yet"
    worker.act("cxone", leased)
    assert vendor.submissions == 0
    assert task_state(desk, request_id) is TaskState.ON_HOLD


def test_what_the_vendor_turned_away_is_not_tried_again_under_a_hold_that_came_meanwhile(
    desk: Desk, worker: Worker, vendor: Vendor
) -> None:
    request_id = file(desk)

    def place(number: int) -> int:
        desk.place_hold(ADMIN, HOLD)
        return 429

    vendor.on_submit = place
    worker.step("cxone")
    assert task_state(desk, request_id) is TaskState.ON_HOLD


def test_what_may_have_been_carried_out_is_given_to_a_person_under_a_hold_that_came_meanwhile(
    desk: Desk, worker: Worker, vendor: Vendor, clock: ManualClock
) -> None:
    request_id = file(desk)

    def place(number: int) -> bool:
        desk.place_hold(ADMIN, HOLD)
        return True

    vendor.on_submitted = place
    worker.step("cxone")
    assert task_state(desk, request_id) is TaskState.NEEDS_PERSON
    clock.advance(7200)
    assert worker.step("cxone") == 0


def test_what_the_vendor_has_is_asked_about_all_the_same(
    desk: Desk, worker: Worker, vendor: Vendor, clock: ManualClock
) -> None:
    request_id = file(desk)
    worker.step("cxone")
    placed = desk.place_hold(ADMIN, HOLD)
    assert (placed.held_back, placed.already_sent) == ((), (request_id,))
    clock.advance(60)
    worker.step("cxone")
    view = desk.show(ADMIN, request_id)
    assert view
    assert view.request.state is RequestState.COMPLETED
