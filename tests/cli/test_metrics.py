"""The numbers of the meeting are the same wherever they stand, and the same as SQL over the raw tables gives."""

import math
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.desk import Desk
from core.model.measures import MEASURES, Phase
from core.model.people import Actor, Role
from core.settings import Settings
from core.web.open_metrics import exposition
from tests.cli.shell import document, run
from tests.web.open_metrics import parse

ADMINISTRATOR = Actor("test", "1", "Administrator", frozenset({Role.ADMINISTRATOR}))
ENDED = "ended_at IS NOT NULL AND state != 'cancelled' AND controllers_day(ended_at) BETWEEN :since AND :until"
GOOD = "state IN ('completed', 'nothing_found')"


class Recount:
    """Plain SQL over the raw tables, through a connection of its own."""

    def __init__(self, desk: Desk, since: date, until: date) -> None:
        self._db = sqlite3.connect(desk.store.path)
        zone = ZoneInfo(desk.settings.time_zone)
        self._db.create_function(
            "controllers_day", 1, lambda at: at and datetime.fromisoformat(at).astimezone(zone).date().isoformat()
        )
        self._bound = {"since": since.isoformat(), "until": until.isoformat(), "today": desk.today().isoformat()}

    def close(self) -> None:
        self._db.close()

    def one(self, query: str, **bound: Any) -> Any:
        return self._db.execute(query, self._bound | bound).fetchone()[0]

    def pairs(self, query: str) -> dict[Any, Any]:
        return dict(self._db.execute(query, self._bound).fetchall())

    def totals(self, condition: str = "1") -> dict[str, Any]:
        where = f"FROM tasks WHERE {ENDED} AND {condition}"
        total = self.one(f"SELECT count(*) {where}")
        good = self.one(f"SELECT count(*) {where} AND {GOOD}")

        def rank(percent: int) -> int | None:
            row = math.ceil(total * percent / 100) - 1
            return self.one(f"SELECT latency_ms {where} ORDER BY 1 LIMIT 1 OFFSET {row}") if total else None

        return {
            "total": total,
            "successful": good,
            "failed": total - good,
            "success_rate": good / total if total else None,
            "latency_ms": {
                "mean": self.one(f"SELECT avg(latency_ms) {where}"), "p50": rank(50), "p90": rank(90), "p99": rank(99),
            },
        }  # fmt: skip


def agree(desk: Desk, days: int) -> None:
    """`metrics --json` and the recount, for so many days up to today."""
    until = desk.today()
    since = until - timedelta(days=days - 1)
    found = document("metrics", "--since", since.isoformat(), "--until", until.isoformat())
    with closing(Recount(desk, since, until)) as sql:
        stable = ("total", "successful", "failed", "success_rate", "latency_ms")
        assert {key: found[key] for key in stable} == sql.totals()
        assert found["by_connection"] == {"cxone": sql.totals("connection = 'cxone'")}
        assert found["by_type"] == {kind: sql.totals(f"kind = '{kind}'") for kind in ("ACCESS", "ERASURE")}
        of_request = "request IN (SELECT number FROM requests WHERE {})"
        assert found["by_law"] == {
            law: sql.totals(of_request.format(f"law = '{law}'")) for law in ("ccpa", "gdpr", "uk-gdpr")
        }
        assert len(found["by_category"]) == 8
        for category, totals in found["by_category"].items():
            assert totals == sql.totals(of_request.format(f"categories LIKE '%\"{category}\"%'"))
        for phase in Phase:
            assert found["phases_ms"][phase]["total_ms"] == sql.one(f"SELECT sum({phase}_ms) FROM tasks WHERE {ENDED}")
        assert found["per_successful"] == {
            "attempts": sql.one(f"SELECT avg(attempts) FROM tasks WHERE {ENDED} AND {GOOD}"),
            "calls": sql.one(f"SELECT avg(attempts + polls) FROM tasks WHERE {ENDED} AND {GOOD}"),
        }
        assert found["errors"] == sql.pairs(
            f"SELECT coalesce(error ->> '$.code', state), count(*) FROM tasks WHERE {ENDED} AND NOT {GOOD} GROUP BY 1"
        )
        assert found["queue_depth"]["cxone"] == sql.pairs(
            "SELECT state, count(*) FROM tasks WHERE ended_at IS NULL GROUP BY 1"
        )
        closed = (
            "SELECT count(*) FROM requests WHERE state != 'cancelled' "
            "AND controllers_day(closed_at) BETWEEN :since AND :until AND "
        )
        assert found["deadlines"]["met"] == sql.one(closed + "controllers_day(closed_at) <= due_on")
        assert found["deadlines"]["missed"] == sql.one(closed + "controllers_day(closed_at) > due_on")
        still_open = "SELECT count(*) FROM requests WHERE closed_at IS NULL AND "
        assert found["deadlines"]["overdue"] == sql.one(still_open + "due_on < :today")
        assert found["deadlines"]["at_risk"] == sql.one(
            still_open + "due_on BETWEEN :today AND date(:today, '+5 days')"
        )
        assert found["deadlines"]["ahead"] == sql.one(still_open + "due_on > date(:today, '+5 days')")
        lately = closed.replace(":since", "date(:today, '-14 days')").replace(":until", "date(:today, '-1 day')")
        assert found["deadlines"]["forecast"]["closed_a_day"] == sql.one(lately + "1") / 14
        per_day = sql.pairs(f"SELECT controllers_day(ended_at), count(*) FROM tasks WHERE {ENDED} GROUP BY 1")
        assert sum(span["total"] for span in found["over_time"]) == sum(per_day.values())
        assert sum(span["received"] for span in found["over_time"]) == sql.one(
            "SELECT count(*) FROM requests WHERE received BETWEEN :since AND :until"
        )


