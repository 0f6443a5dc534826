"""The statements that note one row as counted once more or no more: what triggers run, and what a recount runs."""
# ruff: noqa: S608 - the statements are made of this file's constants and the schema's names, nothing else

from typing import Final

PHASE_COLUMNS: Final = ("approval_ms", "queued_ms", "throttled_ms", "vendor_ms", "callback_ms", "person_ms")

# Days are counted from 1970-01-01, like `date(day * 86400, 'unixepoch')`; what has not ended has day 0.
_CONTROLLERS_DAY: Final = (
    "(strftime('%s', {at}) + (SELECT seconds FROM zone_offsets WHERE starts_at <= {at} "
    "ORDER BY starts_at DESC LIMIT 1)) / 86400"
)
_CALENDAR_DAY: Final = "strftime('%s', {day}) / 86400"


# Of which rows, all of them just inserted, one change with their number as its sign says the same.
TOGETHER: Final = "count(*)"
ALIKE_IF_OPEN: Final = "GROUP BY t.connection, t.kind, r.law, r.categories, t.state"
ALIKE_REQUESTS: Final = "GROUP BY n.connection, t.type, t.law, t.categories, t.state, t.received, t.due_on, t.closed_at"
ALIKE_ANSWERS: Final = "GROUP BY t.type, t.law, t.received, t.state, t.closed_at"


def _if_ended(row: str, column: str) -> str:
    return f"iif({row}.ended_at IS NULL, 0, coalesce({row}.{column}, 0))"


def task_change(sign: int | str, row: str, source: str) -> str:
    """A statement that notes a task's row, `row`, as counted once more (1) or no more (-1)."""
    error = (
        f"iif({row}.ended_at IS NULL OR {row}.state IN ('completed', 'nothing_found', 'cancelled'), '', "
        f"coalesce((SELECT value FROM json_each({row}.error) WHERE key = 'code'), {row}.state))"
    )
    day = f"iif({row}.ended_at IS NULL, 0, {_CONTROLLERS_DAY.format(at=f'{row}.ended_at')})"
    sums = ", ".join(_if_ended(row, column) for column in ("latency_ms", *PHASE_COLUMNS, "attempts", "polls"))
    return (
        f"INSERT INTO task_changes SELECT {sign}, {row}.number, {row}.connection, {row}.kind, r.law, r.categories, "
        f"{row}.state, {error}, {day}, {sums} FROM {source};"
    )


def request_change(sign: int | str, row: str, source: str) -> str:
    """A statement that notes a request's row under each `n.connection` of the source; '' stands for all of them."""
    closed = f"iif({row}.closed_at IS NULL, NULL, {_CONTROLLERS_DAY.format(at=f'{row}.closed_at')})"
    return (
        f"INSERT INTO request_changes SELECT {sign}, n.connection, {row}.type, {row}.law, {row}.categories, "
        f"{row}.state, {_CALENDAR_DAY.format(day=f'{row}.received')}, {_CALENDAR_DAY.format(day=f'{row}.due_on')}, "
        f"{closed} FROM {source};"
    )


def answer_change(sign: int | str, row: str, denial: str, source: str = "") -> str:
    """A statement that notes a request's row for the table of 11 CCR 7102, with the class of its denial."""
    days = (
        f"coalesce(iif({row}.closed_at IS NULL, -1, max(0, {_CONTROLLERS_DAY.format(at=f'{row}.closed_at')} - "
        f"{_CALENDAR_DAY.format(day=f'{row}.received')})), -1)"
    )
    return (
        f"INSERT INTO answer_changes SELECT {sign}, {row}.type, {row}.law, CAST(substr({row}.received, 1, 4) AS "
        f"INTEGER), {row}.state, {denial}, {days}{f' FROM {source}' if source else ''};"
    )
