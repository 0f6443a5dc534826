"""The metrics in a browser: a bar leads to its requests, an address is a view, the report needs no network."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SETTLED, RunningDesk, open_page
from tests.desk.reports.reading import read

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def filled(desk: RunningDesk) -> RunningDesk:
    done = desk.command("sandbox", "fill", "--days", "90", "--requests", "150")
    assert done.returncode == 0, done.stderr
    return desk


def arrived(page: Page) -> dict[str, list[str]]:
    """On the list of requests: what the address asks for."""
    page.wait_for_url(re.compile("/track_requests"))
    page.wait_for_selector(SETTLED)
    expect(page.get_by_text("Requests behind a number of the metrics")).to_be_visible()
    return parse_qs(urlparse(page.url).query)


def completed(desk: RunningDesk) -> int:
    """How many submissions of the last 90 days ended completed, as the command line counts them."""
    today = date.fromisoformat(json.loads(desk.command("metrics", "--json").stdout)["today"])
    since = today - timedelta(days=89)
    found = json.loads(desk.command("metrics", "--since", since.isoformat(), "--json").stdout)
    return int(found["by_state"]["completed"])


def test_a_click_on_a_bar_leads_to_its_requests_though_the_numbers_have_moved_on(
    filled: RunningDesk, page: Page
) -> None:
    open_page(page, f"{filled.url}/metrics?period=90+days&part=Breakdowns")
    chart = page.locator(".st-key-chart_by_state")
    bar = chart.locator(".barlayer .point path").first
    bar.wait_for()
    count = chart.locator(".bartext").first.text_content()
    assert count
    assert filled.command("sandbox", "fill", "--days", "30", "--requests", "40").returncode == 0
    before = completed(filled)
    bar.click(force=True)
    asked = arrived(page)
    assert asked["counted"] == ["ended"]
    assert asked["outcome"] == ["completed"]
    counted = page.get_by_text(re.compile(r"of \d+$")).text_content()
    assert counted
    # The worker goes on meanwhile; where it has nothing to do, these three are one number.
    assert int(count) < before <= int(counted.split("of ")[-1]) <= completed(filled)


def test_the_same_is_reached_by_keyboard(filled: RunningDesk, page: Page) -> None:
    open_page(page, f"{filled.url}/metrics?period=90+days&part=Breakdowns")
    chart = page.locator(".st-key-chart_by_state_numbers")
    chart.locator("summary").focus()
    page.keyboard.press("Enter")
    link = chart.get_by_role("link", name=re.compile("^Completed: "))
    expect(link).to_be_visible()
    link.focus()
    page.keyboard.press("Enter")
    assert arrived(page)["outcome"] == ["completed"]
    page.get_by_role("button", name="Show all requests").click()
    page.wait_for_selector(SETTLED)
    expect(page.get_by_text("Requests behind a number of the metrics")).to_have_count(0)
    assert "counted" not in page.url


def test_the_address_is_a_view_that_can_be_sent_on(filled: RunningDesk, new_page: Callable[..., Page]) -> None:
    page = new_page()
    open_page(page, f"{filled.url}/metrics?period=90+days&law=ccpa&cut=Month")
    page.get_by_role("tab", name="Latency").click()
    page.wait_for_url(re.compile("part=Latency"))
    expect(page.get_by_role("heading", name="Latency", exact=True)).to_be_visible(timeout=30_000)
    page.wait_for_selector(SETTLED)
    seen = page.get_by_test_id("stMetricValue").all_text_contents()
    assert seen
    colleague = new_page()
    open_page(colleague, page.url)
    expect(colleague.get_by_text("only law ccpa")).to_be_visible()
    expect(colleague.get_by_test_id("stMetricValue")).to_have_text(seen, timeout=30_000)


def test_the_report_opens_without_a_network_and_prints(filled: RunningDesk, page: Page, tmp_path: Path) -> None:
    open_page(page, f"{filled.url}/metrics?period=90+days")
    ended = page.get_by_test_id("stMetric").filter(has_text="Ended").get_by_test_id("stMetricValue").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report for the meeting").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    assert read(report.read_text(encoding="utf-8")).cards["Ended"] == ended

    asked: list[str] = []
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert asked == [report.as_uri()]
    expect(page.get_by_role("heading", level=1)).to_contain_text("Privacy requests")
    assert page.locator("svg").count() >= 8
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) >= 4
