"""Submitting a request: checked as it is typed, put right with one click, filed once."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.people import Actor, Role
from core.model.privacy_requests import TaskState
from core.store import requests, task_leases, tasks
from core.store.requests import RequestFilter
from core.store.tasks import Outcome
from core.ui.links import PAGES
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, links_of, said, screen, vendor_at

TODAY = date(2026, 11, 21)


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        made.become(REQUESTER)
        yield made


def open_form(at: Screen) -> AppTest:
    return at.open("submit_request")


def fill(page: AppTest, subject: str = "USR-8847291", scope: str = "CONTACT", *categories: str) -> AppTest:
    """A form that only the button is missing on."""
    subject_field(page).set_value(subject)
    choose(page, "Type", "ERASURE")
    choose(page, "Scope", scope)
    for category in categories or ("Contact", "E-mail"):
        category_box(page, category).check()
    return page.run()


def subject_field(page: AppTest):  # type: ignore[no-untyped-def] # AppTest's element types are private
    return next(field for field in page.text_input if field.label == "Subject id")


def text_field(page: AppTest, label: str):  # type: ignore[no-untyped-def] # as above
    return next(field for field in page.text_input if field.label.startswith(label))


def choose(page: AppTest, label: str, value: str) -> None:
    next(radio for radio in page.radio if radio.label == label).set_value(value)


def category_box(page: AppTest, word: str):  # type: ignore[no-untyped-def] # as above
    return next(box for box in page.checkbox if box.label.split("  \n")[0] == word)


def chosen(page: AppTest) -> list[str]:
    return [box.label.split("  \n")[0] for box in page.checkbox if box.value]


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def errors(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "").replace("\u200b", "") for error in page.error]


def filed(at: Screen) -> list[str]:
    return [row.id for row in at.desk.find(ADMIN, RequestFilter()).rows]


def close(at: Screen, request_id: str) -> None:
    """The vendor completed it."""
    with at.desk.store.writing() as transaction:
        task_leases.lease(transaction, "cxone", owner="worker", limit=10, seconds=60)
        tasks.change(transaction, f"{request_id}-1", Outcome(TaskState.COMPLETED, records_affected=3))
        number = requests.number_of(transaction.db, request_id)
        requests.follow_tasks(transaction, number, actor="desk|worker", grace_days=30)


def test_an_untouched_form_accuses_nobody(at: Screen) -> None:
    page = open_form(at)
    assert errors(page) == []
    assert [warning.icon for warning in page.warning] == [":material/no_accounts:"]  # that nobody signs in here


def test_a_finding_appears_under_its_field_without_a_press_of_the_button(at: Screen) -> None:
    page = open_form(at)
    subject_field(page).set_value("USR 8847291").run()
    (error,) = errors(page)
    assert error.startswith("Subject id holds white space; only a–z, A–Z, 0–9, _, - and . are allowed.")
    assert error.endswith("Enter the subject id as the vendor knows it.")


def test_the_button_shows_everything_that_is_missing_and_files_nothing(at: Screen) -> None:
    page = press(open_form(at), "Submit request")
    assert len(errors(page)) == 5
    assert errors(page)[-1] == "Not submitted. 4 fields need your attention: Subject id, Type, Categories, Scope."
    assert filed(at) == []


def test_the_summary_shrinks_as_fields_are_put_right(at: Screen) -> None:
    page = press(open_form(at), "Submit request")
    choose(page, "Type", "ACCESS")
    page.run()
    assert errors(page)[-1] == "Not submitted. 3 fields need your attention: Subject id, Categories, Scope."


def test_white_space_around_an_id_is_removed_with_one_click(at: Screen) -> None:
    page = open_form(at)
    subject_field(page).set_value(" USR-8847291 ").run()
    press(page, "Remove the white space around it")
    assert subject_field(page).value == "USR-8847291"
    assert errors(page) == []


def test_a_protected_category_is_visible_explained_and_removed_with_one_click(at: Screen) -> None:
    page = open_form(at)
    assert any("legal-hold override" in caption.value for caption in page.caption)
    category_box(page, "Contact").check()
    category_box(page, "Analytics").check().run()
    assert "ANALYTICS cannot be erased" in errors(page)[0]
    press(page, "Remove it")
    assert chosen(page) == ["Contact"]
    assert errors(page) == []


def test_a_day_in_the_future_becomes_today_with_one_click(at: Screen) -> None:
    page = open_form(at)
    page.date_input[0].set_value(TODAY + timedelta(days=1)).run()
    assert "in the future" in errors(page)[0]
    press(page, "Use today")
    assert page.date_input[0].value == TODAY
    assert errors(page) == []


def test_a_description_is_counted_and_cut_with_one_click(at: Screen) -> None:
    page = open_form(at)
    text_field(page, "Description").set_value("é" * 256).run()
    assert "256 of 255 characters" in said(page)
    press(page, "Cut it to 255 characters")
    assert "255 of 255 characters" in said(page)
    assert errors(page) == []


def test_a_reference_that_is_too_long_is_cut_with_one_click(at: Screen) -> None:
    page = open_form(at)
    text_field(page, "Your reference").set_value("C" * 101).run()
    press(page, "Cut it to 100 characters")
    assert text_field(page, "Your reference").value == "C" * 100


def test_the_preview_follows_what_is_typed(at: Screen) -> None:
    page = fill(open_form(at))
    text_field(page, "Description").set_value('She said "please"').run()
    body, http = page.code[0].value, page.code[1].value
    assert body == (
        '{\n  "subjectId": "USR-8847291",\n  "type": "ERASURE",\n  "categories": [\n    "CONTACT",\n    "EMAIL"\n  ],\n'
        '  "scope": "CONTACT",\n  "description": "She said \\"please\\""\n}'
    )
    assert http.startswith("POST http://127.0.0.1:1/api/v2/privacy/requests\nAuthorization: Bearer <token>\n")
    assert "Idempotency-Key: " in http
    assert http.endswith(body)
    assert "canary-secret" not in said(page)


def test_each_deadline_comes_with_its_date_its_reckoning_and_its_article(at: Screen) -> None:
    page = open_form(at)
    page.date_input[0].set_value(date(2026, 10, 31)).run()
    words = said(page)
    assert "Answer the person by **Mon 30 Nov 2026** · 9 days left" in words
    assert "One month from Sat 31 Oct 2026 is Mon 30 Nov 2026." in words
    assert "Art. 12(3) GDPR" in words
    assert "not legal advice" in words


def test_a_law_without_public_holidays_asks_for_no_region(at: Screen) -> None:
    page = open_form(at)
    assert any(field.label == "Region (optional)" for field in page.text_input)
    page.selectbox[0].set_value("us-va").run()
    assert not any(field.label == "Region (optional)" for field in page.text_input)
    page.selectbox[0].set_value("br-lgpd").run()
    assert "secondary sources" in said(page)


def test_an_unknown_region_is_named_and_dates_are_not_guessed(at: Screen) -> None:
    page = open_form(at)
    text_field(page, "Region").set_value("Mars").run()
    assert "MARS" in errors(page)[0]
    assert "Answer the person by" not in said(page)


def test_a_filed_request_is_named_for_as_long_as_the_page_stands_and_the_form_is_empty_again(at: Screen) -> None:
    page = press(fill(open_form(at)), "Submit request")
    assert filed(at) == ["PR-000001"]
    assert page.success[0].value == "PR-000001 is filed. Nothing more is needed from you."
    assert links_of(page)["Follow PR-000001"] == {"request": ["PR-000001"]}
    assert subject_field(page).value == ""
    assert chosen(page) == []
    assert errors(page) == []
    subject_field(page).set_value("USR-2").run()
    assert page.success, "the message lasts while the next request is typed"


def test_everything_in_the_form_reaches_the_request(at: Screen) -> None:
    page = fill(open_form(at))
    page.date_input[0].set_value(date(2026, 11, 2))
    page.selectbox[0].set_value("uk-gdpr")
    text_field(page, "Description").set_value("By letter")
    text_field(page, "Your reference").set_value(" CASE-1 ")
    page.run()
    text_field(page, "Region").set_value("gb-sct").run()
    press(page, "Submit request")
    view = at.desk.show(ADMIN, "PR-000001")
    assert view
    request = view.request
    assert (request.subject, request.categories, request.scope) == ("USR-8847291", ("CONTACT", "EMAIL"), "CONTACT")
    assert (request.law, request.region, request.received) == ("uk-gdpr", "GB-SCT", date(2026, 11, 2))
    assert (request.description, request.reference, request.filed_by) == ("By letter", "CASE-1", REQUESTER.name)


def test_a_double_click_files_one_request(at: Screen) -> None:
    page = fill(open_form(at))
    next(button for button in page.button if button.label == "Submit request").click()
    clicked = page._tree.get_widget_states()
    # A browser names no button that was not clicked.
    silent = [w for w in clicked.widgets if w.WhichOneof("value") == "trigger_value" and not w.trigger_value]
    for widget in silent:
        clicked.widgets.remove(widget)
    page._run(clicked)
    page._run(clicked)  # the second click left before the answer to the first was there
    assert filed(at) == ["PR-000001"]
    assert page.success[0].value.startswith("PR-000001")
    assert errors(page) == []


def test_the_next_person_can_be_filed_at_once(at: Screen) -> None:
    page = press(fill(open_form(at)), "Submit request")
    press(fill(page, "USR-2"), "Submit request")
    assert filed(at) == ["PR-000002", "PR-000001"]
    assert page.success[0].value.startswith("PR-000002")


def test_a_person_with_an_open_request_is_noticed_while_typing_and_led_to_it(at: Screen) -> None:
    page = press(fill(open_form(at)), "Submit request")
    fill(page)
    assert errors(page)[0].startswith("PR-000001 is already open for this person at cxone.")
    assert links_of(page)["PR-000001"] == {"request": ["PR-000001"]}


def test_a_request_that_will_wait_says_why(at: Screen) -> None:
    page = press(fill(open_form(at)), "Submit request")
    assert "It will wait: The worker is not running" in said(page)
    at.start_worker()
    assert "It will wait" not in said(page.run())
    at.desk.pause(ADMIN, "cxone", reason="Maintenance")
    assert "It will wait: cxone is paused" in said(page.run())


def test_a_form_outlives_a_look_at_another_page(at: Screen) -> None:
    page = fill(open_form(at))
    page.switch_page(str(PAGES / "overview.py")).run()
    page.switch_page(str(PAGES / "submit_request.py")).run()
    assert subject_field(page).value == "USR-8847291"
    assert chosen(page) == ["Contact", "E-mail"]


def test_the_form_can_be_cleared(at: Screen) -> None:
    page = press(fill(open_form(at)), "Clear the form")
    assert subject_field(page).value == ""
    assert chosen(page) == []


ALL_BUT_ANALYTICS = ("Contact", "Conversation", "Survey", "Interaction", "IVR", "Chat")


def split_form(at: Screen, *more: str) -> AppTest:
    page = fill(open_form(at), "USR-8847291", "ALL", *ALL_BUT_ANALYTICS, *more)
    return press(page, "Split into two requests")


def test_a_scope_that_is_too_deep_is_split_with_one_click(at: Screen) -> None:
    page = split_form(at)
    assert chosen(page) == ["Contact", "Conversation", "Survey"]
    assert "Interaction, IVR, Chat for USR-8847291" in said(page)
    assert errors(page) == []


def test_the_other_half_waits_for_the_first_and_then_goes(at: Screen) -> None:
    page = press(split_form(at), "Submit request")
    assert filed(at) == ["PR-000001"]
    assert "It can go once this request is closed" in said(page)
    assert next(b for b in page.button if b.label == "Put it into the form").disabled
    close(at, "PR-000001")
    page.run()
    assert "It can go now" in said(page)
    press(page, "Put it into the form")
    assert subject_field(page).value == "USR-8847291"
    assert chosen(page) == ["Interaction", "IVR", "Chat"]
    press(page, "Submit request")
    assert filed(at) == ["PR-000002", "PR-000001"]
    assert "Prepared for later" not in said(page)


def test_what_cannot_be_in_either_half_is_said(at: Screen) -> None:
    page = split_form(at, "Analytics")
    assert "Left out, because it is protected: Analytics." in said(page)
    assert "Analytics" not in chosen(page)


def test_either_half_can_go_first(at: Screen) -> None:
    page = press(split_form(at), "Send this half first")
    assert chosen(page) == ["Interaction", "IVR", "Chat"]
    assert "Contact, Conversation, Survey for USR-8847291" in said(page)


def test_a_correction_of_the_id_reaches_the_other_half(at: Screen) -> None:
    page = split_form(at)
    subject_field(page).set_value("USR-8847292").run()
    assert "Interaction, IVR, Chat for USR-8847292" in said(page)


def test_another_request_does_not_change_a_half_that_waits(at: Screen) -> None:
    page = press(split_form(at), "Submit request")
    fill(page, "USR-2")
    assert "Interaction, IVR, Chat for USR-8847291" in said(page)


def test_a_prepared_half_can_be_discarded(at: Screen) -> None:
    page = press(split_form(at), "Discard it")
    assert "Prepared for later" not in said(page)
    assert chosen(page) == ["Contact", "Conversation", "Survey"]


def test_somebody_who_may_not_submit_gets_no_form(at: Screen) -> None:
    at.become(AUDITOR)
    page = open_form(at)
    assert "You do not have access to this page" in errors(page)[0]
    assert not page.text_input


def test_a_role_that_was_taken_away_meanwhile_is_refused_where_the_person_is(at: Screen) -> None:
    page = fill(open_form(at))
    at.become(Actor(REQUESTER.issuer, REQUESTER.subject, REQUESTER.name, frozenset({Role.AUDITOR})))
    press(page, "Submit request")
    assert "You do not have access to this page" in errors(page)[0]
    assert filed(at) == []


def test_without_a_system_for_privacy_requests_the_page_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    purposes_only = {"genesys": vendor_at(contract="genesys-purposes")}
    with screen(tmp_path, monkeypatch, connections=purposes_only) as at:
        page = open_form(at)
    assert "No connected system takes privacy requests yet" in said(page)
    assert "See the connections" in links_of(page)


def test_a_sandbox_that_has_not_started_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path, monkeypatch) as at:
        assert "The sandbox has not started yet." in said(open_form(at))


def test_of_several_systems_none_is_assumed_and_each_gets_a_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = {"cxone": vendor_at(), "cxone-eu": vendor_at()}
    with screen(tmp_path, monkeypatch, connections=connections) as at:
        page = press(fill(open_form(at)), "Submit request")
        assert "Choose the system to send it to." in errors(page)[0]
        page.multiselect[0].set_value(["cxone", "cxone-eu"]).run()
        press(page, "Submit request")
        view = at.desk.show(ADMIN, "PR-000001")
        assert view
        assert [task.connection for task in view.request.tasks] == ["cxone", "cxone-eu"]
