"""Keeping the counts: what triggers noted is added up before the transaction commits; or everything anew."""
# ruff: noqa: S608 - the statements are made of this file's constants and row numbers, nothing else

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from core.clock import to_text
from core.store.measure_changes import (
    ALIKE_ANSWERS,
    ALIKE_IF_OPEN,
    ALIKE_REQUESTS,
    PHASE_COLUMNS,
    TOGETHER,
    answer_change,
    request_change,
    task_change,
)

_SUMS: Final = ("latency_ms", *PHASE_COLUMNS, "attempts", "polls")
_EACH_CATEGORY: Final = "json_each(json_insert(c.categories, '$[#]', '')) j"
_ITS_SLICE: Final = """task_slices s ON s.connection = c.connection AND s.type = c.type AND s.law = c.law
    AND s.state = c.state AND s.error = c.error"""

_TASKS: Final = (
    f"""INSERT INTO task_slices (connection, type, law, state, error, category)
    SELECT DISTINCT c.connection, c.type, c.law, c.state, c.error, j.value
    FROM task_changes c CROSS JOIN {_EACH_CATEGORY} WHERE true ON CONFLICT DO NOTHING""",
    f"""INSERT INTO task_counts (slice, day, n, {", ".join(_SUMS)})
    SELECT s.id, c.day, sum(c.sign), {", ".join(f"sum(c.sign * c.{name})" for name in _SUMS)}
    FROM task_changes c CROSS JOIN {_EACH_CATEGORY} CROSS JOIN {_ITS_SLICE} AND s.category = j.value
    WHERE true GROUP BY 1, 2
    ON CONFLICT (slice, day) DO UPDATE
    SET n = n + excluded.n, {", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)}""",
    f"""INSERT INTO task_latencies (slice, day, bucket, n)
    SELECT s.id, c.day, (SELECT max(low) FROM latency_buckets WHERE low <= c.latency_ms), sum(c.sign)
    FROM task_changes c CROSS JOIN {_EACH_CATEGORY} CROSS JOIN {_ITS_SLICE} AND s.category = j.value
    WHERE c.day != 0 GROUP BY 1, 2, 3
    ON CONFLICT (slice, day, bucket) DO UPDATE SET n = n + excluded.n""",
    f"""INSERT INTO task_latencies_by_month (slice, month, bucket, n)
    SELECT s.id, strftime('%s', c.day * 86400, 'unixepoch', 'start of month') / 86400,
    (SELECT max(low) FROM latency_buckets WHERE low <= c.latency_ms), sum(c.sign)
    FROM task_changes c CROSS JOIN {_EACH_CATEGORY} CROSS JOIN {_ITS_SLICE} AND s.category = j.value
    WHERE c.day != 0 GROUP BY 1, 2, 3
    ON CONFLICT (slice, month, bucket) DO UPDATE SET n = n + excluded.n""",
    """INSERT INTO category_sets (categories)
    SELECT DISTINCT categories FROM task_changes WHERE day != 0 ON CONFLICT DO NOTHING""",
    # A task may have changed twice, and back again: what comes to nothing stays as it is.
    """DELETE FROM ended_tasks WHERE (latency_ms, task) IN (SELECT latency_ms, task FROM task_changes
    WHERE day != 0 GROUP BY latency_ms, task, day, connection, type, law, state, error HAVING sum(sign) < 0)""",
    f"""INSERT INTO ended_tasks (latency_ms, task, day, slice, categories)
    SELECT c.latency_ms, c.task, c.day, s.id, k.id FROM task_changes c
    CROSS JOIN {_ITS_SLICE} AND s.category = '' CROSS JOIN category_sets k ON k.categories = c.categories
    WHERE c.day != 0 GROUP BY c.latency_ms, c.task, c.day, s.id, k.id HAVING sum(c.sign) > 0""",
    "DELETE FROM task_counts WHERE n = 0",
    "DELETE FROM task_latencies WHERE n = 0",
    "DELETE FROM task_latencies_by_month WHERE n = 0",
    "DELETE FROM task_changes",
)

# A request is counted by its day of receipt, and once more by its due day or, closed, by the day it was closed.
_REQUEST_DAYS: Final = (
    ("received", "c.received", "c.received IS NOT NULL"),
    ("open", "c.due", "c.closed IS NULL AND c.due IS NOT NULL"),
    ("met", "c.closed", "c.closed <= c.due"),
    ("missed", "c.closed", "c.closed > c.due"),
)
_REQUESTS: Final = (
    f"""INSERT INTO request_slices (type, law, state, connection, category)
    SELECT DISTINCT c.type, c.law, c.state, c.connection, j.value
    FROM request_changes c CROSS JOIN {_EACH_CATEGORY} WHERE true ON CONFLICT DO NOTHING""",
    *(
        f"""INSERT INTO request_counts (slice, what, day, n)
        SELECT s.id, '{what}', {day}, sum(c.sign) FROM request_changes c CROSS JOIN {_EACH_CATEGORY}
        CROSS JOIN request_slices s ON s.type = c.type AND s.law = c.law AND s.state = c.state
        AND s.connection = c.connection AND s.category = j.value WHERE {condition} GROUP BY 1, 3
        ON CONFLICT (slice, what, day) DO UPDATE SET n = n + excluded.n"""
        for what, day, condition in _REQUEST_DAYS
    ),
    "DELETE FROM request_counts WHERE n = 0",
    "DELETE FROM request_changes",
)

_ANSWERS: Final = (
    """INSERT INTO answer_counts (year, law, type, state, denial, days, n)
    SELECT year, law, type, state, denial, days, sum(sign) FROM answer_changes WHERE true GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (year, law, type, state, denial, days) DO UPDATE SET n = n + excluded.n""",
    "DELETE FROM answer_counts WHERE n = 0",
    "DELETE FROM answer_changes",
)

