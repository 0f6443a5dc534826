"""The numbers of retention: comparisons and enforced changes of a period, with their latency, one query each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import from_text
from core.model.enforcements import SUCCESSFUL, ChangeState
from core.model.purposes import PurposeStatus
from core.store.measures import Latency, Period

_COMPARED = (
    "FROM purpose_comparisons WHERE ended_at IS NOT NULL AND ended_at >= :since AND ended_at < :until "
    "AND (:connection IS NULL OR connection = :connection)"
)
_ENDED = (
    "FROM enforcement_changes WHERE ended_at IS NOT NULL AND state != 'cancelled' "
    "AND ended_at >= :since AND ended_at < :until AND (:connection IS NULL OR connection = :connection)"
)


@dataclass(frozen=True)
class PurposeTotals:
    """What ended in a period. Latency runs from asking to the end, in milliseconds; `put_ms` is the vendor's alone.

    `comparison_ms` is over the comparisons that read the whole list. A change is successful where the vendor has what
    is declared; cancelled ones are left out.
    """

    comparisons: int
    failed_comparisons: int
    comparison_ms: Latency
    outcomes: Mapping[ChangeState, int]
    change_ms: Latency
    put_ms: Latency

    @property
    def changes(self) -> int:
        return sum(self.outcomes.values())

    @property
    def successful(self) -> int:
        return sum(count for state, count in self.outcomes.items() if state in SUCCESSFUL)

    @property
    def success_rate(self) -> float | None:
        """A share from 0 to 1; None where no change ended."""
        return self.successful / self.changes if self.changes else None


def totals(db: Database, period: Period) -> PurposeTotals:
    (row,) = db.query(
        f"SELECT count(*) AS n, coalesce(sum(error IS NOT NULL), 0) AS failed {_COMPARED}", period.parameters()
    )
    outcomes = {
        ChangeState(counted["state"]): counted["n"]
        for counted in db.query(f"SELECT state, count(*) AS n {_ENDED} GROUP BY state", period.parameters())
    }
    return PurposeTotals(
        comparisons=row["n"],
        failed_comparisons=row["failed"],
        comparison_ms=_latency(db, period, "latency_ms", f"{_COMPARED} AND error IS NULL"),
        outcomes=outcomes,
        change_ms=_latency(db, period, "latency_ms", _ENDED),
        put_ms=_latency(db, period, "put_ms", _ENDED),
    )


def standings(db: Database) -> dict[str, dict[PurposeStatus, int]]:
    """How many purposes of each connection stand how, now."""
    counted: dict[str, dict[PurposeStatus, int]] = {}
    for row in db.query("SELECT connection, status, count(*) AS n FROM purpose_standings GROUP BY connection, status"):
        counted.setdefault(row["connection"], {})[PurposeStatus(row["status"])] = row["n"]
    return counted


def changes(db: Database) -> dict[str, dict[ChangeState, int]]:
    """How many changes of each connection are in each state, over everything on record."""
    counted: dict[str, dict[ChangeState, int]] = {}
    for row in db.query("SELECT connection, state, count(*) AS n FROM enforcement_changes GROUP BY connection, state"):
        counted.setdefault(row["connection"], {})[ChangeState(row["state"])] = row["n"]
    return counted


def compared_at(db: Database) -> dict[str, datetime]:
    """When the whole list of each connection was last read."""
    return {
        row["connection"]: from_text(row["at"])
        for row in db.query(
            "SELECT connection, max(ended_at) AS at FROM purpose_comparisons WHERE error IS NULL "
            "AND ended_at IS NOT NULL GROUP BY connection"
        )
    }


def _latency(db: Database, period: Period, column: str, source: str) -> Latency:
    """Mean and nearest-rank percentiles of one column, where it is known."""
    # Only fixed columns and clauses of this file are put into the statements.
    where = f"{source} AND {column} IS NOT NULL"
    (row,) = db.query(f"SELECT count(*) AS n, avg({column}) AS mean {where}", period.parameters())

    def percentile(percent: int) -> int | None:
        if not row["n"]:
            return None
        rank = math.ceil(row["n"] * percent / 100) - 1
        (found,) = db.query(
            f"SELECT {column} AS value {where} ORDER BY {column} LIMIT 1 OFFSET :rank",
            {**period.parameters(), "rank": rank},
        )
        return int(found["value"])

    return Latency(row["mean"], percentile(50), percentile(90), percentile(99))
