"""Reading the audit log a page at a time, newest first."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from core.clock import to_text

if TYPE_CHECKING:  # its import costs memory that verification does without
    from sqlite_utils import Database


@dataclass(frozen=True)
class EventFilter:
    """Which events to show; None means any. `since` is included, `until` is not; both are aware."""

    kind: str | None = None
    actor: str | None = None
    request: str | None = None
    connection: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class StoredEvent:
    """One row as it stands in the table: a browsed row is not a verified one, `at` and `kind` are its own text.

    `detail` that is no JSON object, which only tampering leaves, comes as `{"unreadable": its text}`.
    """

    seq: int
    at: str
    kind: str
    actor: str
    request: str | None
    task: str | None
    connection: str | None
    outcome: str | None
    detail: Mapping[str, Any]
    prev: str
    hash: str
    mac: str


_COLUMNS: Final = tuple(column.name for column in fields(StoredEvent))


# Rows are in the order of seq, not of at: a clock can go back. The bounds on seq keep a period long past from being
# searched for through all that came after it. A plus steers the planner: the bounds come from the index on at,
# the rows do not, for they would have to be sorted.
_CONDITIONS: Final = {
    "kind": "kind = :kind",
    "actor": "actor = :actor",
    "request": "request = :request",
    "connection": "connection = :connection",
    "outcome": "outcome = :outcome",
    "since": "+at >= :since AND seq >= (SELECT min(+seq) FROM audit_events WHERE at >= :since)",
    "until": "+at < :until AND seq <= (SELECT max(+seq) FROM audit_events WHERE at < :until)",
}


def events(db: "Database", matching: EventFilter, before_seq: int | None, limit: int) -> list[StoredEvent]:
    """Up to `limit` matching events below `before_seq` (None: from the newest), newest first.

    The next page begins before the last one's `seq`. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("A page holds at least one event")
    where, parameters = _where(matching)
    if before_seq is not None:
        where += " AND seq < :before_seq"
    rows = db.conn.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM audit_events WHERE {where} ORDER BY seq DESC LIMIT :limit",  # noqa: S608 - constants
        {**parameters, "before_seq": before_seq, "limit": limit},
    )
    return [_stored(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def count_up_to(db: "Database", matching: EventFilter, cap: int = 10_001) -> int:
    """How many events match, counting no further than `cap`: "more than 10 000" is answered at once."""
    where, parameters = _where(matching)
    (count,) = db.conn.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM audit_events WHERE {where} LIMIT :cap)",  # noqa: S608 - constants
        {**parameters, "cap": cap},
    ).fetchone()
    return int(count)


def _where(matching: EventFilter) -> tuple[str, dict[str, object]]:
    """The conditions of the filters that are set, and everything to bind."""
    parameters = {
        **asdict(matching),
        "since": matching.since and to_text(matching.since),
        "until": matching.until and to_text(matching.until),
    }
    chosen = [condition for name, condition in _CONDITIONS.items() if parameters[name] is not None]
    return " AND ".join(["true", *chosen]), parameters


def _stored(columns: dict[str, Any]) -> StoredEvent:
    try:
        detail = json.loads(columns["detail"])
    except (ValueError, RecursionError):
        detail = None
    readable = detail if isinstance(detail, dict) else {"unreadable": columns["detail"]}
    return StoredEvent(**{**columns, "detail": readable})
