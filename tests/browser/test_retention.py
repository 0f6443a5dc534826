"""Retention as a person does it: declare, see the drift, enforce with confirmation, see it in force and on record."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.model.events import EventKind
from core.ui.words import KIND_WORDS
from tests.browser.conftest import RunningDesk, open_page

pytestmark = pytest.mark.browser

ENDS_WITHIN_MS = 40_000
NAMES = [f"{channel} {use}" for use in ("billing records", "dispute evidence") for channel in
         ("Voice", "Chat", "Email", "SMS", "Social", "Survey")]  # fmt: skip


def card(page: Page, label: str) -> int:
    """The number on a card."""
    metric = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    return int(metric.get_by_test_id("stMetricValue").inner_text())


def declare(page: Page, name: str, days: int, basis: str) -> None:
    page.get_by_role("tab", name="Declare").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_test_id("stNumberInputField").fill(str(days))
    page.get_by_test_id("stNumberInputField").press("Tab")
    page.get_by_role("radiogroup", name="Legal basis").get_by_text(basis).click()
    page.get_by_role("button", name="Declare this purpose").click()


def test_declare_see_drift_enforce_and_see_it_in_force_in_the_log_and_in_the_metrics(
    page: Page, desk: RunningDesk
) -> None:
    open_page(page, f"{desk.url}/retention")
    expect(page.get_by_text(re.compile(r"Compared (just now|\d+ (s|min))"))).to_be_visible(timeout=ENDS_WITHIN_MS)

    declare(page, "Voice quality review", 90, "(f) Legitimate interests")
    expect(page.get_by_text("Voice quality review is declared.")).to_be_visible()

    page.get_by_role("tab", name="Compare and enforce").click()
    drift = page.get_by_text("Retention period: declared 90 days, live 7 days")
    expect(drift).to_be_visible()
    expect(page.locator(".js-plotly-plot .point").first).to_be_visible(timeout=ENDS_WITHIN_MS)

    page.get_by_role("button", name="Voice quality review", exact=True).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Declared, and the vendor is set to something else.")).to_be_visible()
    drawer.get_by_role("button", name="Enforce").click()
    preview = page.get_by_role("dialog").filter(has_text="Enforce 1 purpose at genesys")
    preview.get_by_text("The exact PUT").click()
    expect(preview.get_by_text('"retentionPeriod": "90d"')).to_be_visible()
    expect(preview.get_by_text("Authorization: Bearer <token>")).to_be_visible()
    preview.get_by_role("button", name="Enforce", exact=True).click()

    done = page.get_by_text("Everything that was asked for is in force, read back from the vendor.")
    expect(done).to_be_visible(timeout=ENDS_WITHIN_MS)
    expect(drift).to_be_hidden()
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("Compared just now")).to_be_visible(timeout=ENDS_WITHIN_MS)
    assert card(page, "In force") >= 1

    # The audit log has the intent before the outcome, and the numbers count it.
    logged = desk.command("audit", "verify", "--json")
    assert json.loads(logged.stdout)["ok"] is True
    open_page(page, f"{desk.url}/audit_log")
    cells = page.locator("[data-testid^=glide-cell-]")  # the canvas carries a table for those who do not see it
    for kind in (EventKind.PURPOSE_DECLARED, EventKind.PURPOSE_ENFORCING, EventKind.PURPOSE_ENFORCED):
        expect(cells.filter(has_text=KIND_WORDS[kind]).first).to_be_attached()
    open_page(page, f"{desk.url}/metrics?part=Retention")
    expect(page.get_by_role("heading", name="Retention purposes")).to_be_visible()
    assert card(page, "Changes ended") >= 1
    listed = desk.command("purposes", "plan", "--name", "Voice quality review", "--json")
    assert listed.returncode == 0, listed.stderr


def test_above_ten_at_once_their_number_is_typed(page: Page, desk: RunningDesk, tmp_path: Path) -> None:
    file = tmp_path / "declared.csv"
    rows = "".join(f"{name},Kept for the record,100,contract\n" for name in NAMES)
    file.write_text(f"name,description,retention_days,legal_basis\n{rows}")
    open_page(page, f"{desk.url}/retention?view=Import")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name=f"Declare {len(NAMES)} purposes").click()
    expect(page.get_by_text(f"{len(NAMES)} of {len(NAMES)} purposes were declared or changed.")).to_be_visible()

    page.get_by_role("tab", name="Compare and enforce").click()
    every = page.get_by_role("button", name=re.compile(r"Enforce all drifted \(\d+\)"))
    expect(every).to_be_enabled()
    count = int(re.findall(r"\d+", every.inner_text())[0])
    assert count >= len(NAMES)
    every.click()
    preview = page.get_by_role("dialog")
    expect(preview.get_by_text("shorten a retention period: the vendor then deletes what is older")).to_be_visible()
    enforce = preview.get_by_role("button", name=f"Enforce {count} purposes")
    expect(enforce).to_be_disabled()
    preview.get_by_label(re.compile(f"Type {count} to confirm")).fill(str(count))
    expect(enforce).to_be_enabled()
    enforce.click()
    done = page.get_by_text("Everything that was asked for is in force, read back from the vendor.")
    expect(done).to_be_visible(timeout=ENDS_WITHIN_MS)
    expect(page.get_by_text(f"Enforced and read back: {count}")).to_be_visible()


def test_an_undeclared_live_purpose_is_adopted(page: Page, desk: RunningDesk) -> None:
    open_page(page, f"{desk.url}/retention?purpose=Screen+safety+alerts")
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Adopt into the declared list").click()
    expect(drawer.get_by_text("Declared, and the vendor is set to just that.")).to_be_visible()
    expect(drawer.get_by_text(re.compile("Adopted from the vendor by"))).to_be_visible()
