"""The measures as tables for a terminal, each under its name and definition."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.cli.output import table, words
from core.model.measures import MEASURES, Phase
from core.store.measures import Measures, Section7102, Totals
from core.store.purpose_measures import PurposeTotals

_TOTALS = ("TOTAL", "SUCCESSFUL", "FAILED", "SUCCESS", "MEAN MS", "P50 MS", "P90 MS", "P99 MS")


def measures(found: Measures) -> list[str]:
    """Everything but the series over time, which is for a chart or for `--json`."""
    where, deadlines = found.where, found.deadlines
    lines = [f"{where.days.first} to {where.days.last}", ""]
    lines += table(("SYSTEM", *_TOTALS), [("all", *_row(found.totals)), *_rows(found.by_connection)])
    for key, head, parts in (
        ("by_type", "TYPE", found.by_type),
        ("by_category", "CATEGORY", found.by_category),
        ("by_law", "LAW", found.by_law),
    ):
        if parts:
            lines += [*_named(key), *table((head, *_TOTALS), _rows(parts))]
    if found.totals.total:
        spent = [
            (MEASURES[f"phase_{phase}"].name, round(time.mean_ms or 0), _share(time.share))
            for phase, time in ((phase, found.phases[phase]) for phase in Phase)
        ]
        lines += [*_named("phases"), *table(("WAITED FOR", "MEAN MS", "SHARE"), spent)]
    if found.effort.successful:
        each = [(MEASURES[key].name, f"{getattr(found.effort, key):.2f}") for key in ("attempts", "calls")]
        lines += ["", *table(("FOR EACH SUCCESSFUL ONE", "MEAN"), each)]
    if found.errors:
        lines += [
            *_named("errors"),
            *table(("CLASS OF ERROR", "TOTAL"), [(words(code), n) for code, n in found.errors]),
        ]
    if found.queue_depth:
        depth = [(name, words(state), n) for name, states in found.queue_depth.items() for state, n in states.items()]
        lines += [*_named("queue_depth"), *table(("SYSTEM", "STATE", "TOTAL"), depth)]
    dates = [
        ("met", deadlines.met),
        ("missed", deadlines.missed),
        ("overdue", deadlines.overdue),
        ("at risk", deadlines.at_risk),
        ("ahead", deadlines.ahead),
        ("will miss", deadlines.forecast.will_miss),
    ]
    pace = (
        f"At {deadlines.forecast.pace:.1f} closed a day, {deadlines.forecast.will_miss} of {deadlines.forecast.open} "
    )
    return [*lines, "", *table(("LEGAL DATE", "REQUESTS"), dates), f"{pace}open requests will miss their date."]


def retention(found: PurposeTotals) -> list[str]:
    rows = [
        ("comparisons", found.comparisons, found.comparisons - found.failed_comparisons, found.comparison_ms),
        ("enforced changes", found.changes, found.successful, found.change_ms),
    ]
    head = ("RETENTION", "TOTAL", "SUCCESSFUL", "MEAN MS", "P50 MS", "P90 MS", "P99 MS")
    return table(head, [(*row[:3], *(value and round(value) for value in asdict(row[3]).values())) for row in rows])


def section_7102(found: Section7102) -> list[str]:
    who = f"requests under {found.law}" if found.law else "requests of all individuals"
    head = (
        "TYPE",
        "RECEIVED",
        "COMPLIED",
        "IN PART",
        "DENIED",
        "FAILED",
        "WITHDRAWN",
        "PENDING",
        "MEDIAN",
        "MEAN DAYS",
    )
    rows = [
        (
            words(name),
            row.received,
            row.complied,
            row.complied_in_part,
            row.denied,
            row.failed,
            row.withdrawn,
            row.pending,
            row.median_days,
            None if row.mean_days is None else f"{row.mean_days:.1f}",
        )
        for name, row in found.rows.items()
    ]
    denials = [
        (words(name), words(ground), n) for name, row in found.rows.items() for ground, n in row.denials.items() if n
    ]
    lines = [f"{found.year}, {who}.", MEASURES["section_7102"].definition, "", *table(head, rows)]
    if denials:
        lines += ["", *table(("TYPE", "DENIED BECAUSE", "TOTAL"), denials)]
    return [*lines, "", f"Privacy Desk takes no requests to {', '.join(words(name) for name in found.not_taken)}."]


def _named(key: str) -> list[str]:
    return ["", MEASURES[key].definition]


def _rows(parts: Mapping[Any, Totals]) -> Sequence[tuple[object, ...]]:
    return [(name, *_row(totals)) for name, totals in parts.items()]


def _row(totals: Totals) -> tuple[object, ...]:
    latency = totals.latency_ms
    mean = None if latency.mean is None else round(latency.mean)
    rate = _share(totals.success_rate)
    return (totals.total, totals.successful, totals.failed, rate, mean, latency.p50, latency.p90, latency.p99)


def _share(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
