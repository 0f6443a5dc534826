"""The scale that a chart's values read best on."""

import math
from dataclasses import dataclass

from core.desk.reports.figures import Chart, Kind

_TIMES = ((86_400_000, "Days"), (3_600_000, "Hours"), (60_000, "Minutes"))


@dataclass(frozen=True)
class Scale:
    """Values are divided by `divisor`; the axis runs from 0 to `top` and has a line at each of `ticks`."""

    divisor: float
    unit: str
    top: float
    ticks: tuple[float, ...]
    percent: bool = False

    def label(self, tick: float) -> str:
        if self.percent:
            return f"{tick * 100:.0f} %"
        return f"{tick:,.10g}".replace(",", "\u00a0")


def scale_of(chart: Chart) -> Scale:
    """Shares always up to 1, durations in the unit that suits the longest, counts in whole steps."""
    kind = chart.table.column(chart.drawn[0]).kind
    if kind is Kind.SHARE:
        return Scale(1, chart.unit, 1.0, (0, 0.25, 0.5, 0.75, 1.0), percent=True)
    most = _most(chart)
    divisor, unit = 1.0, chart.unit
    if kind is Kind.DURATION:
        size, named = next(((size, named) for size, named in _TIMES if most >= 2 * size), (1000, "Seconds"))
        divisor, unit = float(size), f"{named} {chart.unit}".strip()
    ticks = _ticks(most / divisor, whole=kind is Kind.COUNT)
    return Scale(divisor, unit, ticks[-1], ticks)


def _most(chart: Chart) -> float:
    columns = [[value or 0 for value in chart.table.values(name)] for name in chart.drawn]
    if chart.form == "lines":
        return max((value for column in columns for value in column), default=0)
    return max((sum(row) for row in zip(*columns, strict=True)), default=0)


def _ticks(most: float, *, whole: bool) -> tuple[float, ...]:
    """Round steps of 1, 2 or 5, four or five of them, the last at or above `most`."""
    if most <= 0:
        return (0, 1)
    step = 10 ** math.floor(math.log10(most / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if most / (step * factor) <= 5)
    if whole:
        step = max(1, step)
    return tuple(round(index * step, 10) for index in range(math.ceil(most / step - 1e-9) + 1))
