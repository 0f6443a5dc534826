"""Approvals: what waits for a second person, deciding it alone or together, and what happens to a page gone stale."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.denials import MAY_REACH_THE_PERSON, DenialCode
from core.model.people import Actor, Role
from tests.desks import ADMIN, AUDITOR, REQUESTER, draft
from tests.pages.screens import Screen, press_label, said, screen, vendor_at

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(
        tmp_path, monkeypatch, connections={"cxone": vendor_at()}, approvals="on", erasure_grace_minutes=10
    ) as made:
        made.become(APPROVER)
        yield made


def state_of(at: Screen, request_id: str) -> str:
    view = at.desk.show(ADMIN, request_id)
    assert view is not None
    return str(view.request.state)


def tick(page: AppTest, *request_ids: str) -> AppTest:
    for box in page.checkbox:
        if any(f"Decide {request_id} together" in box.label for request_id in request_ids):
            box.check()
    page.run()
    assert not page.exception
    return page


def test_with_nothing_waiting_the_page_says_what_will_be_here(live: Screen) -> None:
    page = live.open("approvals")
    assert "Nothing waits for a decision" in said(page)
    assert "until you or another approver decide it" in said(page)


def test_where_approvals_are_off_the_page_says_how_to_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as at:
        assert "PRIVACY_DESK_APPROVALS" in said(at.open("approvals"))


def test_what_waits_says_who_asked_what_will_happen_and_by_when(live: Screen) -> None:
    request = live.submit(reference="CASE-7")
    words = said(live.open("approvals"))
    assert "One decision waits." in words
    assert "Ada Admin, 21 Nov 2026, 09:00 UTC" in words
    assert "cxone is told to erase **Contact, E-mail** of this person: the person's contact record alone." in words
    assert "It waits 10 minutes first, in which it can still be stopped." in words
    assert "USR-8847290" in words
    assert "CASE-7" in words
    assert "30 days left" in words
    assert state_of(live, request) == "awaiting_approval"


def test_approving_one_lets_it_go_after_its_grace(live: Screen) -> None:
    request = live.submit()
    page = press_label(live.open("approvals"), f"Yes, approve {request}")
    assert f"Approved: {request}." in said(page)
    assert state_of(live, request) == "queued"
    assert "About to be sent" in said(page)


def test_who_filed_it_sees_why_they_cannot_decide_it(live: Screen) -> None:
    request = live.submit()
    live.become(ADMIN)
    page = live.open("approvals")
    assert "You asked for this yourself, so somebody else has to decide it." in said(page)
    assert not [button for button in page.button if "approve" in button.label or "deny" in button.label]
    assert state_of(live, request) == "awaiting_approval"


def test_whoever_may_only_look_sees_who_decides(live: Screen) -> None:
    live.submit()
    for person in (AUDITOR, REQUESTER):
        live.become(person)
        page = live.open("approvals")
        assert "Somebody with the role of an approver decides." in said(page)
        assert not [button for button in page.button if "approve" in button.label]


def test_a_denial_needs_its_ground_and_warns_that_it_may_reach_the_person(live: Screen) -> None:
    request = live.submit()
    page = live.open("approvals")
    assert MAY_REACH_THE_PERSON in said(page)
    press_label(page, f"Yes, deny {request}")
    assert "Choose the ground of the denial." in said(page)
    assert state_of(live, request) == "awaiting_approval"
    page.selectbox(key=f"deny_code_{request}").select(DenialCode.ARTICLE_17_3_E)
    page.text_area(key=f"deny_note_{request}").set_value("A claim is pending.")
    press_label(page, f"Yes, deny {request}")
    assert state_of(live, request) == "refused"
    words = said(live.open("track_requests", request=request))
    assert DenialCode.ARTICLE_17_3_E.words in words
    assert "A claim is pending." in words


def test_another_ground_needs_words(live: Screen) -> None:
    request = live.submit()
    page = live.open("approvals")
    page.selectbox(key=f"deny_code_{request}").select(DenialCode.OTHER)
    press_label(page, f"Yes, deny {request}")
    assert "Write which other ground it is" in said(page)


def test_many_are_decided_together_once_their_number_is_typed(live: Screen) -> None:
    requests = [live.submit(number) for number in range(3)]
    page = live.open("approvals")
    assert "3 decisions wait" in said(page)
    tick(page, *requests[:2])
    press_label(page, "Yes, approve 2")
    assert "Nothing was decided. Type 2, the number of decisions, to confirm." in said(page)
    assert {state_of(live, request) for request in requests} == {"awaiting_approval"}
    page.text_input(key="typed_approve_many").set_value("2")
    press_label(page, "Yes, approve 2")
    assert [state_of(live, request) for request in requests] == ["queued", "queued", "awaiting_approval"]


def test_all_on_the_page_are_ticked_and_denied_with_one_ground(live: Screen) -> None:
    requests = [live.submit(number) for number in range(3)]
    page = live.open("approvals")
    press_label(page, "Tick all on this page")
    page.selectbox(key="deny_code_many").select(DenialCode.ARTICLE_12_6)
    page.text_input(key="typed_deny_many").set_value("3")
    press_label(page, "Yes, deny 3")
    assert {state_of(live, request) for request in requests} == {"refused"}


def test_a_page_gone_stale_says_who_changed_it_and_decides_nothing(live: Screen) -> None:
    request = live.submit()
    page = live.open("approvals")
    live.clock.advance(60)
    live.desk.cancel(ADMIN, request)
    press_label(page, f"Yes, approve {request}")
    words = said(page)
    assert "Not decided." in words
    assert "changed by ada at 21 Nov 2026, 09:01 UTC" in words
    assert state_of(live, request) == "cancelled"


def test_in_its_grace_it_is_sent_now_or_stopped(live: Screen) -> None:
    first, second = live.submit(1), live.submit(2)
    page = live.open("approvals")
    press_label(page, f"Yes, approve {first}")
    press_label(page, f"Yes, approve {second}")
    press_label(page, f"Yes, send {first} now")
    assert f"{first} is sent now." in said(page)
    press_label(page, f"Stop {second}")
    assert state_of(live, second) == "cancelled"
    assert live.desk.in_grace(APPROVER) == []


def test_each_kind_is_shown_alone_by_address(live: Screen) -> None:
    live.submit()
    assert "One decision waits." in said(live.open("approvals", approvals_kind="Erasures"))
    assert "Nothing waits for a decision" in said(live.open("approvals", approvals_kind="Hold overrides"))
    assert "One decision waits." in said(live.open("approvals", approvals_kind="<b>"))


def test_the_request_itself_can_be_decided_on_its_page(live: Screen) -> None:
    request = live.submit()
    page = press_label(live.open("track_requests", request=request), f"Yes, approve {request}")
    assert state_of(live, request) == "queued"
    assert f"Approved: {request}." in said(page)
    assert "It is in its grace period" in said(page)


def test_an_override_is_shown_with_its_reason_and_what_it_overrides(live: Screen) -> None:
    filed = live.desk.submit(
        ADMIN,
        draft(categories=("CONTACT", "ANALYTICS"), under_hold="override", reason="The court has released it."),
        intent="override",
    )
    assert filed.request, filed.findings
    words = said(live.open("approvals"))
    assert "Erase although it is to be kept" in words
    assert "although ANALYTICS says that it is to be kept" in words
    assert "The court has released it." in words
