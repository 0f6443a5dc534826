"""Metrics: each number is the desk's own, each chart has words and a table, and an empty period says what to do."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Metrics
from core.model.privacy_requests import TaskState
from core.store.requests import RequestFilter
from core.ui.words import duration, number, share
from tests.desks import ADMIN, AUDITOR
from tests.pages.screens import Screen, links_of, publish_sandbox, said, screen


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch) as made:
        yield made


def measured(at: Screen, days: int = 30, connection: str | None = None) -> Metrics:
    now = at.clock.now()
    return at.desk.metrics(ADMIN, since=now - timedelta(days=days), until=now, connection=connection)


def shown(page: AppTest) -> dict[str, str]:
    return {str(metric.label): str(metric.value) for metric in page.metric}


def in_words(metrics: Metrics) -> dict[str, str]:
    totals = metrics.totals
    return {
        "Ended": number(totals.total),
        "Success rate": share(totals.success_rate),
        "Mean latency": duration(totals.latency_ms.mean),
        "p50 latency": duration(totals.latency_ms.p50),
        "p90 latency": duration(totals.latency_ms.p90),
        "p99 latency": duration(totals.latency_ms.p99),
    }


def numbers(page: AppTest, chart: str) -> dict[str, list[Any]]:
    """The columns of the table under a chart."""
    return columns(page.expander(key=f"chart_{chart}_numbers").dataframe[0])


def columns(table: Any) -> dict[str, list[Any]]:
    return {str(name): values.tolist() for name, values in table.value.items()}


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_the_cards_of_each_period_are_the_desk_s_own_numbers(sandbox: Screen, days: int) -> None:
    sandbox.fill(days=days)
    metrics = measured(sandbox, days)
    assert metrics.totals.total
    assert shown(sandbox.open("metrics", period=f"{days} days")) == in_words(metrics)


def test_thirty_days_are_shown_unless_asked_otherwise(sandbox: Screen) -> None:
    sandbox.fill()
    page = sandbox.open("metrics")
    assert shown(page) == in_words(sandbox.desk.metrics(ADMIN))
    assert "from 22 Oct 2026, 09:00 UTC to 21 Nov 2026, 09:00 UTC" in said(page)


def test_each_card_explains_its_number(sandbox: Screen) -> None:
    sandbox.fill()
    hints = {str(metric.label): metric.help for metric in sandbox.open("metrics").metric}
    totals = measured(sandbox).totals
    assert f"{totals.successful} successful, {totals.failed} failed." in hints["Ended"]
    assert "Completed, or nothing found, out of all that ended." in hints["Success rate"]
    assert "Half of them took at most this long" in hints["p50 latency"]
    assert "Ninety-nine in a hundred" in hints["p99 latency"]


def test_the_table_under_each_chart_holds_the_desk_s_own_numbers(sandbox: Screen) -> None:
    sandbox.fill()
    metrics, page = measured(sandbox), sandbox.open("metrics")
    ended = numbers(page, "ended")
    assert ended["Successful"] == [day.successful for day in metrics.days]
    assert ended["Failed"] == [day.failed for day in metrics.days]
    assert sum(ended["Successful"]) == metrics.totals.successful
    assert numbers(page, "latency")["Mean latency"] == [duration(d.mean_latency_ms) for d in metrics.days]
    assert numbers(page, "bands")["Submissions"] == list(metrics.latency_bands)
    assert numbers(page, "errors")["Submissions"] == [count for _, count in metrics.errors]
    assert numbers(page, "errors")["Code"] == [code for code, _ in metrics.errors]


def test_a_long_period_is_charted_by_week_and_loses_nothing(sandbox: Screen) -> None:
    sandbox.fill(requests=150, days=365)
    page = sandbox.open("metrics", period="365 days")
    ended = numbers(page, "ended")
    assert "Ended per week" in said(page)
    assert all(day.weekday() == 0 for day in ended["Week from"])
    assert sum(ended["Successful"]) + sum(ended["Failed"]) == measured(sandbox, 365).totals.total


def test_every_chart_says_in_words_what_it_shows(sandbox: Screen) -> None:
    sandbox.fill()
    metrics, page = measured(sandbox), sandbox.open("metrics")
    alternatives = [chart.proto.alt for chart in page.get("plotly_chart")]
    assert len(alternatives) == 5
    totals = metrics.totals
    assert alternatives[0] == f"Submissions ended per day: {totals.successful} successful and {totals.failed} failed."
    assert share(totals.success_rate) in alternatives[1]
    assert all(alternatives)


def test_charts_follow_the_theme_and_have_no_mode_bar(sandbox: Screen) -> None:
    sandbox.fill()
    for chart in sandbox.open("metrics").get("plotly_chart"):
        assert chart.proto.theme == "streamlit"
        assert json.loads(chart.proto.config)["displayModeBar"] is False


def test_one_connection_can_be_measured_alone(sandbox: Screen) -> None:
    sandbox.fill()
    page = sandbox.open("metrics", metrics_connection="cxone")
    assert shown(page) == in_words(measured(sandbox, connection="cxone"))
    quiet = sandbox.open("metrics", metrics_connection="genesys")
    assert "Nothing ended in this period" in said(quiet)


def test_the_table_by_connection_repeats_the_measures_of_each(sandbox: Screen) -> None:
    sandbox.fill()
    (totals,) = measured(sandbox).by_connection.values()
    table = columns(sandbox.open("metrics").dataframe[-1])
    assert table["Connection"] == ["cxone"]
    assert (table["Ended"], table["Successful"], table["Failed"]) == (
        [totals.total],
        [totals.successful],
        [totals.failed],
    )
    assert table["p90"] == [duration(totals.latency_ms.p90)]


def test_a_custom_period_counts_both_of_its_days_whole(sandbox: Screen) -> None:
    sandbox.fill()
    page = sandbox.open("metrics", period="Custom", first_day="2026-11-02", last_day="2026-11-08")
    asked = sandbox.desk.metrics(
        ADMIN, since=datetime(2026, 11, 2, tzinfo=UTC), until=datetime(2026, 11, 9, tzinfo=UTC)
    )
    assert asked.totals.total
    assert shown(page) == in_words(asked)


def test_a_period_that_ends_before_it_begins_is_explained(sandbox: Screen) -> None:
    page = sandbox.open("metrics", period="Custom", first_day="2026-11-08", last_day="2026-11-02")
    assert "Choose a later last day" in page.error[0].value
    assert not page.metric


def test_an_empty_desk_says_what_to_do_instead_of_drawing_nothing(sandbox: Screen) -> None:
    page = sandbox.open("metrics")
    assert "Nothing ended in this period" in said(page)
    assert "Track requests" in links_of(page)
    assert not page.metric
    assert not page.get("plotly_chart")


def test_a_single_submission_is_enough(sandbox: Screen) -> None:
    request = sandbox.submit()
    with sandbox.desk.store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET state = 'needs_person', next_due_at = NULL")
    sandbox.clock.advance(90)
    sandbox.desk.attest(ADMIN, f"{request}-1", state=TaskState.COMPLETED, evidence="Seen in the vendor's console")
    sandbox.clock.advance(1)
    page = sandbox.open("metrics")
    assert shown(page) == {
        "Ended": "1",
        "Success rate": "100.0 %",
        **dict.fromkeys(("Mean latency", "p50 latency", "p90 latency", "p99 latency"), "1.5 min"),
    }
    assert "None failed in this period." in said(page)


def test_failures_lead_to_the_requests_that_failed(sandbox: Screen) -> None:
    sandbox.fill()
    page = sandbox.open("metrics")
    found = sandbox.open("track_requests", **links_of(page)["Show requests that failed, in whole or in part"])
    states = tuple(found.multiselect(key="state").value)
    failed = sum(count for _, count in measured(sandbox, 365).errors)
    assert sandbox.desk.find(ADMIN, RequestFilter(states=states)).total == failed


def test_an_auditor_may_look(sandbox: Screen) -> None:
    sandbox.fill()
    sandbox.become(AUDITOR)
    assert shown(sandbox.open("metrics")) == in_words(measured(sandbox))
