"""Exact percentiles by nearest rank: a histogram finds the bucket, a short walk along an index the value in it."""
# ruff: noqa: S608 - only fixed conditions are put into the statements, values are bound

import math
from typing import Final

from sqlite_utils import Database

from core.model.measures import Filter
from core.store.measures import slices

PERCENTS: Final = (50, 90, 99)

# By what percentiles can be told apart, and by which slices of which histogram.
GROUPS: Final = {
    "": ("''", slices.TASKS),
    "connection": ("s.connection", slices.TASKS),
    "type": ("s.type", slices.TASKS),
    "law": ("s.law", slices.TASKS),
    "category": ("s.category", slices.TASKS_BY_CATEGORY),
}


def percentiles(db: Database, where: Filter, by: str = "") -> dict[str, tuple[int, ...]]:
    """p50, p90 and p99 of each group in which something ended, in milliseconds; `by` is a key of GROUPS."""
    found = histograms(db, where, by)
    return {part: _of(db, where, by, part, histogram) for part, histogram in found.items()}


def histograms(db: Database, where: Filter, by: str = "") -> dict[str, list[tuple[int, int]]]:
    """How many ended in each bucket of latency, named by the least in it, in each group: whole months and odd days."""
    column, condition = GROUPS[by]
    first, last = slices.number_of(where.days.first), slices.number_of(where.days.last)
    months = slices.whole_months(where.days)
    from_month, to_month = map(slices.number_of, months) if months else (last + 1, last)
    parts = " UNION ALL ".join(
        f"SELECT {column} AS part, c.bucket, c.n FROM task_slices s CROSS JOIN {table} c ON c.slice = s.id "
        f"AND c.{unit} BETWEEN {begin} AND {end} WHERE {condition}"
        for table, unit, begin, end in (
            ("task_latencies", "day", first, from_month - 1),
            ("task_latencies_by_month", "month", from_month, to_month),
            ("task_latencies", "day", to_month + 1, last),
        )
        if begin <= end
    )
    found: dict[str, list[tuple[int, int]]] = {}
    for row in db.execute(
        f"SELECT part, bucket, sum(n) FROM ({parts}) GROUP BY 1, 2 ORDER BY 1, 2", slices.parameters(where)
    ):
        found.setdefault(row[0], []).append((row[1], row[2]))
    return found


def _of(db: Database, where: Filter, by: str, part: str, histogram: list[tuple[int, int]]) -> tuple[int, ...]:
    total = sum(n for _, n in histogram)
    found = []
    for percent in PERCENTS:
        rank = math.ceil(total * percent / 100) - 1
        before = 0
        for bucket, n in histogram:
            if rank < before + n:
                found.append(_inside(db, where, {by: part} if by else {}, bucket, rank - before))
                break
            before += n
    return tuple(found)


def _inside(db: Database, where: Filter, group: dict[str, str], bucket: int, offset: int) -> int:
    """The latency at a rank inside a bucket. Sets of categories are few; tasks in a bucket are many."""
    bound = slices.parameters(where, bucket=bucket, offset=offset) | group
    with_category = (
        "AND e.categories IN (SELECT k.id FROM category_sets k, json_each(k.categories) j WHERE j.value = :category) "
        if bound["category"]
        else ""
    )
    row = db.execute(
        "SELECT e.latency_ms FROM ended_tasks e WHERE e.latency_ms >= :bucket "
        "AND e.latency_ms < (SELECT coalesce(min(low), 1 << 62) FROM latency_buckets WHERE low > :bucket) "
        "AND e.day BETWEEN :first AND :last "
        f"AND e.slice IN (SELECT s.id FROM task_slices s WHERE {slices.TASKS_OF_ANY_CATEGORY}) "
        f"{with_category}ORDER BY e.latency_ms LIMIT 1 OFFSET :offset",
        bound,
    ).fetchone()
    return int(row[0])
