"""The measures as the JSON that `metrics --json` prints; days are the controller's, shares run from 0 to 1."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.model.measures import Filter
from core.store.measures import BAND_EDGES_MS, Measures, Section7102, Totals
from core.store.purpose_measures import PurposeTotals


def totals(found: Totals) -> dict[str, Any]:
    """The keys that scripts rely on."""
    return {
        "total": found.total,
        "successful": found.successful,
        "failed": found.failed,
        "success_rate": found.success_rate,
        "latency_ms": asdict(found.latency_ms),
    }


def measures(found: Measures) -> dict[str, Any]:
    """Everything, the keys that scripts rely on first."""
    deadlines, forecast = found.deadlines, found.deadlines.forecast
    return {
        **totals(found.totals),
        "by_connection": _each(found.by_connection),
        "filter": _filter(found.where),
        "today": found.today,
        "by_type": _each(found.by_type),
        "by_category": _each(found.by_category),
        "by_law": _each(found.by_law),
        "by_state": dict(found.by_state),
        "over_time": [
            {
                "since": span.days.first,
                "until": span.days.last,
                "received": span.received,
                "total": span.total,
                "successful": span.successful,
                "failed": span.failed,
                "success_rate": span.success_rate,
                "mean_ms": span.mean_latency_ms,
            }
            for span in found.over_time
        ],
        "phases_ms": {phase: asdict(time) for phase, time in found.phases.items()},
        "per_successful": {"attempts": found.effort.attempts, "calls": found.effort.calls},
        "errors": dict(found.errors),
        "latency_bands": [
            {"up_to_ms": edge, "total": n} for edge, n in zip((*BAND_EDGES_MS, None), found.bands, strict=True)
        ],
        "drift": [
            {"since": one.days.first, "until": one.days.last}
            | {key: value for key, value in asdict(one).items() if key != "days"}
            for one in found.drift
        ],
        "queue_depth": {name: dict(states) for name, states in found.queue_depth.items()},
        "deadlines": {
            "met": deadlines.met,
            "missed": deadlines.missed,
            "met_rate": deadlines.met_rate,
            "overdue": deadlines.overdue,
            "at_risk": deadlines.at_risk,
            "ahead": deadlines.ahead,
            "forecast": {
                "will_miss": forecast.will_miss,
                "closed_a_day": forecast.pace,
                "open": forecast.open,
                "by_date": [asdict(one) for one in forecast.by_date],
            },
        },
    }


def section_7102(found: Section7102) -> dict[str, Any]:
    """The table of 11 CCR 7102; `not_taken` names the types of request that the desk does not take."""
    return {
        "section_7102": {
            "year": found.year,
            "individuals": found.law or "all",
            "requests": {name: {**asdict(row), "complied": row.complied} for name, row in found.rows.items()},
            "not_taken": list(found.not_taken),
        }
    }


def retention(found: PurposeTotals) -> dict[str, Any]:
    return {
        "comparisons": found.comparisons,
        "failed_comparisons": found.failed_comparisons,
        "comparison_ms": asdict(found.comparison_ms),
        "changes": found.changes,
        "successful": found.successful,
        "success_rate": found.success_rate,
        "outcomes": dict(found.outcomes),
        "latency_ms": asdict(found.change_ms),
        "put_ms": asdict(found.put_ms),
    }


def _each(parts: Mapping[Any, Totals]) -> dict[str, Any]:
    return {str(name): totals(one) for name, one in parts.items()}


def _filter(where: Filter) -> dict[str, Any]:
    given = {name: getattr(where, name) for name in ("connection", "type", "category", "law", "state")}
    return {
        "since": where.days.first,
        "until": where.days.last,
        **{name: value for name, value in given.items() if value is not None},
    }
