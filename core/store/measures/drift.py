"""How the declared retention purposes stood against the vendors over time, by the comparisons on record."""

from datetime import date
from typing import Any, Final

from sqlite_utils import Database

from core.model.measures import Filter, Grain
from core.store.measures import slices
from core.store.measures.results import DriftPoint

_COUNTS: Final = ("in_force", "drifted", "missing", "undeclared", "ambiguous")


def drift(db: Database, where: Filter, grain: Grain) -> tuple[DriftPoint, ...]:
    """One point a span; of the filter only period and connection matter, for purposes have nothing else."""
    # With max(), SQLite takes the other columns from the row that has it: the last comparison of each day.
    rows = list(
        db.query(
            "SELECT p.connection, (strftime('%s', p.ended_at) + (SELECT seconds FROM zone_offsets "
            "WHERE starts_at <= p.ended_at ORDER BY starts_at DESC LIMIT 1)) / 86400 AS day, max(p.ended_at), "
            "p.in_force, p.drifted, p.missing, p.undeclared, p.ambiguous FROM purpose_comparisons p "
            "WHERE p.ended_at IS NOT NULL AND p.error IS NULL AND (:connection IS NULL OR p.connection = :connection) "
            "GROUP BY 1, 2 ORDER BY day",
            {"connection": where.connection},
        )
    )
    points: list[DriftPoint] = []
    newest: dict[str, dict[str, Any]] = {}
    position = 0
    for span in where.days.spans(grain):
        while position < len(rows) and _day(rows[position]) <= span.last:
            newest[rows[position]["connection"]] = rows[position]
            position += 1
        sums = [sum(row[name] or 0 for row in newest.values()) if newest else None for name in _COUNTS]
        points.append(DriftPoint(span, *sums))
    return tuple(points)


def _day(row: dict[str, Any]) -> date:
    return slices.day_of(row["day"])
