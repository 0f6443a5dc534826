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
    column, condition = GROUPS[by]
    histograms: dict[str, list[tuple[int, int]]] = {}
    for row in db.query(
        f"SELECT {column} AS part, c.bucket, sum(c.n) AS n FROM task_slices s CROSS JOIN task_latencies c "
        f"ON {slices.IN_PERIOD} WHERE {condition} GROUP BY 1, 2 HAVING sum(c.n) > 0 ORDER BY 1, 2",
        slices.parameters(where),
    ):
        histograms.setdefault(row["part"], []).append((row["bucket"], row["n"]))
    return {part: _of(db, where, by, part, histogram) for part, histogram in histograms.items()}


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
        "AND e.latency_ms < (SELECT min(low) FROM latency_buckets WHERE low > :bucket) "
        "AND e.day BETWEEN :first AND :last "
        f"AND e.slice IN (SELECT s.id FROM task_slices s WHERE {slices.TASKS_OF_ANY_CATEGORY}) "
        f"{with_category}ORDER BY e.latency_ms LIMIT 1 OFFSET :offset",
        bound,
    ).fetchone()
    return int(row[0])
