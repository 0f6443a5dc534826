"""Filing what a legal hold keeps: the finding, and the choice to hold it back or to ask for an override."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.holds import HoldDraft, HoldGround
from tests.desks import ADMIN
from tests.pages.screens import Screen, press_label, said, screen, vendor_at


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def hold(at: Screen, *categories: str) -> str:
    placed = at.desk.place_hold(
        ADMIN,
        HoldDraft(
            subject="USR-8847290",
            categories=categories,
            ground=HoldGround.ARTICLE_17_3_E,
            matter="Case 4711",
            owner="Lee Lawyer",
            review_on=date(2027, 5, 1),
        ),
    )
    assert placed.hold
    return placed.hold.id


def filled(at: Screen, *categories: str) -> AppTest:
    page = at.open("submit_request")
    page.text_input(key="submit_subjectId_1").set_value("USR-8847290")
    page.radio(key="submit_type_1").set_value("ERASURE")
    page.radio(key="submit_scope_1").set_value("CONTACT")
    for category in categories:
        page.checkbox(key=f"submit_{category}_1").check()
    return page.run()


def choice(page: AppTest) -> list[str]:
    return [word for radio in page.radio if radio.key == "submit_underHold_1" for word in radio.options]


def newest(at: Screen) -> str:
    view = at.desk.show(ADMIN, "PR-000001")
    return str(view.request.state) if view else "none"


def test_without_a_hold_nothing_is_asked(live: Screen) -> None:
    assert choice(filled(live, "EMAIL")) == []


def test_a_hold_is_named_while_the_form_is_filled_in_and_stops_it(live: Screen) -> None:
    kept = hold(live)
    page = filled(live, "EMAIL")
    assert f"{kept} keeps this person's data from erasure" in said(page)
    assert choice(page) == ["Change the request", "Hold it back until the hold is released", "Ask for an override"]
    press_label(page, "Submit request")
    assert newest(live) == "none"


def test_held_back_it_is_filed_and_waits_for_the_release(live: Screen) -> None:
    hold(live)
    page = filled(live, "EMAIL")
    page.radio(key="submit_underHold_1").set_value("hold_back").run()
    press_label(page, "Submit request")
    assert newest(live) == "on_hold"
    words = said(live.open("track_requests", request="PR-000001"))
    assert "Held back by LH-000001." in words
    assert "A legal hold keeps it back." in words


def test_an_override_needs_its_reason_and_waits_for_a_second_person(live: Screen) -> None:
    hold(live)
    page = filled(live, "EMAIL")
    page.radio(key="submit_underHold_1").set_value("override").run()
    press_label(page, "Submit request")
    assert newest(live) == "none"
    assert "Write 10 characters or more" in said(page)
    page.text_area(key="submit_reason_1").set_value("The court has released the data.").run()
    press_label(page, "Submit request")
    assert newest(live) == "awaiting_approval"


def test_a_protected_category_offers_the_override_alone(live: Screen) -> None:
    page = filled(live, "EMAIL", "ANALYTICS")
    assert choice(page) == ["Change the request", "Ask for an override"]
    page.radio(key="submit_underHold_1").set_value("override").run()
    page.text_area(key="submit_reason_1").set_value("The court has released the data.").run()
    press_label(page, "Submit request")
    assert newest(live) == "awaiting_approval"


def test_what_is_held_can_be_taken_out_with_one_click(live: Screen) -> None:
    hold(live, "EMAIL")
    page = press_label(filled(live, "EMAIL", "CONTACT"), "Remove what is held")
    assert not page.checkbox(key="submit_EMAIL_1").value
    assert choice(page) == []
    press_label(page, "Submit request")
    assert newest(live) == "queued"
