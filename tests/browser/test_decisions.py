"""Two people and a hold: one files, the other decides; what is held back is erased once the hold is released."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningDesk, open_page

pytestmark = pytest.mark.browser
SLOWLY = 20_000  # ms; other work may share the machine


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[RunningDesk]:
    """A sandbox desk where a second person decides, and erasures wait ten minutes."""
    running = RunningDesk(
        Path(tmp_path_factory.mktemp("strict")),
        PRIVACY_DESK_APPROVALS="on",
        PRIVACY_DESK_ERASURE_GRACE_MINUTES="10",
    )
    yield running
    running.stop()


def file(desk: RunningDesk, subject: str) -> str:
    """What somebody else asks for, at the shell."""
    filed = desk.command(
        "submit", "--connection", "cxone", "--subject", subject, "--type", "ERASURE", "--category", "EMAIL",
        "--scope", "CONTACT", "--json",
    )  # fmt: skip
    found = re.search(r"PR-\d+", filed.stdout)
    assert found, filed.stderr
    return found.group()


def state_of(desk: RunningDesk, request_id: str) -> str:
    return str(json.loads(desk.command("show", request_id, "--json").stdout)["state"])


def test_somebody_else_approves_and_sends_it_without_waiting(page: Page, strict: RunningDesk) -> None:
    request = file(strict, "USR-4000001")
    open_page(page, f"{strict.url}/approvals")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name=f"Yes, approve {request}").click()
    expect(page.get_by_text(f"Approved: {request}.")).to_be_visible(timeout=SLOWLY)
    page.get_by_role("button", name="Send now").click()
    page.get_by_role("button", name=f"Yes, send {request} now").click()
    expect(page.get_by_text(f"{request} is sent now.")).to_be_visible(timeout=SLOWLY)
    open_page(page, f"{strict.url}/track_requests?request={request}")
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=40_000)


def test_two_are_denied_together_once_their_number_is_typed(page: Page, strict: RunningDesk) -> None:
    requests = [file(strict, f"USR-400001{number}") for number in range(2)]
    open_page(page, f"{strict.url}/approvals")
    page.get_by_role("button", name="Tick all on this page").click()
    page.get_by_role("button", name="Deny 2").click()
    page.get_by_role("combobox", name=re.compile("Ground")).click()
    page.get_by_role("option", name=re.compile(r"Art\. 12\(6\)")).click()
    page.get_by_role("textbox", name="Type 2 to confirm").fill("2")
    page.get_by_role("button", name="Yes, deny 2").click()
    expect(page.get_by_text("Denied: ")).to_be_visible(timeout=SLOWLY)
    assert {state_of(strict, request) for request in requests} == {"refused"}


def test_a_hold_keeps_a_request_back_until_it_is_released(page: Page, strict: RunningDesk) -> None:
    request = file(strict, "USR-4000021")
    open_page(page, f"{strict.url}/holds")
    page.get_by_text("Place a hold").click()
    page.get_by_role("textbox", name="Subject id").fill("USR-4000021")
    page.get_by_role("textbox", name="Matter").fill("Case 4711")
    page.get_by_role("combobox", name=re.compile("Ground")).click()
    page.get_by_role("option", name=re.compile(r"Art\. 17\(3\)\(e\)")).click()
    page.get_by_role("button", name="Place the hold").click()
    expect(page.get_by_text("LH-000001 is in force.")).to_be_visible(timeout=SLOWLY)
    assert state_of(strict, request) == "on_hold"
    page.get_by_role("button", name="Release").click()
    page.get_by_role("textbox", name="Why it is not needed any more").fill("The case was settled.")
    page.get_by_role("button", name="Yes, release LH-000001").click()
    expect(page.get_by_text("LH-000001 is released.")).to_be_visible(timeout=SLOWLY)
    page.get_by_role("tab", name="Held back").click()
    page.get_by_role("button", name="Tick all").click()
    page.get_by_role("button", name=f"Erase {request}").click()
    page.get_by_role("button", name=f"Yes, erase {request}").click()
    expect(page.get_by_text(f"{request} waits for approval.")).to_be_visible(timeout=SLOWLY)
