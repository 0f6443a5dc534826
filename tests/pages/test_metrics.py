"""Metrics: each number is the desk's own, leads to its requests, has words and a definition; nothing is no dead end."""

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk.reports.figures import Chart, Kind, Section
from core.desk.reports.parts import Asked, Part
from core.model.measures import MEASURES, Days, Filter, Grain
from core.model.privacy_requests import TaskState
from tests.cli.shell import document
from tests.desk.reports.reading import read
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, links_of, publish_sandbox, said, screen


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of sample history, written once."""
    folder = tmp_path_factory.mktemp("history")
    publish_sandbox(folder)
    with pytest.MonkeyPatch.context() as monkeypatch, screen(folder, monkeypatch) as made:
        made.fill(requests=150, days=365)
    return folder


class Year:
    """Each part of the page over the year, opened once, with what it is to show."""

    def __init__(self, at: Screen) -> None:
        self.pages = {part: at.open("metrics", period="365 days", part=part) for part in Part}
        where = Asked(Filter(Days.up_to(at.desk.today(), 365)), None, at.desk.today().year - 1)
        self.sections = {part: at.desk.part(ADMIN, where, part) for part in Part}

    def charts(self, part: Part) -> list[Chart]:
        return [chart for section in self.sections[part] for chart in section.charts]


@pytest.fixture(scope="module")
def year(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    folder = tmp_path_factory.mktemp("year") / "copy"
    shutil.copytree(history, folder)
    with pytest.MonkeyPatch.context() as monkeypatch, screen(folder, monkeypatch) as made:
        yield Year(made)


@pytest.fixture
def filled(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    shutil.copytree(history, tmp_path / "copy")
    with screen(tmp_path / "copy", monkeypatch) as made:
        yield made


def asked(at: Screen, days: int = 30, **filters: Any) -> Asked:
    return Asked(Filter(Days.up_to(at.desk.today(), days), **filters), None, at.desk.today().year - 1)


def sections(at: Screen, part: Part, where: Asked | None = None) -> tuple[Section, ...]:
    return at.desk.part(ADMIN, where or asked(at), part)


def cards(page: AppTest) -> dict[str, str]:
    return {str(metric.label): str(metric.value) for metric in page.metric}


def columns(table: Any) -> dict[str, list[Any]]:
    return {str(name): values.tolist() for name, values in table.value.items()}


def numbers(page: AppTest, chart: str) -> dict[str, list[Any]]:
    """The columns of the table under a chart."""
    return columns(page.expander(key=f"chart_{chart}_numbers").dataframe[0])


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_the_cards_of_each_period_are_the_desk_s_own_numbers(filled: Screen, days: int) -> None:
    glance = sections(filled, Part.GLANCE, asked(filled, days))[0]
    assert cards(filled.open("metrics", period=f"{days} days")) == {card.label: card.value for card in glance.cards}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("This month", date(2026, 11, 1), date(2026, 11, 21)),
        ("Last month", date(2026, 10, 1), date(2026, 10, 31)),
        ("This quarter", date(2026, 10, 1), date(2026, 11, 21)),
        ("This year", date(2026, 1, 1), date(2026, 11, 21)),
        ("Last year", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_calendar_periods_are_those_of_the_controller(filled: Screen, period: str, first: date, last: date) -> None:
    page = filled.open("metrics", period=period)
    received = filled.desk.headline(ADMIN, Filter(Days(first, last))).received
    assert cards(page)["Received"] == str(received)


def test_a_custom_period_counts_both_of_its_days_whole(filled: Screen) -> None:
    page = filled.open("metrics", period="Custom", first_day="2026-11-02", last_day="2026-11-08")
    totals = filled.desk.measures(ADMIN, Filter(Days(date(2026, 11, 2), date(2026, 11, 8)))).totals
    assert cards(page)["Ended"] == str(totals.total)
    assert "Mon 2 Nov 2026 to Sun 8 Nov 2026, whole days in Europe/Berlin" in said(page)


def test_thirty_days_are_shown_unless_asked_otherwise(filled: Screen) -> None:
    assert "Fri 23 Oct 2026 to Sat 21 Nov 2026" in said(filled.open("metrics"))


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ({"connection": "cxone"}, {"connection": "cxone"}),
        ({"request_type": "Access"}, {"type": "ACCESS"}),
        ({"category": "EMAIL"}, {"category": "EMAIL"}),
        ({"law": "ccpa"}, {"law": "ccpa"}),
        ({"in_state": "Failed"}, {"state": TaskState.FAILED}),
        ({"law": "gdpr", "category": "CHAT"}, {"law": "gdpr", "category": "CHAT"}),
    ],
)
def test_each_filter_is_part_of_the_address(filled: Screen, query: dict[str, str], filters: dict[str, Any]) -> None:
    glance = sections(filled, Part.GLANCE, asked(filled, 365, **filters))[0]
    assert glance.cards[1].amount
    page = filled.open("metrics", period="365 days", **query)
    assert cards(page) == {card.label: card.value for card in glance.cards}
    assert not page.warning


@pytest.mark.parametrize(
    "query",
    [
        {"period": "forever"},
        {"period": "30 days'; DROP TABLE requests"},
        {"cut": "Second"},
        {"connection": "nobody"},
        {"law": ["nobody's", "nowhere"]},
        {"in_state": "SENDING"},
        {"period": "Custom", "first_day": "0001-01-01"},
        {"period": "Custom", "last_day": "9999-12-31"},
        {"period": "Custom", "first_day": "yesterday"},
    ],
)
def test_what_is_odd_in_an_address_is_said_and_the_default_shown(filled: Screen, query: dict[str, Any]) -> None:
    page = filled.open("metrics", **query)
    assert "The address asked for something that is not there" in page.warning[0].value
    assert cards(page)["Ended"] == str(filled.desk.measures(ADMIN).totals.total)


def test_an_odd_part_of_the_page_is_the_first_one(filled: Screen) -> None:
    assert "At a glance" in [str(header.value) for header in filled.open("metrics", part="Everything").header]


def test_a_period_that_ends_before_it_begins_is_explained(filled: Screen) -> None:
    page = filled.open("metrics", period="Custom", first_day="2026-11-08", last_day="2026-11-02")
    assert "Choose a later last day" in page.error[0].value
    assert not page.metric


def test_too_many_bars_are_not_drawn(filled: Screen) -> None:
    page = filled.open("metrics", period="Custom", first_day="2001-01-01", last_day="2026-11-21", cut="Day")
    assert "so long a period by day" in page.warning[0].value
    assert len(numbers(page, "ended")["Month from"]) == 311


@pytest.mark.parametrize(("cut", "grain"), [("Day", Grain.DAY), ("Week", Grain.WEEK), ("Month", Grain.MONTH)])
def test_days_weeks_and_months_lose_nothing(filled: Screen, cut: str, grain: Grain) -> None:
    page = filled.open("metrics", period="365 days", cut=cut)
    ended, totals = numbers(page, "ended"), filled.desk.measures(ADMIN, asked(filled, 365).where).totals
    assert sum(ended["Successful"]) == totals.successful
    assert sum(ended["Failed"]) == totals.failed
    assert len(ended["Failed"]) == len(Days.up_to(filled.desk.today(), 365).spans(grain))


@pytest.mark.parametrize("part", Part)
def test_the_table_of_each_figure_holds_the_desk_s_own_numbers(year: Year, part: Part) -> None:
    for chart in year.charts(part):
        shown = numbers(year.pages[part], chart.key)
        assert list(shown) == [column.name for column in chart.numbers.columns]
        for column in chart.numbers.columns:
            bare = column.kind is Kind.COUNT
            assert shown[column.name] == chart.numbers.values(column.name) or not bare
            if column.kind not in {Kind.COUNT, Kind.DAY}:
                assert shown[column.name] == chart.numbers.shown(column.name)


@pytest.mark.parametrize("part", Part)
def test_every_chart_says_in_words_what_it_shows_and_follows_the_theme(year: Year, part: Part) -> None:
    page = year.pages[part]
    drawn = [chart for chart in year.charts(part) if chart.worth_drawing]
    found = page.get("plotly_chart")
    assert [chart.proto.alt for chart in found] == [chart.says for chart in drawn]
    for chart in found:
        assert chart.proto.theme == "streamlit"
        assert json.loads(chart.proto.config)["displayModeBar"] is False
    words = said(page)
    assert all(chart.says in words for chart in drawn)


@pytest.mark.parametrize("part", Part)
def test_every_measure_has_its_definition_one_hover_away(year: Year, part: Part) -> None:
    page = year.pages[part]
    assert all(metric.help for metric in page.metric)
    hints = "\n".join(str(header.proto.help) for header in page.subheader).replace("\\", "").replace("\u200b", "")
    for chart in year.charts(part):
        assert chart.measures
        assert all(" ".join(MEASURES[name].definition.split()) in hints for name in chart.measures)


def test_the_same_numbers_stand_on_the_page_in_the_report_and_in_json(filled: Screen) -> None:
    page = cards(filled.open("metrics", period="90 days"))
    last = filled.desk.today()
    found = document("metrics", "--since", str(last - timedelta(days=89)), "--until", str(last))
    made = filled.desk.report(ADMIN, asked(filled, 90))
    assert made.path is not None
    report = read(made.path.read_text(encoding="utf-8"))
    assert page == {label: report.cards[label] for label in page}
    assert (page["Ended"], page["Failed"]) == (str(found["total"]), str(found["failed"]))
    assert page["Success rate"] == f"{found['success_rate'] * 100:.1f} %"
    errors = [row[2] for row in report.tables["errors"][1:]]
    assert sum(int(n) for n in errors) == found["failed"]
    (by_connection,) = report.tables["by_connection"][1:]
    assert by_connection[1] == str(found["by_connection"]["cxone"]["total"])


def test_a_number_under_a_chart_leads_to_its_requests(filled: Screen) -> None:
    page = filled.open("metrics", period="365 days", part="Errors")
    links = {label: query for label, query in links_of(page).items() if "submission" in label}
    assert links
    for label, query in links.items():
        count = int(label.partition(": ")[2].split("\u00a0")[0].split(" ")[0].replace("\\", ""))
        listed = filled.open("track_requests", **query)
        assert f"of {count}" in said(listed) or f"{count}" in said(listed)
        assert "Requests behind a number of the metrics" in said(listed)


def test_among_many_numbers_one_is_chosen(filled: Screen) -> None:
    page = filled.open("metrics", period="365 days", cut="Month")
    choice = page.selectbox(key="behind_received")
    label = choice.options[0]
    page = choice.set_value(label).run()
    assert any(label.split(":")[0] in link.replace("\\", "") for link in links_of(page))


def test_an_empty_desk_says_what_to_do_instead_of_drawing_nothing(sandbox: Screen) -> None:
    page = sandbox.open("metrics")
    assert "No requests yet" in said(page)
    assert "Submit the first request" in links_of(page)
    assert not page.metric
    assert not page.get("plotly_chart")


@pytest.mark.parametrize("part", Part)
def test_a_period_without_anything_says_what_to_do(filled: Screen, part: Part) -> None:
    page = filled.open("metrics", period="Custom", first_day="2020-01-01", last_day="2020-01-31", part=part)
    if part in {Part.STANDING, Part.SECTION_7102}:  # these tell of now, and of a year
        return
    assert page.info[-1].value
    assert not page.get("plotly_chart")


def test_a_single_request_is_told_in_words(sandbox: Screen) -> None:
    sandbox.submit()
    page = sandbox.open("metrics")
    assert cards(page)["Received"] == "1"
    assert "Requests received: 1." in said(page)
    lines = [chart for chart in page.get("plotly_chart") if "rate" in chart.proto.alt or "latency" in chart.proto.alt]
    assert not lines


@pytest.mark.parametrize("part", Part)
def test_a_part_asks_the_database_for_what_it_shows_and_no_more(
    filled: Screen, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    reading = filled.desk.store.reading
    monkeypatch.setattr(filled.desk.store, "reading", lambda: _Watched(reading(), counted))

    filled.open("metrics", period="365 days", part=part)
    assert len(counted) <= MOST_STATEMENTS[part]


# As counted, with the few of the shell around the page; another query for every row would go far beyond.
MOST_STATEMENTS = {
    Part.GLANCE: 20,
    Part.LATENCY: 16,
    Part.ERRORS: 8,
    Part.BREAKDOWN: 70,  # the percentiles of each connection, type, category and law
    Part.STANDING: 12,
    Part.RETENTION: 18,
    Part.SECTION_7102: 8,
}


class _Watched:
    """A reading that notes each statement."""

    def __init__(self, inner: Any, counted: list[str]) -> None:
        self._inner, self._counted = inner, counted

    def __enter__(self) -> Any:
        db = self._inner.__enter__()
        db.conn.set_trace_callback(lambda sql: self._counted.append(sql) if sql.lstrip().startswith("SELECT") else None)
        return db

    def __exit__(self, *raised: Any) -> Any:
        return self._inner.__exit__(*raised)


def test_files_are_offered_to_whoever_may_export(filled: Screen) -> None:
    filled.become(AUDITOR)
    page = filled.open("metrics")
    assert [str(button.proto.label) for button in page.get("download_button")] == [
        "Report for the meeting",
        "Tables as CSV",
    ]
    filled.become(REQUESTER)
    assert not filled.open("metrics").get("download_button")
