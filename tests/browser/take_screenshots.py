"""The README's pictures, from the running desk: `python -m tests.browser.take_screenshots`."""

import json
import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import SETTLED, RunningDesk, launch
from tests.browser.test_request_journey import choose, fill_in, subject_field

FOLDER = Path(__file__).parent / "screenshots"
SCHEMES = ("light", "dark")

# Two that the sandbox's vendor is set to otherwise, one that it does not have.
DECLARED = """
[[purpose]]
name = "Callback billing records"
description = "Calls about bills"
retention_days = 90
legal_basis = "contract"

[[purpose]]
name = "Callback safety alerts"
description = "Alerts about safety"
retention_days = 300
legal_basis = "vital_interests"

[[purpose]]
name = "Chat_Quality"
description = "Quality of chats"
retention_days = 60
legal_basis = "legitimate_interests"
"""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            sys.exit("There is no Chromium here.")
        desk = RunningDesk(Path(folder), PRIVACY_DESK_APPROVALS="on")
        desk.environment["PRIVACY_DESK_APPROVALS"] = "off"  # of the commands: the server's stay on
        try:
            desk.command("sandbox", "fill", "--days", "365", "--requests", "2000")
            done = desk.command(
                "submit", "--connection", "cxone", "--subject", "USR-8847291", "--type", "ERASURE", "--category",
                "CONTACT", "--category", "EMAIL", "--scope", "CONTACT", "--wait", "--json",
            )  # fmt: skip
            declared = Path(folder) / "declared.toml"
            declared.write_text(DECLARED, encoding="utf-8")
            desk.command("purposes", "import", str(declared))
            desk.command("purposes", "plan")
            decisions(desk)
            take_all(browser, desk.url, json.loads(done.stdout)["id"], batch(desk, Path(folder)))
        finally:
            desk.stop()
            browser.close()


def decisions(desk: RunningDesk) -> None:
    """Three erasures that wait for a second person, and a hold that keeps a fourth back."""
    desk.command(
        "hold", "place", "--subject", "USR-5550104", "--ground", "art_17_3_e", "--owner", "Legal",
        "--matter", "Claim 2026-118", "--review", "2027-06-30",
    )  # fmt: skip
    desk.environment["PRIVACY_DESK_APPROVALS"] = "on"
    for number in range(1, 5):
        desk.command(
            "submit", "--connection", "cxone", "--subject", f"USR-555010{number}", "--type", "ERASURE", "--category",
            "CONTACT", "--scope", "CONTACT", "--under-hold", "hold_back", "--as", "requester",
        )  # fmt: skip
    desk.environment["PRIVACY_DESK_APPROVALS"] = "off"


def batch(desk: RunningDesk, folder: Path) -> str:
    """A batch of which two rows were rejected. Returns its id."""
    rows = [f"USR-77{number:05d},ACCESS,CONTACT;EMAIL,CONTACT" for number in range(60)]
    rows[7:9] = ["USR 7700007,ACCESS,CONTACT,CONTACT", "USR-7700008,ERASURE,ANALYTICS,CONTACT"]
    file = folder / "customers.csv"
    file.write_text("\n".join(["subject,type,categories,scope", *rows]), encoding="utf-8")
    done = desk.command("batch", str(file), "--only-good", "--wait", "--json")
    return str(json.loads(done.stdout)["batch"])


def take_all(browser: Browser, url: str, request_id: str, batch_id: str) -> None:
    paths = {
        "overview": "",
        "request": f"track_requests?request={request_id}",
        "track": "track_requests",
        "retention": "retention",
        "metrics": "metrics?period=365+days",
        "audit_log": "audit_log",
        "connections": "connections",
        "approvals": "approvals",
        "holds": "holds",
        "batch": f"submit_batch?batch={batch_id}",
        "notices": "notices",
    }
    for scheme in SCHEMES:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type] # a literal
        for name, path in paths.items():
            take(page, f"{url}/{path}", f"{name}_{scheme}")
        show_findings(page, url)
        page.screenshot(path=FOLDER / f"submit_{scheme}.png")
        page.close()
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    take(phone, f"{url}/submit_request", "submit_phone")
    phone.close()


def take(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_selector(SETTLED)
    page.wait_for_selector("[data-testid=stSkeleton]", state="detached")
    page.wait_for_timeout(2500)  # charts draw themselves in
    page.screenshot(path=FOLDER / f"{name}.png")


def show_findings(page: Page, url: str) -> None:
    """The form half filled in, with two mistakes."""
    page.goto(f"{url}/submit_request")
    page.wait_for_selector(SETTLED)
    fill_in(page, "USR-8847292")
    choose(page, "Analytics")
    subject_field(page).fill("USR 8847292")
    page.get_by_text(re.compile("ANALYTICS cannot be erased")).wait_for()
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
