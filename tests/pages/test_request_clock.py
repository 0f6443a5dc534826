"""A request's dates on its page: their arithmetic, extending within the window, and the clock of the UK GDPR."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.people import Actor, Role
from tests.desks import ADMIN, AUDITOR
from tests.pages.screens import Screen, press_label, said, screen, vendor_at

REASON = "Four systems have to be searched."
DAY = 86_400


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def open_request(at: Screen, request_id: str) -> AppTest:
    return at.open("track_requests", request=request_id)


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_each_date_says_its_rule_its_arithmetic_and_the_days_left(live: Screen) -> None:
    words = said(open_request(live, live.submit(law="gdpr", region="DE")))
    assert "Answer the person by **Mon 21 Dec 2026** · 30 days left" in words
    assert "Art. 12(3)" in words
    assert "not legal advice" in words


def test_an_extension_needs_a_reason_and_moves_the_date(live: Screen) -> None:
    request = live.submit(law="gdpr", region="DE")
    page = press_label(open_request(live, request), "Yes, extend it")
    assert "10 to 1000 characters" in said(page)
    page.text_area(key="clock_extend_reason").set_value(REASON)
    press_label(page, "Yes, extend it")
    words = said(page)
    assert "The date is extended. Tell the person now, with the reasons." in words
    assert "Due Mon 21 Dec 2026 before" in words
    assert REASON in words
    assert "Yes, extend it" not in labels(page)


def test_past_its_window_no_extension_is_offered_and_the_page_says_why(live: Screen) -> None:
    request = live.submit(law="gdpr", region="DE")
    live.clock.advance(40 * DAY)
    page = open_request(live, request)
    assert "Yes, extend it" not in labels(page)
    view = live.desk.show(ADMIN, request)
    assert view
    assert view.clock
    assert view.clock.why_not_extend
    assert view.clock.why_not_extend in said(page)


def test_the_clock_of_a_uk_access_request_stops_and_runs_again(live: Screen) -> None:
    request = live.submit(law="uk-gdpr", type="ACCESS")
    page = open_request(live, request)
    assert "both included (UK GDPR Art. 12A)" in said(page)
    page.text_area(key="clock_pause_reason").set_value("Which of the recordings is meant?")
    press_label(page, "Yes, pause it")
    assert "Waiting for the person since Sat 21 Nov 2026." in said(page)
    live.clock.advance(3 * DAY)
    page = press_label(open_request(live, request), "Yes, let it run")
    assert "The clock runs again, and the dates were reckoned anew." in said(page)
    assert "from Sat 21 Nov 2026 to Tue 24 Nov 2026" in said(page)
    view = live.desk.show(ADMIN, request)
    assert view
    assert view.request.due_on.isoformat() == "2026-12-24"


def test_the_day_identity_was_established_starts_the_period_of_the_uk_gdpr(live: Screen) -> None:
    request = live.submit(law="uk-gdpr")
    live.clock.advance(4 * DAY)
    page = open_request(live, request)
    page.text_area(key="clock_identity_reason").set_value("Answered a question about the last call.")
    press_label(page, "Yes, put it on record")
    assert "Identity established, on Wed 25 Nov 2026" in said(page)


def test_other_laws_offer_no_day_of_identity(live: Screen) -> None:
    assert "Yes, put it on record" not in labels(open_request(live, live.submit(law="gdpr", region="DE")))


def test_whoever_may_only_read_sees_the_dates_and_no_button(live: Screen) -> None:
    request = live.submit(law="uk-gdpr", type="ACCESS")
    live.become(AUDITOR)
    page = open_request(live, request)
    assert "Answer the person by" in said(page)
    assert not [label for label in labels(page) if label.startswith("Yes,")]


def test_a_date_that_somebody_moved_meanwhile_is_not_moved_by_an_old_page(live: Screen) -> None:
    request = live.submit(law="gdpr", region="DE")
    page = open_request(live, request)
    other = Actor("test", "other", "Other Approver", frozenset({Role.APPROVER}))
    live.desk.extend(other, request, REASON)
    page.text_area(key="clock_extend_reason").set_value(REASON)
    press_label(page, "Yes, extend it")
    assert "other" in said(page)
    view = live.desk.show(ADMIN, request)
    assert view
    assert view.clock
    assert len(view.clock.changes) == 1
