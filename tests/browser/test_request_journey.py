"""From an empty form to the proof, as a person does it."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.conftest import RunningDesk, open_page
from tests.vendor import Vendor

pytestmark = pytest.mark.browser


def subject_field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Subject id")


def choose(page: Page, category: str) -> None:
    """Tick a category with the keyboard."""
    box = page.get_by_role("checkbox", name=category, exact=True)
    box.focus()
    box.press("Space")
    expect(box).to_be_checked()


def fill_in(page: Page, subject: str) -> None:
    subject_field(page).fill(subject)
    page.get_by_role("radiogroup", name="Type").get_by_text("Erasure", exact=True).click()
    page.get_by_role("radiogroup", name="Scope").get_by_text("Contact", exact=True).click()
    choose(page, "E-mail")
    expect(page.get_by_text(f'"subjectId": "{subject}"').first).to_be_visible()
    expect(page.get_by_text('"EMAIL"').first).to_be_visible()


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit request").click()


def follow(page: Page) -> None:
    page.get_by_role("link", name=re.compile("Follow PR-")).click()
    expect(page.get_by_role("heading", name=re.compile("PR-"))).to_be_visible()


def test_mistakes_show_by_their_fields_while_typing_and_one_click_puts_them_right(page: Page, desk_url: str) -> None:
    open_page(page, f"{desk_url}/submit_request")
    expect(page.get_by_role("button", name="Submit request")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)  # an untouched form is no wall of red
    subject_field(page).press_sequentially("USR 88/47")
    wrong = page.get_by_role("alert").filter(has_text="Subject id holds white space")
    expect(wrong).to_be_visible()
    choose(page, "E-mail")
    choose(page, "Analytics")
    immutable = page.get_by_role("alert").filter(has_text="ANALYTICS cannot be erased")
    expect(immutable).to_be_visible()
    page.get_by_role("button", name="Remove it").click()
    expect(immutable).to_be_hidden()
    subject_field(page).fill("USR-8847291")
    expect(wrong).to_be_hidden()


def test_a_request_is_filed_and_seen_completed_without_reloading(page: Page, desk_url: str) -> None:
    open_page(page, f"{desk_url}/submit_request")
    fill_in(page, "USR-1000001")
    submit(page)
    follow(page)
    loads = page.evaluate("performance.getEntriesByType('navigation').length")
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=40_000)
    assert page.evaluate("performance.getEntriesByType('navigation').length") == loads


def test_a_double_click_files_one_request(page: Page, desk: RunningDesk) -> None:
    before = listed(desk)
    open_page(page, f"{desk.url}/submit_request")
    fill_in(page, "USR-1000002")
    page.get_by_role("button", name="Submit request").dblclick()
    expect(page.get_by_role("link", name=re.compile("Follow PR-"))).to_be_visible()
    assert listed(desk) == before + 1


def test_whoever_closes_the_tab_while_submitting_finds_the_request_all_the_same(
    new_page: Callable[..., Page], desk: RunningDesk
) -> None:
    before = listed(desk)
    sockets: list[WebSocket] = []
    leaving = new_page()
    leaving.on("websocket", lambda socket: sockets.append(socket))
    open_page(leaving, f"{desk.url}/submit_request")
    fill_in(leaving, "USR-1000004")
    with sockets[-1].expect_event("framesent"):
        submit(leaving)
    leaving.close()

    deadline = time.monotonic() + 20
    while listed(desk) == before:
        assert time.monotonic() < deadline
    assert listed(desk) == before + 1


def listed(desk: RunningDesk) -> int:
    done = desk.command("list", "--limit", "5000", "--json")
    assert done.returncode == 0, done.stderr
    return len(json.loads(done.stdout))


def test_another_server_that_speaks_the_contract_works_the_same(page: Page, tmp_path: Path) -> None:
    with Vendor() as vendor:
        desk = RunningDesk(
            tmp_path,
            PRIVACY_DESK_CONNECTIONS__CXONE__BASE_URL=vendor.url,
            PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_ID="desk",
            PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_SECRET="not-a-real-secret",
            PRIVACY_DESK_CONNECTIONS__CXONE__POLL_FIRST_SECONDS="0.5",
        )
        try:
            open_page(page, f"{desk.url}/submit_request")
            expect(page.get_by_text("Sandbox: no vendor is contacted")).to_have_count(0)
            fill_in(page, "USR-1000003")
            submit(page)
            follow(page)
            expect(page.get_by_text("Completed").first).to_be_visible(timeout=40_000)
        finally:
            desk.stop()
    assert vendor.carried_out == {"USR-1000003": 1}
