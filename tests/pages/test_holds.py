"""Legal holds: placing, reviewing and releasing one, erasing what it kept, and checking a list against the ledger."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.holds import HoldDraft, HoldGround
from core.model.people import Actor, Role
from core.model.privacy_requests import TaskState
from core.store import requests, task_leases, tasks
from core.store.tasks import Outcome
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, press_label, said, screen, vendor_at

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def place(at: Screen, subject: str = "USR-8847290", review_on: date = date(2027, 5, 1), **more: tuple[str, ...]) -> str:
    placed = at.desk.place_hold(
        ADMIN,
        HoldDraft(
            subject=subject,
            ground=HoldGround.ARTICLE_17_3_E,
            matter="Case 4711",
            owner="Lee Lawyer",
            review_on=review_on,
            **more,
        ),
    )
    assert placed.hold, placed.findings
    return placed.hold.id


def form(page: AppTest) -> AppTest:
    """The form, opened."""
    page.session_state["hold_form_open"] = True
    page.run()
    assert not page.exception
    return page


def state_of(at: Screen, request_id: str) -> str:
    view = at.desk.show(ADMIN, request_id)
    assert view is not None
    return str(view.request.state)


def test_the_fields_themselves_carry_what_they_start_with(live: Screen) -> None:
    """Set through the session, a value is sent once; a browser that draws only the next run would start with none."""
    page = form(live.open("holds"))
    fields = {field.label: field for field in (*page.date_input, *page.text_input)}
    assert list(fields["Look at it again on"].proto.default) != []
    assert fields["Owner"].proto.default != ""
    assert not any(field.proto.set_value for field in fields.values())


def test_with_no_hold_the_page_says_what_one_does(live: Screen) -> None:
    words = said(live.open("holds"))
    assert "No hold is in force" in words
    assert "held back until it is released" in words


def test_a_hold_is_placed_and_keeps_back_what_it_covers(live: Screen) -> None:
    request = live.submit()
    page = form(live.open("holds"))
    page.text_input(key="hold_subject_1").set_value("USR-8847290")
    page.selectbox(key="hold_ground_1").select(HoldGround.ARTICLE_17_3_E)
    page.text_input(key="hold_matter_1").set_value("Case 4711")
    press_label(page, "Place the hold")
    assert "LH-000001 is in force." in said(page)
    assert request in [link.proto.label for link in page.page_link]
    assert state_of(live, request) == "on_hold"
    assert "Every category of USR-8847290" in said(page)
    assert page.text_input(key="hold_subject_2").value == ""


def test_what_is_missing_is_said_by_its_field_and_nothing_is_placed(live: Screen) -> None:
    page = form(live.open("holds"))
    assert not page.error
    press_label(page, "Place the hold")
    assert "Not placed. Look at these fields again: " in said(page)
    assert len(page.error) > 1
    assert live.desk.holds(ADMIN) == []


def test_a_hold_says_what_it_keeps_on_which_ground_and_when_it_is_reviewed(live: Screen) -> None:
    place(live, categories=("EMAIL",))
    words = said(live.open("holds"))
    assert "E-mail of USR-8847290" in words
    assert HoldGround.ARTICLE_17_3_E.words in words
    assert "Case 4711" in words
    assert "Sat 1 May 2027, 161 days left" in words
    assert "It holds nothing back at present." in words


def test_a_hold_that_is_due_for_review_comes_first_and_says_so(live: Screen) -> None:
    place(live, "USR-1", date(2027, 5, 1))
    due = place(live, "USR-2", date(2026, 11, 22))
    assert "due for review" not in said(live.open("holds"))
    live.clock.advance(2 * 86_400)
    page = live.open("holds")
    assert "One hold is due for review." in said(page)
    assert next(text for text in (m.value for m in page.markdown) if "LH-" in text).startswith(f"**{due}**")


def test_whoever_may_not_see_identifiers_sees_them_masked(live: Screen) -> None:
    place(live)
    live.become(AUDITOR)
    page = live.open("holds")
    assert "USR-8847290" not in said(page)
    assert "US…0" in said(page)
    assert not [button for button in page.button if "lease" in button.label or "Place" in button.label]


def test_a_requester_places_but_does_not_release(live: Screen) -> None:
    place(live)
    live.become(REQUESTER)
    labels = [button.label for button in form(live.open("holds")).button]
    assert "Place the hold" in labels
    assert not [label for label in labels if "release" in label]


def test_releasing_needs_a_reason_and_offers_what_was_held_back(live: Screen) -> None:
    request = live.submit()
    hold = place(live)
    live.become(APPROVER)
    page = press_label(live.open("holds"), f"Yes, release {hold}")
    assert "Not released." in said(page)
    page.text_area(key=f"release_reason_{hold}").set_value("The case was settled.")
    press_label(page, f"Yes, release {hold}")
    assert f"{hold} is released. One request was held back by it alone" in said(page)
    assert state_of(live, request) == "on_hold"  # nothing is sent by itself
    page = live.open("holds", holds_view="Held back")
    assert "Free to be erased" in said(page)
    page.checkbox[0].check().run()
    press_label(page, f"Yes, erase {request}")
    assert f"{request} is queued." in said(page)
    assert state_of(live, request) == "queued"


def test_many_that_are_free_are_erased_once_their_number_is_typed(live: Screen) -> None:
    requests = [live.submit(number) for number in range(2)]
    hold = place(live, subject="", categories=("EMAIL",))
    live.desk.release_hold(ADMIN, hold, "The case was settled.")
    page = press_label(live.open("holds", holds_view="Held back"), "Tick all")
    press_label(page, "Yes, erase 2")
    assert "Nothing was done. Type 2 to confirm." in said(page)
    page.text_input(key="held_back_typed").set_value("2")
    press_label(page, "Yes, erase 2")
    assert [state_of(live, request) for request in requests] == ["queued", "queued"]


def test_a_hold_that_was_looked_at_is_kept_until_the_next_review(live: Screen) -> None:
    hold = place(live, review_on=date(2026, 11, 22))
    live.clock.advance(2 * 86_400)
    live.become(REQUESTER)
    page = live.open("holds")
    page.date_input(key=f"review_on_{hold}").set_value(date(2027, 3, 1))
    press_label(page, f"Yes, keep {hold}")
    assert f"{hold} is kept. It is looked at again on Mon 1 Mar 2027." in said(page)
    assert "due for review" not in said(page)


def test_a_hold_that_somebody_else_released_meanwhile_is_not_released_again(live: Screen) -> None:
    hold = place(live)
    page = live.open("holds")
    live.desk.release_hold(APPROVER, hold, "The case was settled.")
    page.text_area(key=f"release_reason_{hold}").set_value("It is not needed.")
    press_label(page, f"Yes, release {hold}")
    assert "was released by App Approver" in said(page)


def test_released_holds_are_there_for_whoever_asks(live: Screen) -> None:
    hold = place(live)
    live.desk.release_hold(ADMIN, hold, "The case was settled.")
    page = live.open("holds")
    assert "No hold is in force" in said(page)
    page.checkbox(key="holds_released").check().run()
    assert "Case 4711" in said(page)


def test_what_is_held_back_is_listed_with_its_holds(live: Screen) -> None:
    request = live.submit()
    hold = place(live)
    page = live.open("holds", holds_view="Held back")
    assert f"kept by {hold}" in said(page)
    assert request in [link.proto.label for link in page.page_link]


def erase(at: Screen, request_id: str) -> None:
    """Let the vendor have done it, by a person's word."""
    with at.desk.store.writing() as transaction:
        task_leases.lease(transaction, "cxone", owner="worker", limit=10, seconds=60)
        tasks.change(transaction, f"{request_id}-1", Outcome(TaskState.NEEDS_PERSON))
        number = requests.number_of(transaction.db, request_id)
        requests.follow_tasks(transaction, number, actor="desk|worker", grace_days=30)
    at.desk.attest(ADMIN, f"{request_id}-1", state=TaskState.COMPLETED, evidence="Seen in the vendor's console.")


