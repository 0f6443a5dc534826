"""The shell around the pages: menu, sandbox banner, and what somebody sees who may not see a page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from core.model.people import Actor, Role
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, publish_sandbox, said, screen, vendor_at

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))
STRANGER = Actor("test", "stranger", "Stranger", frozenset())

EVERY_PAGE = (
    "overview",
    "submit_request",
    "submit_batch",
    "track_requests",
    "approvals",
    "retention",
    "holds",
    "notices",
    "metrics",
    "audit_log",
    "connections",
    "people",
)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def menu_of(at: Screen, person: Actor, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles in the menu, as Streamlit is given them."""
    shown: list[str] = []
    page, navigation = st.Page, st.navigation

    def noted_page(*args: Any, **settings: Any) -> Any:
        if settings["visibility"] == "visible":
            shown.append(settings["title"])
        return page(*args, **settings)

    def noted_navigation(*args: Any, **settings: Any) -> Any:
        shown.append(settings["position"])
        return navigation(*args, **settings)

    monkeypatch.setattr(st, "Page", noted_page)
    monkeypatch.setattr(st, "navigation", noted_navigation)
    at.become(person)
    at.open()
    return shown


@pytest.mark.parametrize(
    ("person", "titles"),
    [
        (
            ADMIN,
            [
                "Overview",
                "Submit",
                "Batches",
                "Track",
                "Approvals",
                "Purposes",
                "Legal holds",
                "Notices",
                "Metrics",
                "Audit log",
                "Connections",
                "People",
            ],
        ),
        (
            REQUESTER,
            [
                "Overview",
                "Submit",
                "Batches",
                "Track",
                "Approvals",
                "Purposes",
                "Legal holds",
                "Notices",
                "Metrics",
                "Connections",
            ],
        ),
        (
            APPROVER,
            [
                "Overview",
                "Batches",
                "Track",
                "Approvals",
                "Purposes",
                "Legal holds",
                "Notices",
                "Metrics",
                "Connections",
            ],
        ),
        (
            AUDITOR,
            [
                "Overview",
                "Batches",
                "Track",
                "Approvals",
                "Purposes",
                "Legal holds",
                "Notices",
                "Metrics",
                "Audit log",
                "Connections",
                "People",
            ],
        ),
        (STRANGER, []),
    ],
)
def test_the_menu_on_top_lists_what_the_person_may_use(
    live: Screen, person: Actor, titles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert menu_of(live, person, monkeypatch) == [*titles, "top"]


def test_every_page_turns_away_whoever_may_not_see_it(live: Screen) -> None:
    live.submit()
    live.become(STRANGER)
    for page in EVERY_PAGE:
        shown = live.open(page)
        assert "You do not have access to this page" in shown.error[0].value, page
        assert [title.value for title in shown.title] == ["Not for your role"], page
        assert not shown.button, page


@pytest.mark.parametrize(
    ("person", "page"), [(REQUESTER, "audit_log"), (APPROVER, "submit_request"), (AUDITOR, "submit_request")]
)
def test_a_page_outside_the_menu_says_whom_to_ask(live: Screen, person: Actor, page: str) -> None:
    live.become(person)
    assert "Ask an administrator for a role" in live.open(page).error[0].value


def test_in_the_sandbox_a_banner_on_every_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch) as sandbox:
        for page in EVERY_PAGE:
            assert sandbox.open(page).info[0].value.startswith("Sandbox: no vendor is contacted"), page


def test_with_a_connection_configured_there_is_no_banner(live: Screen) -> None:
    for page in EVERY_PAGE:
        assert "Sandbox" not in said(live.open(page)), page
