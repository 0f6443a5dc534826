"""A file from its upload to its result, as a person does it, in two tabs and over a reload."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningDesk, open_page
from tests.browser.test_accessibility import KNOWN
from tests.desk.batches.files import HEADER

pytestmark = pytest.mark.browser


def violations(page: Page) -> list[str]:
    page.wait_for_timeout(300)
    found = Axe().run(page).response["violations"]
    return [v["id"] for v in found if v["impact"] in {"serious", "critical"} and v["id"] not in KNOWN]


def test_a_file_is_uploaded_checked_accepted_and_its_result_taken(
    new_page: Callable[..., Page], desk: RunningDesk, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    rows = [f"USR-77{number:05d},ERASURE,CONTACT;EMAIL,CONTACT" for number in range(12)]
    file.write_text("\n".join([HEADER.replace("subject", "Customer no"), *rows, "USR 7,ERASURE,SMS,ALL", rows[0]]))
    page = new_page()
    open_page(page, f"{desk.url}/submit_batch")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("No column gives the subject")).to_be_visible()
    expect(page.get_by_role("button", name="Check every row")).to_be_disabled()
    page.get_by_role("combobox", name="Subject id").click()
    page.get_by_role("option", name="Customer no").click()
    page.get_by_role("button", name="Check every row").click()
    expect(page.get_by_role("heading", name="What is wrong")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("Line 2 asks the same of the same person")).to_be_visible()
    assert violations(page) == []

    page.reload()  # the state is in the store, and which batch it is in the address
    expect(page.get_by_role("heading", name="What is wrong")).to_be_visible()
    second = new_page(color_scheme="dark")
    open_page(second, page.url)
    expect(second.get_by_role("button", name="Accept the 12 rows that are good")).to_be_visible()
    assert violations(second) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Rejected rows").click()
    rejected = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [(row["Customer no"], row["line"]) for row in rejected] == [("USR 7", "14"), ("USR-7700000", "15")]

    page.get_by_role("button", name="Accept the 12 rows that are good").click()
    expect(page.get_by_text("12 rows accepted")).to_be_visible(timeout=40_000)
    second.get_by_role("button", name="Accept the 12 rows that are good").click()  # the other tab knows nothing of it
    expect(second.get_by_text("12 rows accepted")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("12 of 12 tasks ended")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Finished.")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert violations(page) == []
    assert violations(second) == []

    with page.expect_download() as download:
        page.get_by_role("button", name="Result, row by row").click()
    result = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [row["line"] for row in result] == [str(line) for line in range(2, 14)]
    assert {row["state"] for row in result} == {"completed"}
    page.get_by_role("link", name="Find its requests").click()
    expect(page.get_by_text("1–12 of 12")).to_be_visible()
    second.get_by_role("button", name="All batches").click()
    expect(second.get_by_role("heading", name="Uploaded so far")).to_be_visible()
    expect(second).to_have_url(re.compile(r"/submit_batch$"))
