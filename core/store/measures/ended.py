"""The numbers of the meeting, one query each. A submission counts in the period in which it ended."""

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from core.clock import to_text
from core.store.measures.results import Latency, Totals

_ENDED = (
    "FROM tasks WHERE ended_at IS NOT NULL AND state != 'cancelled' "
    "AND ended_at >= :since AND ended_at < :until AND (:connection IS NULL OR connection = :connection)"
)
_SUCCESSFUL = "state IN ('completed', 'nothing_found')"


@dataclass(frozen=True)
class Day:
    """The submissions that ended on one day, UTC."""

    day: date
    successful: int
    failed: int
    mean_latency_ms: float | None


@dataclass(frozen=True)
class Period:
    """From `since` up to, not including, `until`; one connection, or all."""

    since: datetime
    until: datetime
    connection: str | None = None

    def parameters(self) -> dict[str, Any]:
        return {"since": to_text(self.since), "until": to_text(self.until), "connection": self.connection}


def totals(db: Database, period: Period) -> Totals:
    (row,) = db.query(
        f"SELECT count(*) AS total, coalesce(sum({_SUCCESSFUL}), 0) AS successful, avg(latency_ms) AS mean {_ENDED}",
        period.parameters(),
    )
    latency = Latency(
        row["mean"],
        _percentile(db, period, row["total"], 50),
        _percentile(db, period, row["total"], 90),
        _percentile(db, period, row["total"], 99),
    )
    return Totals(row["total"], row["successful"], row["total"] - row["successful"], latency)


def connections_with_ends(db: Database, period: Period) -> list[str]:
    return [
        row["connection"] for row in db.query(f"SELECT DISTINCT connection {_ENDED} ORDER BY 1", period.parameters())
    ]


def by_day(db: Database, period: Period) -> list[Day]:
    """Days on which something ended, oldest first."""
    return [
        Day(date.fromisoformat(row["day"]), row["successful"], row["total"] - row["successful"], row["mean"])
        for row in db.query(
            f"SELECT substr(ended_at, 1, 10) AS day, count(*) AS total, sum({_SUCCESSFUL}) AS successful, "
            f"avg(latency_ms) AS mean {_ENDED} GROUP BY day ORDER BY day",
            period.parameters(),
        )
    ]


def latencies_by_band(db: Database, period: Period, edges_ms: list[int]) -> list[int]:
    """How many submissions took up to each edge, and last how many took longer."""
    cases = " ".join(f"WHEN latency_ms <= {int(edge)} THEN {index}" for index, edge in enumerate(edges_ms))
    counted = {
        row["band"]: row["n"]
        for row in db.query(
            f"SELECT CASE {cases} ELSE {len(edges_ms)} END AS band, count(*) AS n {_ENDED} GROUP BY band",
            period.parameters(),
        )
    }
    return [counted.get(band, 0) for band in range(len(edges_ms) + 1)]


def errors(db: Database, period: Period, limit: int = 12) -> list[tuple[str, int]]:
    """The classes of error that submissions ended with, the most frequent first."""
    return [
        (row["code"], row["n"])
        for row in db.query(
            "SELECT coalesce(json_extract(error, '$.code'), state) AS code, count(*) AS n "
            f"{_ENDED} AND NOT {_SUCCESSFUL} GROUP BY code ORDER BY n DESC, code LIMIT :limit",
            {**period.parameters(), "limit": limit},
        )
    ]


def _percentile(db: Database, period: Period, total: int, percent: int) -> int | None:
    if not total:
        return None
    rank = math.ceil(total * percent / 100) - 1
    (row,) = db.query(
        f"SELECT latency_ms {_ENDED} ORDER BY latency_ms LIMIT 1 OFFSET :rank",
        {**period.parameters(), "rank": rank},
    )
    return int(row["latency_ms"])
