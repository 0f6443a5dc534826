"""The record of processing: what Art. 30(1) asks for, beside what the vendor confirmed, as CSV and to print."""

import csv
import hashlib
import io
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.desk.records_of_processing import COLUMNS
from core.model.people import NotAllowedError
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.purpose_desks import PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose

HOUSE = {"controller": "Example GmbH, Berlin", "data_protection_officer": "dpo@example.com"}
RECORD = {
    "owner": "Quality team",
    "data_subjects": ["Customers", "Agents"],
    "data_categories": ["Voice recordings"],
    "recipients": ["Vendor"],
    "transfers": "USA, standard contractual clauses",
    "security_measures": "Encrypted at rest",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PurposeBench]:
    with PurposeVendor([purpose(number) for number in range(5)]) as vendor:
        bench = PurposeBench(purpose_settings(tmp_path, vendor.url, desk=HOUSE))
        bench.declare(declaration(1, **RECORD), declaration(2, retention_days=30), declaration(3, name="Nobody has it"))
        yield bench
        bench.worker.close()


def rows(bench: PurposeBench) -> list[dict[str, str]]:
    content = bench.desk.processing_record(AUDITOR, "genesys", "csv").content.decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_each_promise_stands_beside_the_vendor_s_confirmed_value_and_its_date(bench: PurposeBench) -> None:
    assert [row["status"] for row in rows(bench)] == ["not_compared"] * 3
    bench.clock.sleep(3600)
    bench.compare()
    missing, kept, drifted = rows(bench)
    assert tuple(kept) == COLUMNS
    assert (kept["name"], kept["retention_days"], kept["confirmed_retention_days"], kept["status"]) == (
        "Purpose 0001",
        "90",
        "90",
        "in_force",
    )
    assert kept["confirmed_at"] == "2026-11-21 10:00 UTC"
    assert (drifted["retention_days"], drifted["confirmed_retention_days"], drifted["status"]) == (
        "30",
        "90",
        "drifted",
    )
    assert (missing["confirmed_retention_days"], missing["confirmed_at"], missing["status"]) == ("", "", "missing")


def test_everything_article_30_asks_for_has_its_column(bench: PurposeBench) -> None:
    bench.compare()
    kept = rows(bench)[1]
    assert kept["controller"] == "Example GmbH, Berlin"
    assert kept["data_protection_officer"] == "dpo@example.com"
    assert kept["article"] == "GDPR Art. 6(1)(b)"
    assert kept["data_subjects"] == "Customers; Agents"
    for field in ("owner", "transfers", "security_measures"):
        assert kept[field] == RECORD[field]


def test_an_enforced_change_is_confirmed_with_the_date_of_its_read_back(bench: PurposeBench) -> None:
    bench.compare()
    bench.clock.sleep(7200)
    bench.ask()
    bench.work()
    enforced = rows(bench)[2]
    assert (enforced["confirmed_retention_days"], enforced["status"]) == ("30", "in_force")
    assert enforced["confirmed_at"] == "2026-11-21 11:00 UTC"


@pytest.mark.parametrize("form", ["csv", "html"])
def test_an_export_is_audited_with_its_rows_and_its_hash(bench: PurposeBench, form: str) -> None:
    made = bench.desk.processing_record(AUDITOR, "genesys", form)  # type: ignore[arg-type]  # one of the two
    (event,) = bench.events("processing_record.exported")
    assert event.actor == AUDITOR.id
    assert event.detail == {"format": form, "rows": 3, "sha256": hashlib.sha256(made.content).hexdigest()}
    assert made.file_name == f"record-of-processing-genesys-2026-11-21.{form}"


def test_who_may_not_export_gets_nothing(bench: PurposeBench) -> None:
    with pytest.raises(NotAllowedError):
        bench.desk.processing_record(REQUESTER, "genesys", "csv")


class _Page(HTMLParser):
    """What a browser would fetch or run, and what it would show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [f"{name}={value}" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


def html(bench: PurposeBench) -> str:
    return bench.desk.processing_record(ADMIN, "genesys", "html").content.decode()


def test_the_page_to_print_holds_everything_and_fetches_and_runs_nothing(bench: PurposeBench) -> None:
    bench.compare()
    text = html(bench)
    page = _Page(text)
    shown = " ".join(page.shown)
    for said in ("Example GmbH, Berlin", "dpo@example.com", "Purpose 0001", "Customers; Agents", "90 days", "30 days"):
        assert said in shown
    assert "In force: the vendor is set to what is declared." in shown
    assert "Drifted: the vendor is not set to what is declared." in shown
    assert "Not found at the vendor." in shown
    assert page.outside == []
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "form"})
    assert "default-src 'none'" in text


def test_what_people_and_vendors_wrote_is_shown_and_never_run(bench: PurposeBench) -> None:
    hostile = "<script>alert(1)</script>{sections}"
    bench.declare(declaration(4, description=hostile, owner='"><img src=x onerror=alert(1)>', recipients=[hostile]))
    page = _Page(html(bench))
    assert page.tags.isdisjoint({"script", "img"})
    assert hostile in " ".join(page.shown)


def test_a_formula_in_a_cell_is_neutralised(bench: PurposeBench) -> None:
    bench.declare(declaration(4, description="=HYPERLINK(1)", owner="@cmd"))
    row = next(row for row in rows(bench) if row["name"] == "Purpose 0004")
    assert (row["description"], row["owner"]) == ("'=HYPERLINK(1)", "'@cmd")


def test_what_is_not_stated_is_said_to_be_not_stated(tmp_path: Path) -> None:
    bare = PurposeBench(purpose_settings(tmp_path, "http://127.0.0.1:9"))
    assert "PRIVACY_DESK_CONTROLLER" in html(bare)
    assert "No purpose is declared" in html(bare)
