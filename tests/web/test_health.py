"""Health and metrics: what a monitor is told, and that it is told nothing else."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.desk import Desk, Figures
from core.model.privacy_requests import RequestState, TaskState
from core.settings import Settings
from core.store import worker_leases
from core.store.measures import Latency
from core.web.health import OPEN_METRICS, exposition
from tests.clocks import ManualClock
from tests.web.conftest import Served
from tests.web.sender import event, request, send

Serving = Callable[..., Served]

FIGURES = Figures(
    requests={RequestState.QUEUED: 2, RequestState.COMPLETED: 1_234_567},
    tasks={
        "cxone": {TaskState.QUEUED: 3, TaskState.COMPLETED: 5, TaskState.NOTHING_FOUND: 1, TaskState.FAILED: 2},
        'odd"\\\n': {TaskState.CANCELLED: 4, TaskState.REFUSED: 1, TaskState.PARTLY_COMPLETED: 1},
    },
    latency=Latency(1500.5, 1000, 2000, 9000),
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

    def test_every_line_is_of_the_format(self) -> None:
        text = exposition(FIGURES, Counter({("cxone", 200): 7}))

        name, label = r"[a-z_]+", r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
        sample = rf"{name}(?:\{{{label}(?:,{label})*\}})? \d+(?:\.\d+)?"
        metadata = rf"# (?:TYPE {name} (?:gauge|counter)|UNIT {name} seconds|HELP {name} [^\n\\]+)"
        assert text.endswith("# EOF\n")
        for line in text.splitlines()[:-1]:
            assert re.fullmatch(rf"{sample}|{metadata}", line), line

    def test_a_family_is_announced_once_and_its_samples_follow(self) -> None:
        families: list[str] = []
        for line in exposition(FIGURES, Counter({("cxone", 200): 7})).splitlines()[:-1]:
            if line.startswith("# TYPE"):
                families.append(line.split()[2])
            elif not line.startswith("#"):
                assert re.split(r"[ {]", line)[0].removesuffix("_total") == families[-1]
        assert len(families) == len(set(families))

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
            'privacy_desk_vault_deliveries{state="dead"} 2',
            'privacy_desk_vault_deliveries{state="delivered"} 0',
        ],
    )
    def test_a_figure_is_there(self, line: str) -> None:
        assert line in exposition(FIGURES, Counter()).splitlines()

    def test_what_nobody_measured_is_left_out(self) -> None:
        empty = Figures({}, {}, Latency(None, None, None, None), {}, worker=False)

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
                    "VALUES (?,?,'ERASURE','[]','ALL','gdpr','','','','','','completed','','','[]','')",
                    [number + 1, f"i-{number}"],
                )
                transaction.db.execute(
                    "INSERT INTO tasks (id, request, connection, contract, kind, pseudonym, due_on, intent, state, "
                    "created_at, ended_at, latency_ms) VALUES (?,?,'cxone','','ERASURE','','',?,'completed','',?,?)",
                    [f"t-{number}", number + 1, f"i-{number}", ended, ms],
                )

        figures = desk.desk.figures()

        assert figures.latency == Latency(4000, 4000, 4000, 4000)
        assert figures.tasks == {"cxone": {TaskState.COMPLETED: 2}}
        assert figures.requests == {RequestState.COMPLETED: 2}