# By the index: left to itself SQLite walks through every open task there is.
_NEW_TASKS: Final = (
    "tasks t INDEXED BY tasks_request CROSS JOIN requests r ON r.number = t.request "
    "WHERE t.request >= :first AND t.ended_at"
)
_NEW_REQUESTS: Final = "requests t, (SELECT '' AS connection) n WHERE t.number >= :first"
_AT_EACH_CONNECTION: Final = (
    "(SELECT DISTINCT request, connection FROM tasks WHERE request >= :first) n "
    "CROSS JOIN requests t ON t.number = n.request WHERE true"
)
NEW: Final = (
    task_change(TOGETHER, "t", f"{_NEW_TASKS} IS NULL {ALIKE_IF_OPEN}"),
    task_change(1, "t", f"{_NEW_TASKS} IS NOT NULL"),  # each has a latency of its own
    request_change(TOGETHER, "t", f"{_NEW_REQUESTS} {ALIKE_REQUESTS}"),
    request_change(TOGETHER, "t", f"{_AT_EACH_CONNECTION} {ALIKE_REQUESTS}"),
    answer_change(TOGETHER, "t", "''", f"requests t WHERE t.number >= :first {ALIKE_ANSWERS}"),
)

_CHUNK: Final = 20_000
_YEARS: Final = range(2000, 2101)


def add_up(db: Database) -> None:
    """Add what changed in the open transaction to the counts. Nothing changed costs three look-ups."""
    for table, statements in (("task", _TASKS), ("request", _REQUESTS), ("answer", _ANSWERS)):
        if db.execute(f"SELECT 1 FROM {table}_changes LIMIT 1").fetchone():
            for statement in statements:
                db.execute(statement)


@contextmanager
def in_bulk(db: Database, first: int) -> Iterator[None]:
    """Inside, requests with numbers from `first` on and their tasks are inserted, and nothing else; what counts alike
    is noted as one change at the end, not row by row.

    An error inside has to undo the transaction, for until the end nothing is counted.
    """
    db.execute("INSERT INTO counted_in_bulk VALUES (?)", [first])
    yield
    for statement in NEW:
        db.execute(statement, {"first": first})
    db.execute("DELETE FROM counted_in_bulk")


def count_tasks_and_requests(db: Database) -> None:
    """Count everything on record anew, inside the open transaction: about a minute for a million requests."""
    for table in (
        "task_counts", "task_latencies", "task_latencies_by_month", "ended_tasks", "request_counts", "task_changes",
        "request_changes",
    ):  # fmt: skip
        db.execute(f"DELETE FROM {table}")
    for first in _chunks(db, "tasks"):
        between = f"t.number BETWEEN {first} AND {first + _CHUNK - 1}"
        db.execute(task_change(1, "t", f"tasks t JOIN requests r ON r.number = t.request WHERE {between}"))
        _run(db, _TASKS)
    for first in _chunks(db, "requests"):
        between = f"t.number BETWEEN {first} AND {first + _CHUNK - 1}"
        db.execute(request_change(1, "t", f"requests t, (SELECT '' AS connection) n WHERE {between}"))
        each = f"SELECT DISTINCT request, connection FROM tasks WHERE {between.replace('t.number', 'request')}"
        db.execute(request_change(1, "t", f"requests t JOIN ({each}) n ON n.request = t.number"))
        _run(db, _REQUESTS)


def count_answers(db: Database) -> None:
    """Count the answers of 11 CCR 7102 anew, inside the open transaction."""
    db.execute("DELETE FROM answer_counts")
    db.execute("DELETE FROM answer_changes")
    denial = "coalesce((SELECT class_7102 FROM denials d WHERE d.request = t.number), '')"
    for first in _chunks(db, "requests"):
        db.execute(answer_change(1, "t", denial, f"requests t WHERE t.number BETWEEN {first} AND {first + _CHUNK - 1}"))
        _run(db, _ANSWERS)


def zone_of(db: Database) -> str:
    """The time zone whose calendar the counts follow; "" in a database of the earlier release, not yet counted."""
    return str(db.execute("SELECT zone FROM measured_zone").fetchone()[0])


def follow_calendar(db: Database, zone: str) -> None:
    """Count everything by the calendar of another time zone, inside the open transaction."""
    db.execute("UPDATE measured_zone SET zone = ?", [zone])
    db.execute("DELETE FROM zone_offsets")
    db.conn.executemany("INSERT INTO zone_offsets VALUES (?, ?)", _offsets(ZoneInfo(zone)))
    count_tasks_and_requests(db)
    count_answers(db)


def _run(db: Database, statements: tuple[str, ...]) -> None:
    for statement in statements:
        db.execute(statement)


def _chunks(db: Database, table: str) -> range:
    (last,) = db.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()
    return range(1, last + 1, _CHUNK)


@cache
def _offsets(zone: ZoneInfo) -> list[tuple[str, int]]:
    """Each instant from which another offset to UTC holds, to the second; the first holds for all time before.

    Looked for a week at a time: no zone keeps an offset for less.
    """

    def at(moment: datetime) -> int:
        offset = moment.astimezone(zone).utcoffset()
        return round(offset.total_seconds()) if offset is not None else 0

    before = datetime(_YEARS.start, 1, 1, tzinfo=UTC)
    found = [("", at(before))]
    while before.year < _YEARS.stop:
        after = before + timedelta(days=7)
        if at(after) != found[-1][1]:
            low, high = before, after
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
                low, high = (middle, high) if at(middle) == found[-1][1] else (low, middle)
            found.append((to_text(high), at(after)))
        before = after
    return found