def check(page: AppTest, content: bytes) -> AppTest:
    page.file_uploader(key="ledger_file").upload("list.csv", content, "text/csv")
    return press_label(page, "Check the list")


def ledger(at: Screen) -> AppTest:
    return at.open("holds", holds_view="Check a list")


def test_a_list_is_checked_against_everybody_who_was_erased(live: Screen) -> None:
    page = check(ledger(live), b"subjectId,mail\nUSR-1,a@example.com\nUSR-2,b@example.com\n")
    assert "Nobody of 2 identifiers was erased at this desk." in said(page)


def test_who_was_erased_is_named_by_the_line_and_nobody_else(live: Screen) -> None:
    erase(live, live.submit())
    page = check(ledger(live), b"subjectId\nUSR-1\nUSR-8847290\nUSR-2\n")
    assert "**One was erased**, of 3 identifiers." in said(page)
    (table,) = page.dataframe
    assert table.value["Line"].tolist() == [3]
    assert table.value["System"].tolist() == ["cxone"]
    assert "USR-8847290" not in said(page)


def test_a_file_that_cannot_be_read_says_why(live: Screen) -> None:
    page = check(ledger(live), b"name,mail\nSomebody,a@example.com\n")
    assert "None of the columns is called like a subject id." in said(page)


def test_without_a_file_the_page_asks_for_one(live: Screen) -> None:
    assert "Choose the file first." in said(press_label(ledger(live), "Check the list"))


@pytest.mark.parametrize("address", ["holds_view", "holds_released"])
def test_an_address_that_makes_no_sense_opens_the_holds(live: Screen, address: str) -> None:
    place(live)
    assert "Case 4711" in said(live.open("holds", **{address: "<script>"}))
