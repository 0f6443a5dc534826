"""The desk's figures in the text format of OpenMetrics 1.0, each with the definition that the page gives."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from core.desk import Figures
from core.model.enforcements import ENDED
from core.model.measures import MEASURES
from core.model.privacy_requests import SUCCESSFUL, TERMINAL, RequestState, TaskState
from core.store.measures import BAND_EDGES_MS, Measures, Totals

OPEN_METRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_LATELY: Final = "In the last 30 days."


@dataclass(frozen=True)
class Sample:
    """One number of a metric family, e.g. `{state="queued"} 4`."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


def exposition(figures: Figures, webhook_answers: Mapping[tuple[str, int], int]) -> str:
    """The figures in the text format of OpenMetrics 1.0, `# EOF` included."""
    families = [
        *_on_record(figures),
        *_lately(figures.lately),
        *_deadlines(figures.lately),
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


def _on_record(figures: Figures) -> Iterator[str]:
    yield _family(
        "privacy_desk_requests",
        "gauge",
        "Privacy requests by state.",
        [Sample(figures.requests.get(state, 0), {"state": state}) for state in RequestState],
    )
    yield _family(
        "privacy_desk_tasks",
        "gauge",
        "Submissions to vendors by connection and state.",
        [
            Sample(count, {"connection": name, "state": state})
            for name, states in sorted(figures.tasks.items())
            for state, count in sorted(states.items())
        ],
    )
    waiting = {name: states.get(TaskState.QUEUED, 0) for name, states in figures.tasks.items()}
    yield _family(
        "privacy_desk_queue_depth",
        "gauge",
        "Submissions that wait to be sent.",
        [Sample(depth, {"connection": name}) for name, depth in sorted(waiting.items())],
    )
    yield _family(
        "privacy_desk_submissions",
        "counter",
        "Submissions that ended: successful is completed or nothing found, failed is the rest but cancelled.",
        list(_ended(figures.tasks)),
    )
    total = sum(figures.bands)
    edges = [*(f"{edge / 1000:.1f}" for edge in BAND_EDGES_MS), "+Inf"]
    yield _family(
        "privacy_desk_submission_latency_seconds",
        "histogram",
        "Time from filing to the end, over all submissions that ended but cancelled ones.",
        [
            *(Sample(n, {"le": le}, "_bucket") for le, n in zip(edges, accumulate(figures.bands), strict=True)),
            Sample(total, {}, "_count"),
            Sample(figures.latency_sum_ms / 1000, {}, "_sum"),
        ],
        unit="seconds",
    )


def _lately(found: Measures) -> Iterator[str]:
    latency = found.totals.latency_ms
    quantiles = {"0.5": latency.p50, "0.9": latency.p90, "0.99": latency.p99}
    yield _family(
        "privacy_desk_latency_seconds",
        "gauge",
        f"From filing to end, over submissions that ended. {_LATELY}",
        [Sample(ms / 1000, {"quantile": q}) for q, ms in quantiles.items() if ms is not None],
        unit="seconds",
    )
    yield _family(
        "privacy_desk_latency_mean_seconds",
        "gauge",
        f"{MEASURES['latency_mean'].definition} {_LATELY}",
        [] if latency.mean is None else [Sample(latency.mean / 1000, {})],
        unit="seconds",
    )
    yield _family(
        "privacy_desk_ended",
        "gauge",
        f"{MEASURES['total'].definition} {_LATELY}",
        [
            Sample(found.totals.successful, {"outcome": "successful"}),
            Sample(found.totals.failed, {"outcome": "failed"}),
        ],
    )
    yield _family(
        "privacy_desk_success_ratio",
        "gauge",
        f"{MEASURES['success_rate'].definition} {_LATELY}",
        [] if found.totals.success_rate is None else [Sample(found.totals.success_rate, {})],
        unit="ratio",
    )
    parts: Sequence[tuple[str, Mapping[Any, Totals]]] = (
        ("connection", found.by_connection),
        ("type", found.by_type),
        ("category", found.by_category),
        ("law", found.by_law),
    )
    for part, totals in parts:
        yield _family(
            f"privacy_desk_ended_by_{part}",
            "gauge",
            f"Submissions that ended. {MEASURES[f'by_{part}'].definition} {_LATELY}",
            [
                Sample(count, {part: str(name), "outcome": outcome})
                for name, one in totals.items()
                for outcome, count in (("successful", one.successful), ("failed", one.failed))
            ],
        )
    yield _family(
        "privacy_desk_phase_mean_seconds",
        "gauge",
        f"{MEASURES['phases'].definition} The mean for each submission. {_LATELY}",
        [Sample(t.mean_ms / 1000, {"phase": phase}) for phase, t in found.phases.items() if t.mean_ms is not None],
        unit="seconds",
    )
    for key, mean in (("attempts", found.effort.attempts), ("calls", found.effort.calls)):
        yield _family(
            f"privacy_desk_{key}_per_success",
            "gauge",
            f"{MEASURES[key].definition} {_LATELY}",
            [] if mean is None else [Sample(mean, {})],
        )
    yield _family(
        "privacy_desk_errors",
        "gauge",
        f"{MEASURES['errors'].definition} {_LATELY}",
        [Sample(count, {"code": code}) for code, count in found.errors],
    )


def _deadlines(found: Measures) -> Iterator[str]:
    dates = found.deadlines
    yield _family(
        "privacy_desk_deadlines_closed",
        "gauge",
        f"Requests closed in time or late, by the controller's calendar day. {_LATELY}",
        [Sample(dates.met, {"deadline": "met"}), Sample(dates.missed, {"deadline": "missed"})],
    )
    yield _family(
        "privacy_desk_deadlines_open",
        "gauge",
        f"Open requests. At risk: {MEASURES['deadlines_at_risk'].definition}",
        [Sample(getattr(dates, key), {"deadline": key}) for key in ("overdue", "at_risk", "ahead")],
    )
    yield _family(
        "privacy_desk_deadlines_forecast_missed",
        "gauge",
        MEASURES["forecast"].definition,
        [Sample(dates.forecast.will_miss, {})],
    )
    yield _family(
        "privacy_desk_closed_per_day",
        "gauge",
        "Requests closed each day, on average of the last 14 whole days.",
        [Sample(dates.forecast.pace, {})],
    )


def _purposes(figures: Figures) -> Iterator[str]:
    yield _family(
        "privacy_desk_purposes",
        "gauge",
        "Retention purposes by how they stand: declared against the vendor when it was last asked.",
        [
            Sample(count, {"connection": name, "status": status})
            for name, statuses in sorted(figures.purposes.items())
            for status, count in sorted(statuses.items())
        ],
    )
    yield _family(
        "privacy_desk_purpose_changes",
        "counter",
        "Changes of retention purposes that ended, by outcome.",
        [
            Sample(count, {"connection": name, "outcome": state}, "_total")
            for name, states in sorted(figures.purpose_changes.items())
            for state, count in sorted(states.items())
            if state in ENDED
        ],
    )
    yield _family(
        "privacy_desk_purposes_compared_timestamp_seconds",
        "gauge",
        "When the declared purposes were last compared with the vendor, in Unix time.",
        [Sample(at.timestamp(), {"connection": name}) for name, at in sorted(figures.compared_at.items())],
        unit="seconds",
    )


def _ended(tasks: Mapping[str, Mapping[TaskState, int]]) -> Iterator[Sample]:
    outcomes = {"successful": SUCCESSFUL, "failed": TERMINAL - SUCCESSFUL - {TaskState.CANCELLED}}
    for name, states in sorted(tasks.items()):
        for outcome, counted in outcomes.items():
            total = sum(count for state, count in states.items() if state in counted)
            yield Sample(total, {"connection": name, "outcome": outcome}, "_total")


def _family(name: str, kind: str, text: str, samples: Iterable[Sample], *, unit: str = "") -> str:
    head = [f"# TYPE {name} {kind}", *([f"# UNIT {name} {unit}"] if unit else []), f"# HELP {name} {_escaped(text)}"]
    return "".join(f"{line}\n" for line in [*head, *(_line(name, sample) for sample in samples)])


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels.items())
    return f"{name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {float(sample.value):.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