def agrees_with_the_monitor(desk: Desk) -> None:
    """`/metrics` tells of the last 30 days what `metrics --json` tells by default."""
    found = document("metrics")
    families = parse(exposition(desk.figures(), {}))
    assert families["privacy_desk_ended"]["outcome=successful"] == found["successful"]
    assert families["privacy_desk_ended"]["outcome=failed"] == found["failed"]
    assert families["privacy_desk_success_ratio"][""] == pytest.approx(found["success_rate"], rel=1e-14)
    for quantile, key in (("0.5", "p50"), ("0.9", "p90"), ("0.99", "p99")):
        assert families["privacy_desk_latency_seconds"][f"quantile={quantile}"] == found["latency_ms"][key] / 1000
    assert families["privacy_desk_latency_mean_seconds"][""] == pytest.approx(found["latency_ms"]["mean"] / 1000)
    for part in ("connection", "type", "category", "law"):
        for name, totals in found[f"by_{part}"].items():
            family = families[f"privacy_desk_ended_by_{part}"]
            assert family[f"{part}={name},outcome=successful"] == totals["successful"]
            assert family[f"{part}={name},outcome=failed"] == totals["failed"]
    for phase, time in found["phases_ms"].items():
        assert families["privacy_desk_phase_mean_seconds"][f"phase={phase}"] == pytest.approx(time["mean_ms"] / 1000)
    for key in ("attempts", "calls"):
        assert families[f"privacy_desk_{key}_per_success"][""] == pytest.approx(found["per_successful"][key])
    for code, n in found["errors"].items():
        assert families["privacy_desk_errors"][f"code={code}"] == n
    dates = found["deadlines"]
    for key in ("met", "missed"):
        assert families["privacy_desk_deadlines_closed"][f"deadline={key}"] == dates[key]
    for key in ("overdue", "at_risk", "ahead"):
        assert families["privacy_desk_deadlines_open"][f"deadline={key}"] == dates[key]
    assert families["privacy_desk_deadlines_forecast_missed"][""] == dates["forecast"]["will_miss"]
    with closing(Recount(desk, desk.today(), desk.today())) as sql:
        assert {
            dict(labels)["state"]: n for (_, labels), n in families["privacy_desk_requests"].samples.items() if n
        } == sql.pairs("SELECT state, count(*) FROM requests GROUP BY 1")
        histogram = families["privacy_desk_submission_latency_seconds"].samples
        ended = "FROM tasks WHERE ended_at IS NOT NULL AND state != 'cancelled'"
        assert histogram["_count", ()] == sql.one(f"SELECT count(*) {ended}")
        assert histogram["_sum", ()] == pytest.approx(sql.one(f"SELECT sum(latency_ms) {ended}") / 1000)
        assert histogram["_bucket", (("le", "86400.0"),)] == sql.one(
            f"SELECT count(*) {ended} AND latency_ms <= 86400000"
        )


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with a year of history, only to be read."""
    folder = tmp_path_factory.mktemp("history")
    settings = Settings(database=folder / "desk" / "desk.db", keys=folder / "keys" / "desk.keys")
    for _ in Desk.open(settings).fill_sample(ADMINISTRATOR, days=365, requests=1200):
        pass
    return settings


@pytest.fixture
def filled(history: Settings, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """That installation's desk, with which the commands of this test work too."""
    monkeypatch.setenv("PRIVACY_DESK_DATABASE", str(history.database))
    monkeypatch.setenv("PRIVACY_DESK_KEYS", str(history.keys))
    return Desk.open(history)


