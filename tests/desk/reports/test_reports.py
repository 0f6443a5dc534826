"""The report and the tables: the measures' own numbers, in files that need nothing else and are on record."""

import csv
import hashlib
import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from core.desk import Desk
from core.desk.reports.figures import Kind, Section, in_words
from core.desk.reports.files import tables_in
from core.desk.reports.parts import Asked, Part, section_7102_year
from core.model.measures import MEASURES, Days, Filter, Grain
from core.model.people import Actor, NotAllowedError
from core.model.privacy_requests import TaskState
from core.store.audit import EventFilter
from core.store.exports import Export
from tests.clocks import ManualClock
from tests.desk.reports.reading import Read, read
from tests.desks import ADMIN, AUDITOR, REQUESTER, desk_for, draft, settings_for

WHERE = Filter(Days(date(2026, 4, 1), date(2026, 6, 30)))
ASKED = Asked(WHERE, Grain.WEEK, 2026)


def content(made: Export) -> bytes:
    assert made.path is not None
    return made.path.read_bytes()


def report(desk: Desk, asked: Asked = ASKED, person: Actor = ADMIN) -> Read:
    return read(content(desk.report(person, asked)).decode())


def files(desk: Desk, asked: Asked = ASKED) -> dict[str, list[list[str]]]:
    with zipfile.ZipFile(io.BytesIO(content(desk.tables(ADMIN, asked)))) as archive:
        return {
            name: list(csv.reader(io.StringIO(archive.read(name).decode(), newline=""))) for name in archive.namelist()
        }


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return desk_for(settings_for(tmp_path, "http://127.0.0.1:1"), ManualClock())


def everything(asked: Asked, desk: Desk) -> tuple[Section, ...]:
    return desk.sections(ADMIN, asked)


def test_the_report_has_every_number_of_every_table(desk: Desk) -> None:
    found = report(desk)
    for section in everything(ASKED, desk):
        for key, table in tables_in(section).items():
            shown = [
                [in_words(v, c.kind) for v, c in zip(row.values, table.columns, strict=True)] for row in table.rows
            ]
            assert found.tables[key] == [[column.name for column in table.columns], *shown]
        for card in section.cards:
            assert found.cards[card.label] == card.value


def test_the_report_and_the_desk_agree_on_the_totals(desk: Desk) -> None:
    found, totals = report(desk), desk.measures(ADMIN, WHERE).totals
    assert totals.total
    assert found.cards["Ended"] == str(totals.total)
    assert found.cards["Failed"] == str(totals.failed)
    assert found.cards["Success rate"] == in_words(totals.success_rate, Kind.SHARE)
    assert found.cards["p90 latency"] == in_words(totals.latency_ms.p90, Kind.DURATION)


def test_each_drawing_has_a_name_and_says_its_numbers(desk: Desk) -> None:
    drawings = report(desk).drawings
    charts = [chart for section in everything(ASKED, desk) for chart in section.charts if chart.worth_drawing]
    assert drawings == {chart.title: chart.says for chart in charts}
    assert len(drawings) >= 10
    assert all(re.search("[0-9]", says) for says in drawings.values())


def test_the_report_runs_nothing_and_fetches_nothing(desk: Desk) -> None:
    html, found = content(desk.report(ADMIN, ASKED)).decode(), report(desk)
    assert "default-src 'none'" in html
    assert not found.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "a"}
    assert found.addresses == []
    assert not re.search(r"https?://|@import|url\((?!#)", html)


def test_the_report_says_what_it_covers_and_defines_every_measure(desk: Desk) -> None:
    words = report(desk, Asked(Filter(WHERE.days, connection="cxone", law="gdpr"), None, 2026)).words
    assert "Wed 1 Apr 2026 to Tue 30 Jun 2026" in words
    assert "connection cxone; law gdpr" in words
    assert "1 Oct 2026, 09:00 UTC" in words
    assert "0.1.0" in words
    assert all(measure.definition in words for measure in MEASURES.values())


def test_what_vendors_and_people_name_cannot_break_out_of_the_report(desk: Desk) -> None:
    odd = "<script>alert(1)</script>&\"'"
    html = content(desk.report(ADMIN, Asked(Filter(WHERE.days, connection=odd), None, 2026))).decode()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in html


def test_long_tables_stand_at_the_end_and_each_once(desk: Desk) -> None:
    html = content(desk.report(ADMIN, Asked(WHERE, Grain.DAY, 2026))).decode()
    assert html.count('data-key="over_time"') == 1
    assert html.index('id="numbers"') < html.index('data-key="over_time"') < html.index('id="definitions"')


