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
    if behind.standing:
        late = ">" if behind.standing is Standing.MISSED else "<="
        yield f"{_DAY_OF.format(at='r.closed_at')} {late} strftime('%s', r.due_on) / 86400", []


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
        also("t.state IN (SELECT value FROM json_each(?))", json.dumps(behind.outcome))
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
    """On these days of the controller. A day either side is let through to the index: calendars are that far apart."""
    if first:
        yield f"{column} >= ?", [(first - timedelta(days=1)).isoformat()]
        yield f"{_DAY_OF.format(at=column)} >= strftime('%s', ?) / 86400", [first.isoformat()]
    if last:
        yield f"{column} < ?", [(last + timedelta(days=2)).isoformat()]
        yield f"{_DAY_OF.format(at=column)} <= strftime('%s', ?) / 86400", [last.isoformat()]


def _between(column: str, first: date | None, last: date | None) -> Iterator[tuple[str, list[Any]]]:
    if first:
        yield f"{column} >= ?", [first.isoformat()]
    if last:
        yield f"{column} <= ?", [last.isoformat()]
