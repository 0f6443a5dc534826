"""Signing in and its end, roles on the people page, acting as somebody in the sandbox, what no auditor sees."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.session
from core.model.events import EventKind
from core.model.holds import HoldDraft, HoldGround
from core.model.people import LOCAL, SANDBOX_PEOPLE, Actor, Role
from core.store.audit import EventFilter
from core.ui.acting import KEY, PEOPLE
from core.ui.links import PAGES
from tests.desks import ADMIN, AUDITOR, draft
from tests.pages.screens import MAIN, Screen, publish_sandbox, said, screen, vendor_at
from tests.pages.test_shell import EVERY_PAGE
from tests.sign_ins import claims, sign_in

CANARY = "CANARY-8847291"

# Whoever is at the page by the product's own reckoning; `Screen` puts its own in this place.
REAL_ACTOR = core.ui.session.actor


class Visitors:
    """Several people at the pages of one desk."""

    def __init__(self, at: Screen) -> None:
        self.at = at
        self.desk = at.desk
        self.clock = at.clock

    def claims(self, sub: str, *roles: str, **more: Any) -> dict[str, Any]:
        return claims(sub, *roles, at=self.clock.now(), **more)

    def open(self, page: str, who: dict[str, Any] | None) -> AppTest:
        """A page as somebody with these claims opens it, or somebody who is not signed in."""
        test = AppTest.from_file(str(MAIN), default_timeout=20)
        test.user = who or {"is_logged_in": False}
        test.switch_page(str(PAGES / f"{page}.py")).run()
        assert not test.exception, test.exception
        return test


@pytest.fixture
def visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitors]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}, sign_in=sign_in()) as made:
        monkeypatch.setattr(core.ui.session, "actor", REAL_ACTOR)
        yield Visitors(made)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch) as made:
        monkeypatch.setattr(core.ui.session, "actor", REAL_ACTOR)
        yield made


def everything(test: AppTest) -> str:
    """All that a page sends to the browser, as text."""
    sent: list[str] = []

    def walk(block: Any) -> None:
        proto = getattr(block, "proto", None)
        sent.append(str(proto))
        data = getattr(proto, "arrow_data", None) or getattr(proto, "data", None)
        if data is not None:
            sent.append(str(getattr(data, "data", data)))
        for child in getattr(block, "children", {}).values():
            walk(child)

    walk(test._tree)
    tables = [str(table.value.to_dict()) for kind in ("table", "dataframe") for table in getattr(test, kind)]
    return "\n".join([*sent, *tables, said(test)])


# --- the sign-in ---------------------------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_sees_the_sign_in_on_every_page_and_nothing_else(visitors: Visitors) -> None:
    visitors.at.submit()
    for page in EVERY_PAGE:
        shown = visitors.open(page, None)
        assert [title.value for title in shown.title] == ["Privacy Desk"], page
        assert [button.label for button in shown.button] == ["Sign in"], page
        assert said(shown) == "Privacy Desk\nSign in with your organisation's account to go on.", page
        assert not shown.sidebar, page


def test_somebody_without_a_role_is_told_whom_to_ask_and_by_which_name_they_are_known(visitors: Visitors) -> None:
    for page in EVERY_PAGE:
        shown = visitors.open(page, visitors.claims("new-1"))
        assert shown.title[0].value == "You have no role yet", page
        assert [button.label for button in shown.button] == ["Look again", "Sign out"], page
    assert "Ask them for a role" in said(shown)
    assert "new-1" in said(shown)
    assert [e.outcome for e in visitors.desk.audit(ADMIN, EventFilter(kind=EventKind.PERSON_SIGNED_IN)).rows] == [
        "waits"
    ]


def test_the_sidebar_says_who_is_signed_in_as_what_and_until_when(visitors: Visitors) -> None:
    shown = visitors.open("overview", visitors.claims("rita", "requester", "auditor", name="Rita **R**"))
    assert [text.value for text in shown.sidebar.text] == ["Rita **R**"]
    assert [caption.value for caption in shown.sidebar.caption] == [
        "Auditor, Requester",
        "Signed in until 21 Nov 2026, 17:00 UTC",
    ]
    assert [button.label for button in shown.sidebar.button] == ["Sign out"]
    assert not shown.sidebar.radio


@pytest.mark.parametrize(
    ("hours", "later", "why"),
    [(8, 30 * 60, "nothing was done"), (0.1, 7 * 60, "the time that the sign-in provider gave it")],
)
def test_an_ended_session_is_asked_again_and_shows_nothing_more(
    visitors: Visitors, hours: float, later: float, why: str
) -> None:
    who = visitors.claims("aud", "auditor", hours=hours)
    assert visitors.open("audit_log", who).title[0].value == "Audit log"
    visitors.clock.advance(later)
    for page in EVERY_PAGE:
        shown = visitors.open(page, who)
        assert why in shown.warning[0].value, page
        assert [button.label for button in shown.button] == ["Sign in again"], page
        assert [title.value for title in shown.title] == ["Privacy Desk"], page


def test_claims_that_name_nobody_let_nobody_in(visitors: Visitors) -> None:
    shown = visitors.open("overview", {**visitors.claims("x", "administrator"), "sub": ""})
    assert "did not say who you are" in shown.error[0].value
    assert [button.label for button in shown.button] == ["Sign out"]


def test_a_page_outside_a_role_stays_closed_to_a_deep_link(visitors: Visitors) -> None:
    shown = visitors.open("audit_log", visitors.claims("rita", "requester"))
    assert "You do not have access to this page" in shown.error[0].value
    assert [title.value for title in shown.title] == ["Not for your role"]


# --- the people page -----------------------------------------------------------------------------------------------


def test_an_administrator_gives_and_takes_roles(visitors: Visitors) -> None:
    visitors.open("overview", visitors.claims("new-1", email="nova@example.com", name="Nova New"))
    boss = visitors.claims("boss")
    people = visitors.open("people", boss)
    assert people.info[0].value.startswith("One person waits for a role.")
    assert list(people.dataframe[0].value["Access"]) == ["Waits for a role", "Administrator"]
    assert list(people.dataframe[0].value["Account"]) == ["nova@example.com", ""]

    box(people, "Auditor").check()
    button(people, "Save the roles of Nova New").click().run()

    assert "The roles of Nova New are saved." in said(people)
    assert list(people.dataframe[0].value["Access"]) == ["Administrator", "Auditor"]
    assert visitors.open("audit_log", visitors.claims("new-1")).title[0].value == "Audit log"

    people = choose(visitors.open("people", boss), "Nova New")
    box(people, "Auditor").uncheck()
    button(people, "Save the roles of Nova New").click().run()

    assert visitors.open("audit_log", visitors.claims("new-1")).title[0].value == "You have no role yet"


def test_a_suspended_person_is_turned_away_until_it_ends(visitors: Visitors) -> None:
    rita = visitors.claims("rita", "requester", name="Rita")
    visitors.open("overview", rita)
    people = choose(visitors.open("people", visitors.claims("boss")), "Rita")
    button(people, "Suspend").click().run()
    assert "Suspended" in list(people.dataframe[0].value["Access"])
    assert "An administrator has suspended your access" in visitors.open("overview", rita).warning[0].value

    button(people, "End the suspension").click().run()
    shown = visitors.open("overview", visitors.claims("rita", "requester", nonce="again"))
    assert shown.title[0].value == "Overview"


def test_nobody_changes_their_own_access_and_is_told_so(visitors: Visitors) -> None:
    people = choose(visitors.open("people", visitors.claims("boss", name="Bo Boss")), "Bo Boss")
    assert box(people, "Administrator").disabled
    assert "Administrator comes from the desk's settings; change it there." in said(people)
    button(people, "Suspend").click().run()
    assert "Nobody changes their own access. Ask another administrator." in said(people)


def test_an_auditor_reads_the_list_and_changes_nothing(visitors: Visitors) -> None:
    people = visitors.open("people", visitors.claims("aud", "auditor"))
    assert len(people.dataframe[0].value) == 1
    assert [button.label for button in people.main.button if button.label != "No notices"] == []
    assert not people.selectbox


def test_without_sign_in_the_page_says_how_to_set_it_up(sandbox: Screen) -> None:
    shown = sandbox.open("people")
    assert "PRIVACY_DESK_SIGN_IN__METADATA_URL" in shown.code[0].value
    assert "Nobody signs in here yet" in said(shown)


# --- the sandbox ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(PEOPLE))
def test_in_the_sandbox_a_visitor_acts_as_whom_they_choose(sandbox: Screen, name: str) -> None:
    seen: dict[str, Actor] = {"Administrator": LOCAL}
    seen |= {role.capitalize(): SANDBOX_PEOPLE[role] for role in (Role.REQUESTER, Role.APPROVER, Role.AUDITOR)}
    page = sandbox.open("overview")
    page.sidebar.radio(key=KEY).set_value(name).run()
    assert not page.exception
    for other, action in (("audit_log", "view_audit"), ("submit_request", "submit")):
        page.switch_page(str(PAGES / f"{other}.py")).run()
        assert not page.exception
        refused = any("You do not have access" in error.value for error in page.error)
        assert refused is not seen[name].may(action), other  # type: ignore[arg-type] # the action's own name
        assert page.sidebar.radio(key=KEY).value == name, other


def test_the_choice_is_in_the_address_and_counts_from_the_first_run(sandbox: Screen) -> None:
    shown = sandbox.open("audit_log", act_as="Requester")
    assert "You do not have access to this page" in shown.error[0].value
    assert sandbox.open("audit_log", act_as="Emperor").title[0].value == "Audit log"


def test_four_people_so_that_one_visitor_can_try_what_takes_two() -> None:
    actors = [actor for actor, _ in PEOPLE.values()]
    assert len({actor.id for actor in actors}) == 4
    assert [sorted(actor.roles) for actor in actors] == [["administrator"], ["requester"], ["approver"], ["auditor"]]


@pytest.mark.parametrize("more", [{"connections": {"cxone": vendor_at()}}, {"sign_in": sign_in()}])
def test_nobody_acts_as_somebody_else_with_a_live_connection_or_with_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch, **more) as at:
        monkeypatch.setattr(core.ui.session, "actor", REAL_ACTOR)
        for page in EVERY_PAGE:
            shown = at.open(page, act_as="Requester")
            assert not shown.sidebar.radio, page
            if "sign_in" in more:
                assert [title.value for title in shown.title] == ["Privacy Desk"], page
            else:
                assert not any("You do not have access" in error.value for error in shown.error), page


def test_with_live_connections_and_no_sign_in_every_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as live:
        for page in EVERY_PAGE:
            assert live.open(page).warning[0].value.startswith("Nobody signs in here"), page


# --- identifiers ---------------------------------------------------------------------------------------------------


def test_an_auditor_sees_no_identifier_on_any_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as live:
        filed = live.desk.submit(ADMIN, draft(CANARY, description="canary reason"), intent="one").request
        assert filed
        review = live.desk.today() + timedelta(days=60)
        hold = HoldDraft(CANARY, (), HoldGround.ARTICLE_17_3_E, "canary matter", "Legal", review)
        assert live.desk.place_hold(ADMIN, hold).hold
        address = {"track_requests": {"request": filed.id}}
        assert CANARY in everything(live.open("track_requests", request=filed.id))  # there is one to be seen
        live.become(AUDITOR)
        for page in EVERY_PAGE:
            for query in ({}, address.get(page, {})):
                sent = everything(live.open(page, **query))
                assert CANARY not in sent, page
                assert "canary reason" not in sent, page
                assert "canary matter" not in sent, page


# --- pieces --------------------------------------------------------------------------------------------------------


def box(page: AppTest, label: str) -> Any:
    return next(one for one in page.checkbox if one.label == label)


def button(page: AppTest, label: str) -> Any:
    return next(one for one in page.button if one.label == label)


def choose(page: AppTest, name: str) -> AppTest:
    """Select a person by their name."""
    select = page.selectbox(key="people_person")
    index = next(at for at, label in enumerate(select.options) if label.startswith(name))
    return select.select_index(index).run()
