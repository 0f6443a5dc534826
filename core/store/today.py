"""The numbers of the overview, in as few statements as can be: it is drawn every ten seconds for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from core.clock import to_text
from core.model.privacy_requests import CLOSED, RequestState
from core.store.rows import rows

_OPEN = tuple(state for state in RequestState if state not in CLOSED)


@dataclass(frozen=True)
class Numbers:
    """Counts of requests, but for batches and dead letters; `open` is by state, without those that are none."""

    open: Mapping[RequestState, int]
    overdue: int
    at_risk: int
    in_grace: int
    closed_last_7_days: int
    batches_under_way: int
    dead_letters: int
    any_request: bool


def numbers(db: Database, today: date, soon: date, now: datetime) -> Numbers:
    """`today` is the controller's; due before `soon` is at risk."""
    states = ", ".join(f"'{state}'" for state in _OPEN)
    by_state = {
        RequestState(row["state"]): int(row["n"])
        for row in rows(db, f"SELECT state, count(*) AS n FROM requests WHERE state IN ({states}) GROUP BY state")  # noqa: S608 - fixed names
    }
    (row,) = rows(
        db,
        """
        SELECT
            (SELECT count(*) FROM requests WHERE closed_at IS NULL AND due_on < :today) AS overdue,
            (SELECT count(*) FROM requests WHERE closed_at IS NULL AND due_on >= :today AND due_on < :soon) AS at_risk,
            (SELECT count(DISTINCT request) FROM tasks WHERE grace_until > :now AND state = 'queued'
                AND attempts = 0 AND superseded_by IS NULL) AS in_grace,
            (SELECT count(*) FROM requests WHERE closed_at >= :week) AS closed,
            (SELECT count(*) FROM batches b WHERE work != '' OR EXISTS (
                SELECT 1 FROM tasks t WHERE t.batch = b.number AND t.superseded_by IS NULL AND t.state IN
                ('awaiting_approval', 'queued', 'sending', 'in_progress', 'unknown_vendor_status'))) AS batches,
            (SELECT count(*) FROM vault_deliveries WHERE state = 'dead') AS dead,
            EXISTS (SELECT 1 FROM requests) AS any_request
        """,
        {
            "today": today.isoformat(),
            "soon": soon.isoformat(),
            "now": to_text(now),
            "week": to_text(now - timedelta(days=7)),
        },
    )
    return Numbers(
        open=by_state,
        overdue=row["overdue"],
        at_risk=row["at_risk"],
        in_grace=row["in_grace"],
        closed_last_7_days=row["closed"],
        batches_under_way=row["batches"],
        dead_letters=row["dead"],
        any_request=bool(row["any_request"]),
    )
