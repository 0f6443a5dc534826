"""The requests behind a number, as conditions on the rows; each means what the measure that counts it means."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from core.model.behind import Behind, Counted, Standing

# An instant's day on the calendar that the counts follow, as days since 1970-01-01 (see measure_schema).
_DAY_OF = (
    "(strftime('%s', {at}) + (SELECT seconds FROM zone_offsets WHERE starts_at <= {at} "
    "ORDER BY starts_at DESC LIMIT 1)) / 86400"
)
# The instant at which a day begins there. Reckoned once for a statement, where a day of each row takes a second for
# 100 000 of them.
_MIDNIGHT = (
    "(SELECT strftime('%Y-%m-%dT%H:%M:%S', strftime('%s', ?) - seconds, 'unixepoch') || '.000000Z' AS begins "
    "FROM zone_offsets WHERE starts_at <= begins ORDER BY starts_at DESC LIMIT 1)"
)
_CODE = "coalesce(json_extract(t.error, '$.code'), t.state)"


def conditions(behind: Behind) -> Iterator[tuple[str, list[Any]]]:
    """Fixed clauses on `requests r`, each with the values it binds."""
    if behind.kind:
        yield "r.type = ?", [behind.kind]
    if behind.law:
        yield "r.law = ?", [behind.law]
    if behind.category:
        yield "EXISTS (SELECT 1 FROM json_each(r.categories) WHERE value = ?)", [behind.category]
    if behind.answer:
        yield "r.state IN (SELECT value FROM json_each(?))", [json.dumps(behind.answer)]
    match behind.counted:
        case Counted.ENDED | Counted.WAITING:
            yield _submission(behind)
            return
        case Counted.CLOSED:
            yield "r.closed_at IS NOT NULL", []
            if not behind.answer:
                yield "r.state != 'cancelled'", []
            yield from _on_days("r.closed_at", behind.first, behind.last)
        case Counted.RECEIVED:
            yield from _between("r.received", behind.first, behind.last)
        case Counted.OPEN:
            yield "r.closed_at IS NULL", []
            yield from _between("r.due_on", behind.first, behind.last)
    if behind.connection:
        yield "EXISTS (SELECT 1 FROM tasks t WHERE t.request = r.number AND t.connection = ?)", [behind.connection]
    # A day there and a day in UTC are at most one apart: what is plain without a calendar is told without it.
    closed_on, due_on = _DAY_OF.format(at="r.closed_at"), "strftime('%s', r.due_on) / 86400"
    if behind.standing is Standing.MISSED:
        yield f"r.closed_at >= r.due_on AND {closed_on} > {due_on}", []
    if behind.standing is Standing.MET:
        yield f"(r.closed_at < r.due_on OR {closed_on} <= {due_on})", []


def _submission(behind: Behind) -> tuple[str, list[Any]]:
    """One submission has all of it: not one that ended then and another that failed."""
    clauses: list[str] = []
    values: list[Any] = []

    def also(clause: str, *bound: Any) -> None:
        clauses.append(clause)
        values.extend(bound)

    if behind.counted is Counted.ENDED:
        also("t.ended_at IS NOT NULL")
        for clause, bound in _on_days("t.ended_at", behind.first, behind.last):
            also(clause, *bound)
    else:
        also("t.ended_at IS NULL")
    if behind.connection:
        also("t.connection = ?", behind.connection)
    if behind.outcome:
        # The plus keeps SQLite from reading every completed task there ever was for those of one day.
        column = "+t.state" if behind.counted is Counted.ENDED else "t.state"
        also(f"{column} IN (SELECT value FROM json_each(?))", json.dumps(behind.outcome))  # noqa: S608 - fixed clauses
    else:
        also("t.state != 'cancelled'")
    if behind.error:
        also(f"{_CODE} = ?", behind.error)
    if behind.over is not None:
        also("t.latency_ms > ?", behind.over)
    if behind.up_to is not None:
        also("t.latency_ms <= ?", behind.up_to)
    return f"r.number IN (SELECT t.request FROM tasks t WHERE {' AND '.join(clauses)})", values  # noqa: S608 - fixed clauses


def _on_days(column: str, first: date | None, last: date | None) -> Iterator[tuple[str, list[Any]]]:
    """On these days of the controller: from the midnight of the first up to that after the last."""
    if first:
        yield f"{column} >= {_MIDNIGHT}", [first.isoformat()]
    if last:
        yield f"{column} < {_MIDNIGHT}", [(last + timedelta(days=1)).isoformat()]


def _between(column: str, first: date | None, last: date | None) -> Iterator[tuple[str, list[Any]]]:
    if first:
        yield f"{column} >= ?", [first.isoformat()]
    if last:
        yield f"{column} <= ?", [last.isoformat()]