def test_the_csv_has_bare_numbers_of_the_same_tables(desk: Desk) -> None:
    found = files(desk)
    for section in everything(ASKED, desk):
        for key, table in tables_in(section).items():
            head, *rows = found[f"{key}.csv"]
            assert head == [column.in_file for column in table.columns]
            assert rows == [["" if v is None else str(v) for v in row.values] for row in table.rows]
    cards = {(row[0], row[1]): row[2] for row in found["numbers.csv"]}
    assert cards["At a glance", "Ended"] == str(desk.measures(ADMIN, WHERE).totals.total)


def test_a_name_that_is_a_formula_is_none_in_the_csv(fresh: Desk) -> None:
    fresh.submit(ADMIN, draft(), intent="one")
    with fresh.store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET state = 'failed', ended_at = created_at, latency_ms = 1, "
                               "error = '{\"code\": \"=cmd|calc\"}'")  # fmt: skip
    (row,) = files(fresh, Asked(fresh.lately(), None, 2026))["errors.csv"][1:]
    assert row[1] == "'=cmd|calc"


def test_the_same_numbers_make_the_same_zip(desk: Desk) -> None:
    assert desk.tables(ADMIN, ASKED).sha256 == desk.tables(ADMIN, ASKED).sha256


@pytest.mark.parametrize("what", ["report", "tables"])
def test_each_file_is_an_audit_event_with_filter_rows_and_hash(desk: Desk, what: str) -> None:
    where = Filter(WHERE.days, law="ccpa", state=TaskState.FAILED)
    made = getattr(desk, what)(AUDITOR, Asked(where, None, 2025))
    (event,) = desk.audit(ADMIN, EventFilter(kind="export.made"), limit=1).rows
    assert (event.actor, event.detail["what"]) == (AUDITOR.id, f"metrics_{what}")
    assert event.detail["sha256"] == hashlib.sha256(content(made)).hexdigest()
    assert event.detail["rows"] == made.rows > 0
    assert event.detail["filter"] == {
        "first": "2026-04-01", "last": "2026-06-30", "law": "ccpa", "state": "failed", "year": "2025",
    }  # fmt: skip


@pytest.mark.parametrize("what", ["report", "tables"])
def test_who_may_not_export_gets_no_file(desk: Desk, what: str) -> None:
    with pytest.raises(NotAllowedError):
        getattr(desk, what)(REQUESTER, ASKED)


@pytest.mark.parametrize("part", Part)
def test_the_parts_of_the_page_are_the_sections_of_the_report(desk: Desk, part: Part) -> None:
    for section in desk.part(ADMIN, ASKED, part):
        assert section in everything(ASKED, desk)


def test_an_empty_desk_makes_a_report_that_says_so(fresh: Desk) -> None:
    asked = Asked(fresh.lately(), None, 2026)
    found = report(fresh, asked)
    assert "Nothing ended in this period." in found.words
    assert found.cards["Ended"] == "0"
    assert found.cards["Success rate"] == "–"
    assert found.drawings == {}


def test_a_single_request_is_told_in_words_not_drawn_as_a_dot(fresh: Desk) -> None:
    fresh.submit(ADMIN, draft(), intent="one")
    asked = Asked(Filter(Days(fresh.today(), fresh.today())), None, 2026)
    found = report(fresh, asked)
    assert "Requests received: 1." in found.words
    assert "Received each day" not in found.drawings
    assert (
        found.drawings["Submissions under way, now"] == "Submissions that have not ended: 1; the most, 1, are queued."
    )


def test_a_period_is_compared_only_where_the_records_cover_the_one_before(desk: Desk) -> None:
    early = Asked(Filter(Days(date(2026, 3, 5), date(2026, 3, 20))), None, 2026)
    glance = desk.part(ADMIN, early, Part.GLANCE)[0]
    assert glance.lead.startswith("There is nothing to compare with")
    assert all(card.change is None for card in glance.cards)
    glance = desk.part(ADMIN, Asked(Filter(Days(date(2026, 7, 1), date(2026, 7, 31))), None, 2026), Part.GLANCE)[0]
    received = next(card for card in glance.cards if card.label == "Received")
    before = desk.headline(ADMIN, Filter(Days(date(2026, 5, 31), date(2026, 6, 30)))).received
    assert received.before == before
    assert received.amount is not None
    assert received.change in {f"{received.amount - before:+}", "0"}


def test_the_year_of_section_7102_is_the_last_whole_one_on_record() -> None:
    assert section_7102_year(date(2026, 10, 1), date(2024, 5, 1)) == 2025
    assert section_7102_year(date(2026, 10, 1), date(2026, 5, 1)) == 2026
    assert section_7102_year(date(2026, 10, 1), None) == 2026
