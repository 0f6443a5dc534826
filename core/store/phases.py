"""Where a task's time goes: what passed since it was last counted is added to the phase that it was in."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from core.clock import from_text
from core.model.measures import Phase
from core.model.privacy_requests import TERMINAL, TRACKED, TaskState

COLUMNS: Final = tuple(f"{phase}_ms" for phase in Phase)


def spent(row: Mapping[str, Any]) -> int:
    """Milliseconds that are counted already; of an ended task, its latency."""
    return sum(row[column] for column in COLUMNS)


def count(
    row: dict[str, Any],
    after: TaskState,
    at: datetime,
    *,
    vendors_own_ms: int | None = None,
    throttled_since: datetime | None = None,
) -> None:
    """Add the time up to `at` to the phase columns of a task's row, which still has the state it was in.

    `vendors_own_ms` is how long the vendor says it took, `throttled_since` from when on the connection's limiter gave
    less than was due. The columns add up to the time since filing to the millisecond, whatever the order of steps;
    where the clock jumped back, nothing is taken away again.
    """
    rest = max(0, _ms(at - from_text(row["created_at"])) - spent(row))
    before = TaskState(row["state"])
    if before is TaskState.AWAITING_APPROVAL:
        row["approval_ms"] += rest
    elif before is TaskState.QUEUED:
        throttled = min(rest, _throttled_ms(row, at, rest, throttled_since))
        row["throttled_ms"] += throttled
        row["queued_ms"] += rest - throttled
    elif before in TRACKED and after in TERMINAL:
        working = min(rest, _still_at_work_ms(row, at, rest, vendors_own_ms))
        row["vendor_ms"] += working
        row["callback_ms"] += rest - working
    elif before in TRACKED or before is TaskState.SENDING:
        row["vendor_ms"] += rest
    else:
        row["person_ms"] += rest


def _throttled_ms(row: Mapping[str, Any], at: datetime, rest: int, since: datetime | None) -> int:
    """Of a wait to be sent, what the vendor's answer or limit is the cause of."""
    if row["error"] and json.loads(row["error"]).get("code") == "rate_limited":
        return rest
    if since is None or row["next_due_at"] is None:
        return 0
    return max(0, _ms(at - max(since, from_text(row["next_due_at"]))))


def _still_at_work_ms(row: Mapping[str, Any], at: datetime, rest: int, vendors_own_ms: int | None) -> int:
    """Of the wait from the last look to the news of the end, how long the vendor worked by its own word."""
    if vendors_own_ms is None or row["submitted_at"] is None:
        return 0
    since_taken_on = _ms(at - from_text(row["submitted_at"]))
    return max(0, rest - max(0, since_taken_on - vendors_own_ms))


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
