"""`metrics`: success rate and latency of a period."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from core.cli.output import InputError, answer, as_option, day, json_option, table
from core.cli.session import opened, person
from core.store.measures import Totals
from core.store.purpose_measures import PurposeTotals


@click.command()
@click.option("--since", type=day, metavar="YYYY-MM-DD", help="The first day; by default 30 days before the end.")
@click.option("--until", type=day, metavar="YYYY-MM-DD", help="The last day; by default up to now.")
@click.option("--connection", metavar="NAME", help="Only this system.")
@as_option
@json_option
def metrics(
    *, since: date | None, until: date | None, connection: str | None, as_name: str | None, as_json: bool
) -> None:
    """Success rate and latency of the submissions that ended in a period.

    Days are those of the time zone in the settings. Latency is from filing to end, in milliseconds.
    """
    if since and until and until < since:
        raise InputError("--until is before --since.")
    with opened() as desk:
        zone = ZoneInfo(desk.settings.time_zone)
        actor = person(desk.settings, as_name)
        first = _start(since, zone) if since else None
        last = _start(until + timedelta(days=1), zone) if until else None
        found = desk.metrics(actor, since=first, until=last, connection=connection)
        retention = desk.purpose_metrics(actor, since=first, until=last, connection=connection)
        # A system that is configured no more still has its numbers.
        known = {*desk.connections(), *found.by_connection}
    if connection and known and connection not in known:
        raise InputError(f"There is no connection named {connection!r}; known are {', '.join(sorted(known))}.")
    document = _to_json(found.totals) | {"by_connection": {n: _to_json(t) for n, t in found.by_connection.items()}}
    rows = [_row("all", found.totals), *(_row(name, totals) for name, totals in found.by_connection.items())]
    head = ("SYSTEM", "TOTAL", "SUCCESSFUL", "FAILED", "SUCCESS", "MEAN MS", "P50 MS", "P90 MS", "P99 MS")
    text = table(head, rows)
    if retention.comparisons or retention.changes:
        document["purposes"] = _retention_to_json(retention)
        text += ["", *_retention_as_text(retention)]
    answer(document, text, as_json=as_json)


def _start(first: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(first, time.min, zone)


def _to_json(totals: Totals) -> dict[str, Any]:
    return {
        "total": totals.total,
        "successful": totals.successful,
        "failed": totals.failed,
        "success_rate": totals.success_rate,
        "latency_ms": asdict(totals.latency_ms),
    }


def _retention_to_json(totals: PurposeTotals) -> dict[str, Any]:
    """There only where something was compared or changed in the period."""
    return {
        "comparisons": totals.comparisons,
        "failed_comparisons": totals.failed_comparisons,
        "comparison_ms": asdict(totals.comparison_ms),
        "changes": totals.changes,
        "successful": totals.successful,
        "success_rate": totals.success_rate,
        "outcomes": dict(totals.outcomes),
        "latency_ms": asdict(totals.change_ms),
        "put_ms": asdict(totals.put_ms),
    }


def _retention_as_text(totals: PurposeTotals) -> list[str]:
    rows = [
        ("comparisons", totals.comparisons, totals.comparisons - totals.failed_comparisons, totals.comparison_ms),
        ("enforced changes", totals.changes, totals.successful, totals.change_ms),
    ]
    head = ("RETENTION", "TOTAL", "SUCCESSFUL", "MEAN MS", "P50 MS", "P90 MS", "P99 MS")
    return table(head, [(*row[:3], *(value and round(value) for value in asdict(row[3]).values())) for row in rows])


def _row(name: str, totals: Totals) -> tuple[object, ...]:
    latency = totals.latency_ms
    rate = None if totals.success_rate is None else f"{totals.success_rate:.1%}"
    mean = None if latency.mean is None else round(latency.mean)
    return (name, totals.total, totals.successful, totals.failed, rate, mean, latency.p50, latency.p90, latency.p99)
