"""Cards and tables that several sections are made of, and how a number compares with that of the period before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from core.desk.reports.figures import Card, Column, Kind, Row, Table
from core.model.behind import Behind, Counted
from core.model.measures import MEASURES, Days, Filter
from core.model.privacy_requests import TaskState
from core.model.wording import day
from core.store.measures import Latency, Span, Totals

SUCCESS: Final = (TaskState.COMPLETED, TaskState.NOTHING_FOUND)
FAILURE: Final = (TaskState.FAILED, TaskState.REFUSED, TaskState.PARTLY_COMPLETED)

ENDED: Final = "Ended"
SUCCESSFUL: Final = "Successful"
FAILED: Final = "Failed"

NOTHING_ENDED: Final = (
    "Nothing ended in this period. Choose a longer one, or fewer filters; what is under way is under Queue."
)

OF_TOTALS: Final = (
    Column(ENDED),
    Column(SUCCESSFUL),
    Column(FAILED),
    Column("Success rate", Kind.SHARE),
    Column("Mean latency", Kind.DURATION),
    Column("p50", Kind.DURATION),
    Column("p90", Kind.DURATION),
    Column("p99", Kind.DURATION),
)


def definition(name: str) -> str:
    return MEASURES[name].definition


def of_totals(totals: Totals) -> tuple[Any, ...]:
    """The values of `OF_TOTALS`."""
    latency = totals.latency_ms
    return (
        totals.total, totals.successful, totals.failed, totals.success_rate,
        latency.mean, latency.p50, latency.p90, latency.p99,
    )  # fmt: skip


def behind_totals(where: Filter, **more: Any) -> Mapping[str, Behind]:
    """The requests whose submissions `OF_TOTALS` counts."""
    ended = Behind.of(Counted.ENDED, where, where.days, **more)
    if where.state:
        well = where.state in SUCCESS
        return {ENDED: ended, SUCCESSFUL if well else FAILED: ended}
    return {ENDED: ended, SUCCESSFUL: replace(ended, outcome=SUCCESS), FAILED: replace(ended, outcome=FAILURE)}


def breakdown(first: str, totals: Mapping[Any, Totals], words: Mapping[Any, str], where: Filter, field: str) -> Table:
    """The measures of each of a kind, those with the most submissions first; `field` names the kind in `Behind`."""
    ordered = sorted(totals.items(), key=lambda one: (-one[1].total, one[0]))
    return Table(
        (Column(first, Kind.TEXT), *OF_TOTALS),
        tuple(
            Row((words.get(name, name), *of_totals(found)), behind_totals(where, **{field: name}))
            for name, found in ordered
        ),
    )


def latency_cards(now: Latency, before: Latency | None, spans: Sequence[Span]) -> tuple[Card, ...]:
    means = tuple(span.mean_latency_ms for span in spans if span.mean_latency_ms is not None)
    return tuple(
        Card(
            MEASURES[f"latency_{part}"].name,
            getattr(now, part),
            Kind.DURATION,
            definition(f"latency_{part}"),
            before=getattr(before, part) if before else None,
            course=means if part == "mean" else (),
            better="down",
        )
        for part in ("mean", "p50", "p90", "p99")
    )


def period_words(days: Days) -> str:
    """`Mon 2 Nov 2026 to Sun 8 Nov 2026`."""
    return day(days.first) if days.count == 1 else f"{day(days.first)} to {day(days.last)}"
