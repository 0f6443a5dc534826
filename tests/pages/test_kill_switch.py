"""The kill switch on the pages: the red banner everywhere, stopping with a reason, going on after a typed word."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model.people import Actor, Role
from core.store import task_leases
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, said, screen, vendor_at

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def keys(page: object) -> set[str]:
    return {button.key for button in page.button}  # type: ignore[attr-defined] # an AppTest


@pytest.mark.parametrize("page", ["overview", "track_requests", "connections", "metrics", "notices"])
def test_while_everything_is_stopped_every_page_says_who_when_why_and_how_to_go_on(at: Screen, page: str) -> None:
    assert not at.open(page).error
    at.desk.stop_all(REQUESTER, reason="wrong list uploaded")
    (banner,) = at.open(page).error
    for word in ("Everything is stopped", "Rita Requester", "21 Nov 2026, 09:00 UTC", "wrong list uploaded", "Go on"):
        assert word in banner.value, word


def test_a_requester_stops_everything_with_a_reason_and_cannot_let_it_go_on(at: Screen) -> None:
    at.become(REQUESTER)
    page = at.open()
    page.button(key="stop_all").click().run()
    assert "Say why" in said(page)
    assert at.desk.kill_switch(ADMIN) is None
    page.text_input(key="stop_reason").set_value("wrong list")
    page.button(key="stop_all").click().run()
    switch = at.desk.kill_switch(ADMIN)
    assert switch
    assert switch.by == REQUESTER.id
    assert not keys(page) & {"stop_all", "resume_all"}
    assert "An approver or administrator can let it go on" in page.error[0].value


def test_an_approver_lets_it_go_on_after_typing_the_word(at: Screen) -> None:
    at.desk.stop_all(REQUESTER, reason="wrong list")
    at.become(APPROVER)
    page = at.open()
    page.button(key="resume_all").click().run()
    assert 'Type "resume"' in said(page)
    page.text_input(key="resume_typed").set_value("resume")
    page.button(key="resume_all").click().run()
    assert at.desk.kill_switch(ADMIN) is None
    assert not page.error


def test_an_auditor_has_no_switch(at: Screen) -> None:
    at.become(AUDITOR)
    assert not keys(at.open()) & {"stop_all", "resume_all"}


def test_a_reason_is_never_markdown(at: Screen) -> None:
    at.desk.stop_all(REQUESTER, reason="![x](http://example.com/x.png)")
    assert "![x](" not in at.open().error[0].value


def test_a_request_says_that_it_waits_because_everything_is_stopped(at: Screen) -> None:
    request = at.submit()
    at.start_worker()
    at.desk.stop_all(REQUESTER, reason="wrong list")
    assert "It waits to be sent. Everything is stopped" in said(at.open("track_requests", request=request))


def test_an_erasure_says_that_it_waits_for_the_limit_of_erasures_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}, erasures_per_hour=1) as at:
        at.submit(1)
        waits = at.submit(2)
        at.start_worker()
        with at.desk.store.writing() as transaction:
            task_leases.lease(transaction, "cxone", owner="w", limit=1, seconds=60)
        words = said(at.open("track_requests", request=waits))
    assert "No more than 1 erasures are sent in an hour" in words
    assert "the next one leaves at 21 Nov 2026, 10:00 UTC" in words
