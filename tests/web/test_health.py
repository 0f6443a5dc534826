"""Health and metrics: what a monitor is told, and that it is told nothing else."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.desk import Desk, Figures
from core.model.measures import MEASURES, Days, Filter, Grain, Phase
from core.model.privacy_requests import RequestState, TaskState
from core.settings import Settings
from core.store import worker_leases
from core.store.measures import Deadlines, Effort, Forecast, Latency, Measures, PhaseTime, Totals
from core.web.open_metrics import OPEN_METRICS, exposition
from tests.clocks import ManualClock
from tests.web.conftest import Served
from tests.web.open_metrics import parse
from tests.web.sender import event, request, send

Serving = Callable[..., Served]

WHERE = Filter(Days(date(2026, 10, 23), date(2026, 11, 21)))
NOTHING = Totals(0, 0, 0, Latency(None, None, None, None))
NO_FORECAST = Forecast(0, 0.0, 0, ())


def lately(totals: Totals = NOTHING, **more: Any) -> Measures:
    """Measures of nothing, but for what is given."""
    return Measures(
        **{
            "where": WHERE,
            "today": WHERE.days.last,
            "grain": Grain.DAY,
            "totals": totals,
            **{key: {} for key in ("by_connection", "by_type", "by_category", "by_law", "by_state", "queue_depth")},
            **dict.fromkeys(("over_time", "errors", "bands", "drift"), ()),
            "phases": {phase: PhaseTime(0, None, None) for phase in Phase},
            "effort": Effort(0, None, None),
            "deadlines": Deadlines(0, 0, 0, 0, 0, NO_FORECAST),
            **more,
        }
    )


LATELY = lately(
    Totals(8, 6, 2, Latency(1500.5, 1000, 2000, 9000)),
    by_connection={'odd"\\\n': Totals(2, 1, 1, Latency(1.0, 1, 1, 1))},
    errors=(("vendor_failed", 2),),
    effort=Effort(6, 1.5, 4.25),
    phases={phase: PhaseTime(800, 100.0, 1 / 6) for phase in Phase},
    deadlines=Deadlines(5, 1, 2, 3, 4, Forecast(7, 0.5, 9, ())),
)

FIGURES = Figures(
    requests={RequestState.QUEUED: 2, RequestState.COMPLETED: 1_234_567},
    tasks={
        "cxone": {TaskState.QUEUED: 3, TaskState.COMPLETED: 5, TaskState.NOTHING_FOUND: 1, TaskState.FAILED: 2},
        'odd"\\\n': {TaskState.CANCELLED: 4, TaskState.REFUSED: 1, TaskState.PARTLY_COMPLETED: 1},
    },
    bands=(4, 3, 0, 0, 2, 0, 1),
    latency_sum_ms=1_234_567,
    lately=LATELY,
    deliveries={"pending": 1, "dead": 2},
    worker=True,
)


def lease(served: Served, seconds: float = 15) -> None:
    with served.desk.store.writing() as transaction:
        worker_leases.take(transaction, "w", seconds)


class TestHealthz:
    def test_it_is_well_while_the_worker_holds_its_lease(self, serve: Serving) -> None:
        desk = serve()
        lease(desk)

        answer = desk.get("/healthz")

        assert (answer.status, answer.json) == (200, {"ok": True, "database": True, "worker": True})
        assert answer.headers["cache-control"] == "no-store"

    def test_it_is_not_before_a_worker_came_and_after_it_went(self, serve: Serving) -> None:
        desk = serve()
        before = desk.get("/healthz")
        lease(desk, 15)
        desk.clock.advance(60)
        after = desk.get("/healthz")

        assert before.status == after.status == 503
        assert before.json == after.json == {"ok": False, "database": True, "worker": False}

    def test_a_lost_database_is_told_and_logged(self, serve: Serving, caplog: pytest.LogCaptureFixture) -> None:
        desk = serve()
        desk.desk.store.path.rename(desk.desk.store.path.with_name("gone.db"))

        assert desk.get("/healthz").json == {"ok": False, "database": False, "worker": False}
        assert desk.get("/metrics").status == 503
        assert [r.message for r in caplog.records].count("the database does not answer") == 2

    def test_it_is_only_for_asking(self, served: Served) -> None:
        assert send(served.url, request("POST", "/healthz", {})).status == 405

    def test_without_vendors_the_sandbox_has_to_be_alive_too(self, tmp_path: Path) -> None:
        desk = Desk.open(Settings(database=tmp_path / "desk.db", keys=tmp_path / "k" / "keys"), ManualClock())

        assert (desk.health().sandbox, desk.health().ok) == (False, False)


class TestMetrics:
    def test_they_are_open_metrics_and_count_what_happened(self, serve: Serving) -> None:
        desk = serve()
        lease(desk)
        desk.post(event())
        desk.post(event(), {})

        answer = desk.get("/metrics", {"Accept": "application/openmetrics-text"})

        assert (answer.status, answer.headers["content-type"]) == (200, OPEN_METRICS)
        lines = answer.body.decode().splitlines()
        assert "privacy_desk_worker_alive 1" in lines
        assert 'privacy_desk_webhook_answers_total{connection="cxone",status="200"} 1' in lines
        assert 'privacy_desk_webhook_answers_total{connection="cxone",status="401"} 1' in lines

    def test_a_browser_is_left_to_the_page_of_the_same_address(self, served: Served) -> None:
        page = served.get("/metrics", {"Accept": "text/html,application/xhtml+xml;q=0.9"})

        assert page.status == 404, "no such page here; on the server it is Streamlit's"

    def test_a_strict_reader_takes_them(self) -> None:
        families = parse(exposition(FIGURES, Counter({("cxone", 200): 7})))

        assert families["privacy_desk_submission_latency_seconds"].type == "histogram"
        assert families["privacy_desk_errors"]["code=vendor_failed"] == 2
        assert MEASURES["forecast"].definition in families["privacy_desk_deadlines_forecast_missed"].help

    def test_so_it_does_of_a_desk_with_a_history_and_of_an_empty_one(self, serve: Serving) -> None:
        desk = serve()

        families = parse(desk.get("/metrics").body.decode())

        assert families["privacy_desk_requests"]["state=completed"] == 0
        assert families["privacy_desk_success_ratio"].samples == {}

    @pytest.mark.parametrize(
        "line",
        [
            'privacy_desk_requests{state="completed"} 1234567',
            'privacy_desk_requests{state="failed"} 0',
            'privacy_desk_tasks{connection="cxone",state="failed"} 2',
            'privacy_desk_submissions_total{connection="cxone",outcome="successful"} 6',
            'privacy_desk_submissions_total{connection="cxone",outcome="failed"} 2',
            'privacy_desk_submissions_total{connection="odd\\"\\\\\\n",outcome="failed"} 2',
            'privacy_desk_latency_seconds{quantile="0.9"} 2',
            "privacy_desk_latency_mean_seconds 1.5005",
            'privacy_desk_queue_depth{connection="cxone"} 3',
            'privacy_desk_submission_latency_seconds_bucket{le="60.0"} 4',
            'privacy_desk_submission_latency_seconds_bucket{le="3600.0"} 7',
            'privacy_desk_submission_latency_seconds_bucket{le="+Inf"} 10',
            "privacy_desk_submission_latency_seconds_sum 1234.567",
            'privacy_desk_ended{outcome="successful"} 6',
            "privacy_desk_success_ratio 0.75",
            'privacy_desk_ended_by_connection{connection="odd\\"\\\\\\n",outcome="failed"} 1',
            'privacy_desk_phase_mean_seconds{phase="throttled"} 0.1',
            "privacy_desk_attempts_per_success 1.5",
            "privacy_desk_calls_per_success 4.25",
            'privacy_desk_deadlines_closed{deadline="missed"} 1',
            'privacy_desk_deadlines_open{deadline="at_risk"} 3',
            "privacy_desk_deadlines_forecast_missed 7",
            "privacy_desk_closed_per_day 0.5",
            'privacy_desk_vault_deliveries{state="dead"} 2',
            'privacy_desk_vault_deliveries{state="delivered"} 0',
        ],
    )
    def test_a_figure_is_there(self, line: str) -> None:
        assert line in exposition(FIGURES, Counter()).splitlines()

    def test_what_nobody_measured_is_left_out(self) -> None:
        empty = Figures({}, {}, (0,) * 7, 0, lately(), {}, worker=False)

        text = exposition(empty, Counter())

        assert not re.search(r"^privacy_desk_latency", text, re.MULTILINE)
        assert "privacy_desk_worker_alive 0" in text

    def test_latency_is_of_the_last_30_days(self, serve: Serving) -> None:
        desk = serve()
        now = desk.clock.now()
        with desk.desk.store.writing() as transaction:
            for number, (days, ms) in enumerate([(31, 9_000_000), (29, 4000)]):
                ended = (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                transaction.db.execute(
                    "INSERT INTO requests (number, intent, type, categories, scope, law, received, submitted_at, "
                    "reference, filed_by, filed_by_name, state, pseudonym, due_on, deadlines, policy_version) "
                    "VALUES (?,?,'ERASURE','[]','ALL','gdpr','2026-10-01','','','','','completed','','','[]','')",
                    [number + 1, f"i-{number}"],
                )
                transaction.db.execute(
                    "INSERT INTO tasks (id, request, connection, contract, kind, pseudonym, due_on, intent, state, "
                    "created_at, ended_at, latency_ms) VALUES (?,?,'cxone','','ERASURE','','',?,'completed','',?,?)",
                    [f"t-{number}", number + 1, f"i-{number}", ended, ms],
                )

        figures = desk.desk.figures()

        assert figures.lately.totals.latency_ms == Latency(4000, 4000, 4000, 4000)
        assert (sum(figures.bands), figures.latency_sum_ms) == (2, 0), "no phase was counted for these two"
        assert figures.tasks == {"cxone": {TaskState.COMPLETED: 2}}
        assert figures.requests == {RequestState.COMPLETED: 2}
