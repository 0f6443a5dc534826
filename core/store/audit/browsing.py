"""Reading the audit log a page at a time, newest first."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from core.clock import to_text
from core.store.audit.search import SPAN_ROWS, matching_phrase, matching_text, matching_value

if TYPE_CHECKING:  # its import costs memory that verification does without
    from sqlite_utils import Database


@dataclass(frozen=True)
class EventFilter:
    """Which events to show; None means any. `since` is included, `until` is not; both are aware.

    `text` is words that must all occur in the row's columns or the text values of its detail, the last one also as the
    beginning of a longer word. It never raises, and without a letter or digit matches nothing. `pseudonym` means every
    event that names a person or one of their requests.
    """

    kind: str | None = None
    actor: str | None = None
    request: str | None = None
    connection: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    pseudonym: str | None = None


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


@dataclass(frozen=True)
class FilterValues:
    """What occurs in the log, in order, for the choices of a filter."""

    kinds: tuple[str, ...]
    actors: tuple[str, ...]
    connections: tuple[str, ...]
    outcomes: tuple[str, ...]


COLUMNS: Final = tuple(column.name for column in fields(StoredEvent))
_MARKED: Final = ("kind", "actor", "connection", "outcome")
_PSEUDONYM: Final = re.compile("subj_[0-9a-f]{32}")
_BEYOND: Final = 2**62  # the seq of no row


def events(
    db: "Database",
    matching: EventFilter,
    before_seq: int | None = None,
    limit: int = 50,
    *,
    after_seq: int | None = None,
) -> list[StoredEvent]:
    """Up to `limit` matching events, newest first: those next below `before_seq` (None: from the newest).

    With `after_seq` those next above it instead. The next older page begins before the last one's `seq`, the next
    newer one after the first one's. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("A page holds at least one event")
    upwards = after_seq is not None and before_seq is None
    found = [
        stored(row) for row in select(db, matching, COLUMNS, limit, before=before_seq, after=after_seq, upwards=upwards)
    ]
    return found[::-1] if upwards else found


def count_up_to(db: "Database", matching: EventFilter, cap: int = 10_001) -> int:
    """How many events match, counting no further than `cap`: "more than 10 000" is answered at once."""
    query, parameters = _query(db, matching, ("seq",), None, None, "DESC")
    if parameters.get("words") and matching.request is None and matching.since is None and matching.until is None:
        # The index alone can tell, and ten thousand rows need not be looked up.
        query = "SELECT 1 FROM audit_words WHERE audit_words MATCH :words LIMIT :limit"
    (count,) = db.conn.execute(f"SELECT count(*) FROM ({query})", {**parameters, "limit": cap}).fetchone()  # noqa: S608 - constants
    return int(count)


def values(db: "Database") -> FilterValues:
    """What there is to filter by, each value once."""
    found: dict[str, list[str]] = {column: [] for column in _MARKED}
    for what, value in db.conn.execute("SELECT what, value FROM audit_values ORDER BY value"):
        found.get(what, []).append(value)
    return FilterValues(*(tuple(found[column]) for column in _MARKED))


def select(
    db: "Database",
    matching: EventFilter,
    columns: Sequence[str],
    limit: int,
    *,
    before: int | None = None,
    after: int | None = None,
    upwards: bool = False,
) -> Iterator[tuple[Any, ...]]:
    """Columns of matching rows between `after` and `before`, by descending seq, or ascending where `upwards`."""
    query, parameters = _query(db, matching, columns, before, after, "ASC" if upwards else "DESC")
    yield from db.conn.execute(query, {**parameters, "limit": limit})


def _query(
    db: "Database", matching: EventFilter, columns: Sequence[str], before: int | None, after: int | None, order: str
) -> tuple[str, dict[str, object]]:
    """The statement for a filter, and what to bind beside `limit`.

    The index of words leads, where it can say anything, and each row that it names is looked up and compared whole;
    a request alone leads by its own index; a period is a range of seq. So no way goes past rows that do not match.
    """
    conditions, parameters = _conditions(matching)
    words = _words(db, matching)
    if words is None:
        return "SELECT 1 WHERE false LIMIT :limit", {}
    if matching.request is not None and matching.text is None and matching.pseudonym is None:
        words = []
    source, key = "audit_events AS e", "e.seq"
    if words:
        source, key = "audit_words CROSS JOIN audit_events AS e ON e.seq = audit_words.rowid", "audit_words.rowid"
        conditions.append("audit_words MATCH :words")
    lowest, highest = _between(db, matching)
    parameters |= {
        "words": " AND ".join(words),
        "lowest": max(lowest, 0 if after is None else after + 1),
        "highest": min(highest, _BEYOND if before is None else before - 1),
    }
    conditions.append(f"{key} BETWEEN :lowest AND :highest")
    named = ", ".join(f"e.{column}" for column in columns)
    return (
        f"SELECT {named} FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {key} {order} LIMIT :limit",  # noqa: S608 - constants
        parameters,
    )


