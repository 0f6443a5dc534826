"""Days of measures gathered into what a chart can carry: single days, or weeks where there are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from core.store.measures import Day

MOST_SINGLE_DAYS = 92


@dataclass(frozen=True)
class Span:
    """The submissions that ended in `days` days from `start` on."""

    start: date
    days: int
    successful: int
    failed: int
    mean_latency_ms: float | None

    @property
    def success_rate(self) -> float | None:
        total = self.successful + self.failed
        return self.successful / total if total else None


def spans(days: Sequence[Day], period_days: int) -> list[Span]:
    """One span a day, or one a week (from Monday) for a period of more than 92 days; oldest first."""
    if period_days <= MOST_SINGLE_DAYS:
        return [Span(day.day, 1, day.successful, day.failed, day.mean_latency_ms) for day in days]
    weeks = groupby(days, key=lambda day: day.day - timedelta(days=day.day.weekday()))
    return [_week(monday, list(group)) for monday, group in weeks]


def _week(monday: date, days: list[Day]) -> Span:
    timed = [(day.mean_latency_ms, day.successful + day.failed) for day in days if day.mean_latency_ms is not None]
    weight = sum(count for _, count in timed)
    mean = sum(latency * count for latency, count in timed) / weight if weight else None
    return Span(monday, 7, sum(day.successful for day in days), sum(day.failed for day in days), mean)
