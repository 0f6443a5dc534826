"""The numbers of the meeting, one query each, from counts that are kept in the transaction of what they count."""

from core.store.measure_schema import BAND_EDGES_MS
from core.store.measures.period import Period
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
]
