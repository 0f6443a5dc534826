"""`GET /healthz` and `GET /metrics`: whether the desk works, and its figures in OpenMetrics text."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from core.desk import Desk, Figures, Health
from core.model.enforcements import ENDED
from core.model.privacy_requests import SUCCESSFUL, TERMINAL, RequestState, TaskState

OPEN_METRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_NOT_KEPT: Final = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)
Read = TypeVar("Read")


@dataclass(frozen=True)
class Sample:
    """One number of a metric family, e.g. `{state="queued"} 4`."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


class _RouteForMachines(Route):
    """Leaves a browser, which asks for HTML, to the page of the same address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
            return Match.NONE, {}
        return super().matches(scope)


class Monitor:
    """The endpoints a monitor asks. Neither answer names a person, a request or a secret."""

    def __init__(
        self, desk: Desk, webhook_answers: Mapping[tuple[str, int], int], *, answer_seconds: float = 3.0
    ) -> None:
        self._desk = desk
        self._webhook_answers = webhook_answers
        self._answer_seconds = answer_seconds
        # One question at a time: however often somebody asks, the desk has better things to do.
        self._threads = anyio.CapacityLimiter(1)

    def routes(self) -> list[Route]:
        return [Route("/healthz", self.healthz), _RouteForMachines("/metrics", self.metrics)]

    async def healthz(self, _: Request) -> Response:
        """200 if database, worker and, where it stands in for the vendors, the sandbox are alive; else 503."""
        health: Health | None = await self._read(self._desk.health)
        parts = {"database": health is not None, "worker": health is not None and health.worker}
        if health and health.sandbox is not None:
            parts["sandbox"] = health.sandbox
        ok = health is not None and health.ok
        return JSONResponse({"ok": ok, **parts}, 200 if ok else 503, _NOT_KEPT)

    async def metrics(self, _: Request) -> Response:
        """The figures as OpenMetrics 1.0 text; 503 where the database does not answer."""
        figures: Figures | None = await self._read(self._desk.figures)
        if figures is None:
            return PlainTextResponse("The database does not answer.\n", 503, _NOT_KEPT)
        text = exposition(figures, self._webhook_answers)
        return Response(text, headers={**_NOT_KEPT, "Content-Type": OPEN_METRICS})

    async def _read(self, read: Callable[[], Read]) -> Read | None:
        try:
            with anyio.move_on_after(self._answer_seconds):
                return await anyio.to_thread.run_sync(read, abandon_on_cancel=True, limiter=self._threads)
        except Exception:
            # Whatever keeps the database from answering is what the monitor asks about: told there and here.
            log.exception("the database does not answer")
        return None


def exposition(figures: Figures, webhook_answers: Mapping[tuple[str, int], int]) -> str:
    """The figures in the text format of OpenMetrics 1.0, `# EOF` included."""
    latency = figures.latency
    quantiles = {"0.5": latency.p50, "0.9": latency.p90, "0.99": latency.p99}
    waiting = {name: states.get(TaskState.QUEUED, 0) for name, states in figures.tasks.items()}
    families = [
        _family(
            "privacy_desk_requests",
            "gauge",
            "Privacy requests by state.",
            [Sample(figures.requests.get(state, 0), {"state": state}) for state in RequestState],
        ),
        _family(
            "privacy_desk_tasks",
            "gauge",
            "Submissions to vendors by connection and state.",
            [
                Sample(count, {"connection": name, "state": state})
                for name, states in sorted(figures.tasks.items())
                for state, count in sorted(states.items())
            ],
        ),
        _family(
            "privacy_desk_submissions",
            "counter",
            "Submissions that ended: successful is completed or nothing found, failed is the rest but cancelled.",
            list(_ended(figures.tasks)),
        ),
        _family(
            "privacy_desk_latency_seconds",
            "gauge",
            "From filing to end, over submissions that ended in the last 30 days.",
            [Sample(ms / 1000, {"quantile": q}) for q, ms in quantiles.items() if ms is not None],
            unit="seconds",
        ),
        _family(
            "privacy_desk_latency_mean_seconds",
            "gauge",
            "Mean from filing to end, over submissions that ended in the last 30 days.",
            [] if latency.mean is None else [Sample(latency.mean / 1000, {})],
            unit="seconds",
        ),
        _family(
            "privacy_desk_queue_depth",
            "gauge",
            "Submissions that wait to be sent.",
            [Sample(depth, {"connection": name}) for name, depth in sorted(waiting.items())],
        ),
        _family(
            "privacy_desk_worker_alive", "gauge", "1 while a worker holds its lease.", [Sample(figures.worker, {})]
        ),
        _family(
            "privacy_desk_vault_deliveries",
            "gauge",
            "Proofs for the vault by state.",
            [Sample(figures.deliveries.get(s, 0), {"state": s}) for s in ("pending", "delivered", "dead")],
        ),
        _family(
            "privacy_desk_webhook_answers",
            "counter",
            "Webhook requests since the start by connection and HTTP status.",
            [
                Sample(count, {"connection": name, "status": str(status)}, "_total")
                for (name, status), count in sorted(webhook_answers.items())
            ],
        ),
        *_purposes(figures),
    ]
    return "".join([*families, "# EOF\n"])


def _purposes(figures: Figures) -> list[str]:
    return [
        _family(
            "privacy_desk_purposes",
            "gauge",
            "Retention purposes by how they stand: declared against the vendor when it was last asked.",
            [
                Sample(count, {"connection": name, "status": status})
                for name, statuses in sorted(figures.purposes.items())
                for status, count in sorted(statuses.items())
            ],
        ),
        _family(
            "privacy_desk_purpose_changes",
            "counter",
            "Changes of retention purposes that ended, by outcome.",
            [
                Sample(count, {"connection": name, "outcome": state}, "_total")
                for name, states in sorted(figures.purpose_changes.items())
                for state, count in sorted(states.items())
                if state in ENDED
            ],
        ),
        _family(
            "privacy_desk_purposes_compared_timestamp_seconds",
            "gauge",
            "When the declared purposes were last compared with the vendor, in Unix time.",
            [Sample(at.timestamp(), {"connection": name}) for name, at in sorted(figures.compared_at.items())],
            unit="seconds",
        ),
    ]


def _ended(tasks: Mapping[str, Mapping[TaskState, int]]) -> Iterator[Sample]:
    outcomes = {"successful": SUCCESSFUL, "failed": TERMINAL - SUCCESSFUL - {TaskState.CANCELLED}}
    for name, states in sorted(tasks.items()):
        for outcome, counted in outcomes.items():
            total = sum(count for state, count in states.items() if state in counted)
            yield Sample(total, {"connection": name, "outcome": outcome}, "_total")


def _family(name: str, kind: str, text: str, samples: Iterable[Sample], *, unit: str = "") -> str:
    head = [f"# TYPE {name} {kind}", *([f"# UNIT {name} {unit}"] if unit else []), f"# HELP {name} {text}"]
    return "".join(f"{line}\n" for line in [*head, *(_line(name, sample) for sample in samples)])


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels.items())
    return f"{name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {float(sample.value):.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
