"""axe on every page, light and dark: nothing serious beyond what Streamlit's own markup brings."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import RunningDesk, open_page

pytestmark = pytest.mark.browser

# From Streamlit's own markup (measured on 1.67): Vega's empty mark group in a metric with a chart, the parts
# of a date input, the upload button's role.
KNOWN = {"svg-img-alt", "aria-allowed-attr", "presentation-role-conflict"}

PAGES = [
    "",
    "submit_request",
    "submit_batch",
    "track_requests",
    "track_requests?request=PR-000003",
    "retention",
    "retention?view=Declare",
    "retention?view=Import",
    "retention?view=Record+of+processing",
    "retention?purpose=Voice+quality+review",
    "notices",
    "metrics",
    "metrics?part=Breakdowns&period=90+days",
    "metrics?part=Deadlines+and+queue",
    "metrics?part=CCPA+section+7102",
    "audit_log",
    "audit_log?event=3",
    "audit_log?audit_view=Verify",
    "approvals",
    "holds",
    "holds?holds_view=Check+a+list",
    "connections",
    "people",
]


@pytest.fixture(scope="package")
def filled(desk: RunningDesk) -> RunningDesk:
    done = desk.command("sandbox", "fill", "--days", "90", "--requests", "120")
    assert done.returncode == 0, done.stderr
    return desk


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(filled: RunningDesk, new_page: Callable[..., Page], path: str, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    open_page(page, f"{filled.url}/{path}")
    page.wait_for_timeout(300)
    found = [
        f"{violation['id']} ({violation['impact']}): {violation['nodes'][0]['html'][:200]}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"} and violation["id"] not in KNOWN
    ]
    assert found == []
