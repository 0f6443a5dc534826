"""The numbers of the meeting, one query each, from counts that are kept in the transaction of what they count."""

from core.store.measure_schema import BAND_EDGES_MS
from core.store.measures.ended import Day, Period, by_day, connections_with_ends, latencies_by_band
from core.store.measures.ended import errors as errors_of_period
from core.store.measures.ended import totals as totals_of_period
from core.store.measures.results import (
    Choices,
    Deadlines,
    DriftPoint,
    DueDay,
    Effort,
    Forecast,
    Headline,
    Latency,
    Measures,
    PhaseTime,
    Section7102,
    Section7102Row,
    Span,
    Totals,
)

__all__ = [
    "BAND_EDGES_MS",
    "Choices",
    "Day",
    "Deadlines",
    "DriftPoint",
    "DueDay",
    "Effort",
    "Forecast",
    "Headline",
    "Latency",
    "Measures",
    "Period",
    "PhaseTime",
    "Section7102",
    "Section7102Row",
    "Span",
    "Totals",
    "by_day",
    "connections_with_ends",
    "errors_of_period",
    "latencies_by_band",
    "totals_of_period",
]
