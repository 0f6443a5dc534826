"""An auditor at the log: search, find a person, one event, verify while elsewhere, take the evidence away."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SETTLED, RunningDesk, open_page

pytestmark = pytest.mark.browser
SLOWLY = 20_000  # ms; other work may share the machine

SUBJECT = "USR-3000001"


@pytest.fixture(scope="module")
def request_id(desk: RunningDesk) -> str:
    filed = desk.command(
        "submit", "--connection", "cxone", "--subject", SUBJECT, "--type", "ERASURE", "--category", "EMAIL",
        "--scope", "CONTACT", "--json",
    )  # fmt: skip
    found = re.search(r"PR-\d+", filed.stdout)
    assert found, filed.stderr
    return found.group()


def test_a_person_is_found_and_the_identifier_reaches_neither_address_nor_page(
    page: Page, desk: RunningDesk, request_id: str
) -> None:
    open_page(page, f"{desk.url}/audit_log")
    page.get_by_role("button", name="Find a person").click()
    page.get_by_role("textbox", name="Identifier").fill(SUBJECT)
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("One person: subj_")).to_be_visible(timeout=SLOWLY)
    expect(page).to_have_url(re.compile("person=subj_[0-9a-f]{32}"))
    assert SUBJECT not in page.url
    page.reload()
    page.wait_for_selector(SETTLED)
    expect(page.get_by_text("One person: subj_")).to_be_visible(timeout=SLOWLY)
    expect(page.get_by_test_id("glide-cell-4-0")).to_have_text(request_id)
    assert SUBJECT not in page.content()


def test_an_event_is_led_to_by_its_address_and_stepped_through(page: Page, desk: RunningDesk, request_id: str) -> None:
    open_page(page, f"{desk.url}/audit_log?event=1&audit_request={request_id}")
    expect(page.get_by_text("It is the first event of the log")).to_be_visible(timeout=SLOWLY)
    page.get_by_role("button", name="Event after").click()
    expect(page.get_by_text("It names the fingerprint of event 1")).to_be_visible(timeout=SLOWLY)
    expect(page).to_have_url(re.compile("event=2"))
    expect(page).to_have_url(re.compile(f"audit_request={request_id}"))


def test_the_check_goes_on_while_the_person_is_elsewhere(page: Page, desk: RunningDesk, request_id: str) -> None:
    open_page(page, f"{desk.url}/audit_log?audit_view=Verify")
    page.get_by_role("button", name="Verify the whole log").click()
    expect(page.get_by_role("button", name="Verifying …")).to_be_disabled()
    open_page(page, f"{desk.url}/track_requests")
    open_page(page, f"{desk.url}/audit_log?audit_view=Verify")
    expect(page.get_by_text("Every event is as it was written.")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("What this check cannot prove")).to_be_visible(timeout=SLOWLY)


def test_the_evidence_of_a_request_is_made_listed_and_downloaded(
    page: Page, desk: RunningDesk, request_id: str, tmp_path: Path
) -> None:
    open_page(page, f"{desk.url}/audit_log?audit_request={request_id}")
    page.get_by_role("button", name="Export these events").click()
    page.get_by_role("button", name="Evidence package").click()
    expect(page.get_by_text("Evidence package is ready.")).to_be_visible(timeout=40_000)
    page.get_by_role("tab", name="Exports").click()
    expect(page.get_by_text(f"Of: request {request_id}").first).to_be_visible(timeout=SLOWLY)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").last.click()
    file = tmp_path / "evidence.zip"
    started.value.save_as(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    expect(page.get_by_text(digest).first).to_be_visible(timeout=SLOWLY)