def _conditions(matching: EventFilter) -> tuple[list[str], dict[str, object]]:
    """What a row must fulfil, whatever way leads to it, and what to bind."""
    wanted = {column: getattr(matching, column) for column in (*_MARKED, "request")}
    parameters: dict[str, object] = {column: value for column, value in wanted.items() if value is not None}
    conditions = [f"e.{column} = :{column}" for column in parameters]
    if matching.since is not None:
        conditions.append("e.at >= :since")
        parameters["since"] = to_text(matching.since)
    if matching.until is not None:
        conditions.append("e.at < :until")
        parameters["until"] = to_text(matching.until)
    return conditions, parameters


def _words(db: "Database", matching: EventFilter) -> list[str] | None:
    """What the index is asked, all of which must hold; None where nothing can match."""
    if not all(_is_unicode(value) for value in vars(matching).values()):
        return None
    asked = [matching_value(column, value) for column in _MARKED if (value := getattr(matching, column)) is not None]
    if matching.request is not None:
        asked.append(matching_phrase(matching.request))
    if matching.text is not None:
        text = matching_text(matching.text)
        if text is None:
            return None
        asked.append(text)
    if matching.pseudonym is not None:
        if not _PSEUDONYM.fullmatch(matching.pseudonym):
            return None
        asked.append(_of_person(db, matching.pseudonym))
    return asked


def _is_unicode(value: object) -> bool:
    return not isinstance(value, str) or value.isascii() or not re.search("[\ud800-\udfff]", value)


def _of_person(db: "Database", pseudonym: str) -> str:
    """Rows that name a pseudonym, or one of the requests that do."""
    naming = matching_phrase(pseudonym)
    theirs = db.conn.execute(
        "SELECT DISTINCT e.request FROM audit_words CROSS JOIN audit_events AS e ON e.seq = audit_words.rowid "
        "WHERE audit_words MATCH ? AND e.request IS NOT NULL",
        [naming],
    )
    return f"({' OR '.join([naming, *(matching_phrase(request) for (request,) in theirs)])})"


def _between(db: "Database", matching: EventFilter) -> tuple[int, int]:
    """The lowest and highest seq that a period's rows can have. A clock can go back, so the spans are asked."""
    lowest, highest = 0, _BEYOND
    if matching.since is not None:
        (span,) = db.conn.execute(
            "SELECT min(span) FROM audit_spans WHERE last_at >= ?", [to_text(matching.since)]
        ).fetchone()
        lowest = _BEYOND if span is None else span * SPAN_ROWS
    if matching.until is not None:
        (span,) = db.conn.execute(
            "SELECT max(span) FROM audit_spans WHERE first_at < ?", [to_text(matching.until)]
        ).fetchone()
        highest = -1 if span is None else span * SPAN_ROWS + SPAN_ROWS - 1
    return lowest, highest


def stored(row: tuple[Any, ...]) -> StoredEvent:
    """The event of a row of `COLUMNS`."""
    columns = dict(zip(COLUMNS, row, strict=True))
    try:
        detail = json.loads(columns["detail"])
    except (ValueError, RecursionError):
        detail = None
    readable = detail if isinstance(detail, dict) else {"unreadable": columns["detail"]}
    return StoredEvent(**{**columns, "detail": readable})


def line_of(row: Sequence[Any]) -> bytes:
    """A row of `COLUMNS` as one line of canonical JSON (RFC 8785); `detail` stays the text that its hash covers."""
    # Text, whole numbers and null only: for these `json` writes what RFC 8785 wants, at a fifth of its package's cost.
    columns = dict(sorted(zip(COLUMNS, row, strict=True)))
    return json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogateescape") + b"\n"