@pytest.mark.parametrize("days", [365, 30])
def test_the_command_agrees_with_sql(filled: Desk, days: int) -> None:
    agree(filled, days)


def test_the_monitor_agrees_with_the_command(filled: Desk) -> None:
    agrees_with_the_monitor(filled)


@pytest.mark.full
def test_so_they_do_over_a_hundred_thousand_requests(desk: Desk) -> None:
    list(desk.fill_sample(ADMINISTRATOR, days=365, requests=100_000))
    agree(desk, 365)
    agree(desk, 30)
    agrees_with_the_monitor(desk)


@pytest.mark.parametrize("law", ["ccpa", None])
def test_the_table_of_a_year_agrees_with_sql(filled: Desk, law: str | None) -> None:
    year = filled.today().year
    only = ("--law", law) if law else ("--all-individuals",)
    found = document("metrics", "--section-7102", str(year), *only)["section_7102"]
    assert (found["individuals"], found["not_taken"]) == (law or "all", ["correct", "opt_out", "limit"])
    with closing(Recount(filled, date(year, 1, 1), date(year, 12, 31))) as sql:
        for name, kind in (("delete", "ERASURE"), ("know", "ACCESS")):
            row = found["requests"][name]
            ours = f"FROM requests WHERE type = '{kind}' AND received BETWEEN :since AND :until AND law LIKE :law"
            bound = {"law": law or "%"}
            assert row["received"] == sql.one(f"SELECT count(*) {ours}", **bound)
            complied = "AND state IN ('completed', 'nothing_found', 'partly_completed')"
            assert row["complied"] == sql.one(f"SELECT count(*) {ours} {complied}", **bound)
            assert row["denied"] == sql.one(f"SELECT count(*) {ours} AND state = 'refused'", **bound)
            days = "avg(julianday(controllers_day(closed_at)) - julianday(received))"
            answered = "AND state IN ('completed', 'nothing_found', 'partly_completed', 'refused')"
            assert row["mean_days"] == pytest.approx(sql.one(f"SELECT {days} {ours} {answered}", **bound))
            for ground, n in row["denials"].items():
                mine = f"AND number IN (SELECT request FROM denials WHERE class_7102 = '{ground}')"
                assert n == sql.one(f"SELECT count(*) {ours} {mine}", **bound)


def test_each_filter_narrows_and_says_so(filled: Desk) -> None:
    whole = document("metrics", "--since", "2020-01-01")
    for option, value in (("--type", "access"), ("--category", "email"), ("--law", "ccpa"), ("--state", "failed")):
        found = document("metrics", "--since", "2020-01-01", option, value)
        assert 0 < found["total"] < whole["total"]
        assert found["filter"][option.removeprefix("--")].lower() == value


def test_a_table_for_people_gives_the_definitions(filled: Desk) -> None:
    shown = run("metrics", "--since", "2020-01-01").stdout
    assert MEASURES["phases"].definition in shown
    assert "Waiting for the callback" in shown
    assert "open requests will miss their date." in shown
    year = run("metrics", "--section-7102", str(filled.today().year)).stdout
    assert "Privacy Desk takes no requests to correct, opt out, limit." in year


def test_help_defines_every_measure() -> None:
    shown = " ".join(run("metrics", "--help").stdout.split())
    assert all(" ".join(measure.definition.split()) in shown for measure in MEASURES.values())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--law", "nowhere"), "rule pack"),
        (("--category", "SHOES"), "category named 'SHOES'"),
        (("--connection", "nobody"), "connection named 'nobody'"),
        (("--all-individuals",), "goes with --section-7102"),
        (("--section-7102", "2026", "--type", "ACCESS"), "whole calendar year"),
        (("--section-7102", "1900"), "2000"),
        (("--state", "lost"), "lost"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: tuple[str, ...], said: str) -> None:
    result = run("metrics", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
