"""The submissions that ended in a period, and those that have not ended: counts, rates, latencies, phases, errors."""
# ruff: noqa: S608 - only fixed conditions and columns are put into the statements, values are bound

from bisect import bisect_left, bisect_right
from typing import Any, Final

from sqlite_utils import Database

from core.model.measures import Filter, Grain, Phase
from core.model.privacy_requests import TaskState
from core.store.measure_schema import BAND_EDGES_MS
from core.store.measures import slices
from core.store.measures.percentiles import GROUPS, histograms, percentiles
from core.store.measures.results import Effort, Latency, PhaseTime, Span, Totals

_ENDED: Final = f"FROM task_slices s CROSS JOIN task_counts c ON {slices.IN_PERIOD} WHERE"
_NOTHING: Final = Totals(0, 0, 0, Latency(None, None, None, None))


def totals(db: Database, where: Filter) -> Totals:
    return totals_by(db, where, "").get("", _NOTHING)


def totals_by(db: Database, where: Filter, by: str) -> dict[str, Totals]:
    """The totals of each connection, type, category or law in which something ended (`by` names which)."""
    column, condition = GROUPS[by]
    ranks = percentiles(db, where, by)
    found = {}
    for row in db.query(
        f"SELECT {column} AS part, sum(c.n) AS total, sum(iif({slices.SUCCESSFUL}, c.n, 0)) AS successful, "
        f"sum(c.latency_ms) AS ms {_ENDED} {condition} GROUP BY 1 HAVING sum(c.n) > 0 ORDER BY 1",
        slices.parameters(where),
    ):
        latency = Latency(row["ms"] / row["total"], *ranks[row["part"]])
        found[row["part"]] = Totals(row["total"], row["successful"], row["total"] - row["successful"], latency)
    return found


def by_state(db: Database, where: Filter) -> dict[TaskState, int]:
    """How the submissions of the period ended, cancelled ones included."""
    return {
        TaskState(row["state"]): row["n"]
        for row in db.query(
            f"SELECT s.state, sum(c.n) AS n {_ENDED} {slices.TASKS_OF_EACH_STATE} GROUP BY 1 HAVING sum(c.n) > 0",
            slices.parameters(where),
        )
    }


def over_time(db: Database, where: Filter, grain: Grain) -> tuple[Span, ...]:
    """Every span of the period, in order; those in which nothing happened too."""
    bound = slices.parameters(where)
    ended = {
        slices.day_of(row["day"]): row
        for row in db.query(
            f"SELECT c.day, sum(c.n) AS total, sum(iif({slices.SUCCESSFUL}, c.n, 0)) AS successful, "
            f"sum(c.latency_ms) AS ms {_ENDED} {slices.TASKS} GROUP BY c.day HAVING sum(c.n) > 0",
            bound,
        )
    }
    received = (
        {}
        if slices.names_no_request(where)
        else {
            slices.day_of(row["day"]): row["n"]
            for row in db.query(
                "SELECT c.day, sum(c.n) AS n FROM request_slices s CROSS JOIN request_counts c ON c.slice = s.id "
                "AND c.what = 'received' AND c.day BETWEEN :first AND :last "
                f"WHERE {slices.REQUESTS_OF_EACH_STATE} GROUP BY c.day",
                bound,
            )
        }
    )
    starts = [span.first for span in where.days.spans(grain)]
    sums = [[0, 0, 0, 0] for _ in starts]
    for day, row in ended.items():
        cell = sums[bisect_right(starts, day) - 1]
        cell[1] += row["total"]
        cell[2] += row["successful"]
        cell[3] += row["ms"]
    for day, n in received.items():
        sums[bisect_right(starts, day) - 1][0] += n
    return tuple(
        Span(days, came, total, successful, ms / total if total else None)
        for days, (came, total, successful, ms) in zip(where.days.spans(grain), sums, strict=True)
    )


def phases(db: Database, where: Filter) -> dict[Phase, PhaseTime]:
    """Where the time of the submissions that ended went; the totals add up to the sum of their latencies."""
    row = _sums(db, where, "sum(c.n) AS n, " + ", ".join(f"sum(c.{phase}_ms) AS {phase}" for phase in Phase))
    whole, n = sum(row[phase] or 0 for phase in Phase), row["n"] or 0
    return {
        phase: PhaseTime(row[phase] or 0, row[phase] / n if n else None, row[phase] / whole if whole else None)
        for phase in Phase
    }


def effort(db: Database, where: Filter) -> Effort:
    """Attempts, and calls (attempts and polls), for each successful submission."""
    row = _sums(
        db,
        where,
        f"sum(iif({slices.SUCCESSFUL}, c.n, 0)) AS n, sum(iif({slices.SUCCESSFUL}, c.attempts, 0)) AS attempts, "
        f"sum(iif({slices.SUCCESSFUL}, c.attempts + c.polls, 0)) AS calls",
    )
    n = row["n"] or 0
    return Effort(n, row["attempts"] / n if n else None, row["calls"] / n if n else None)


def errors(db: Database, where: Filter) -> list[tuple[str, int]]:
    """The classes of error that submissions ended with, the most frequent first."""
    return [
        (row["error"], row["n"])
        for row in db.query(
            f"SELECT s.error, sum(c.n) AS n {_ENDED} {slices.TASKS} AND s.error != '' GROUP BY 1 HAVING sum(c.n) > 0 "
            "ORDER BY n DESC, 1",
            slices.parameters(where),
        )
    ]


def bands(db: Database, where: Filter) -> list[int]:
    """How many submissions took up to each of BAND_EDGES_MS, and last how many took longer."""
    counted = [0] * (len(BAND_EDGES_MS) + 1)
    for bucket, n in histograms(db, where).get("", []):
        counted[bisect_left(BAND_EDGES_MS, bucket)] += n
    return counted


def queue_depth(db: Database, where: Filter) -> dict[str, dict[TaskState, int]]:
    """The submissions that have not ended, by connection and state; the filter's period does not matter."""
    return _by_connection_and_state(db, f"c.day = 0 WHERE {slices.TASKS_OF_EACH_STATE}", slices.parameters(where))


def open_now(db: Database) -> dict[str, dict[TaskState, int]]:
    """Every submission that has not ended, by connection and state."""
    return _by_connection_and_state(db, "c.day = 0 WHERE s.category = ''", {})


def on_record(db: Database) -> dict[str, dict[TaskState, int]]:
    """Every submission, by connection and state."""
    return _by_connection_and_state(db, "true WHERE s.category = ''", {})


def _by_connection_and_state(db: Database, condition: str, bound: dict[str, Any]) -> dict[str, dict[TaskState, int]]:
    depth: dict[str, dict[TaskState, int]] = {}
    for row in db.query(
        "SELECT s.connection, s.state, sum(c.n) AS n FROM task_slices s CROSS JOIN task_counts c ON c.slice = s.id "
        f"AND {condition} GROUP BY 1, 2 HAVING sum(c.n) > 0 ORDER BY 1, 2",
        bound,
    ):
        depth.setdefault(row["connection"], {})[TaskState(row["state"])] = row["n"]
    return depth


def _sums(db: Database, where: Filter, what: str) -> dict[str, Any]:
    (row,) = db.query(f"SELECT {what} {_ENDED} {slices.TASKS}", slices.parameters(where))
    return row
