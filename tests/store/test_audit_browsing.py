from datetime import timedelta

import pytest
from sqlite_utils import Database

from core.model.events import Event, EventKind
from core.store import audit
from core.store.audit import EventFilter
from core.store.keys import Keys
from tests.store.audit_logs import ADA, START, event


@pytest.fixture
def browsed(open_log: Database, keys: Keys) -> Database:
    """Nine events: requests 1 to 3 three times over, a minute apart, two actors, two connections."""
    for n in range(9):
        actor = (ADA, "desk|worker")[n % 2]
        connection = ("cxone", "genesys", None)[n % 3]
        kind = (EventKind.TASK_SUBMITTED, EventKind.TASK_RETRY)[n >= 6]
        at = START + timedelta(minutes=n)
        more = {"actor": actor, "connection": connection, "outcome": ("ok", "late")[n % 2], "detail": {"attempt": n}}
        audit.append(open_log, keys, at, event(n % 3 + 1, kind=kind, **more))
    return open_log


def numbers(db: Database, matching: EventFilter, before: int | None = None, limit: int = 50) -> list[int]:
    return [stored.seq for stored in audit.events(db, matching, before, limit)]


@pytest.mark.parametrize(
    ("matching", "found"),
    [
        (EventFilter(), [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (EventFilter(kind=EventKind.TASK_RETRY), [9, 8, 7]),
        (EventFilter(actor="desk|worker"), [8, 6, 4, 2]),
        (EventFilter(request="PR-000002"), [8, 5, 2]),
        (EventFilter(connection="genesys"), [8, 5, 2]),
        (EventFilter(outcome="late"), [8, 6, 4, 2]),
        (EventFilter(since=START + timedelta(minutes=7)), [9, 8]),
        (EventFilter(until=START + timedelta(minutes=2)), [2, 1]),
        (EventFilter(request="PR-000002", actor=ADA, until=START + timedelta(minutes=7)), [5]),
        (EventFilter(request="PR-000009"), []),
        (EventFilter(request=""), []),
        (EventFilter(actor="' OR 1=1 --"), []),
        (EventFilter(request="%"), []),
        (EventFilter(outcome="x; DROP TABLE audit_events"), []),
    ],
)
def test_a_filter_finds_its_events_newest_first_and_counts_them(
    browsed: Database, matching: EventFilter, found: list[int]
) -> None:
    assert numbers(browsed, matching) == found
    assert audit.count_up_to(browsed, matching) == len(found)


def test_a_period_finds_its_events_though_the_clock_went_back(browsed: Database, keys: Keys) -> None:
    audit.append(browsed, keys, START + timedelta(minutes=3), event())
    matching = EventFilter(since=START + timedelta(minutes=2), until=START + timedelta(minutes=4))
    assert numbers(browsed, matching) == [10, 4, 3]
    assert audit.count_up_to(browsed, matching) == 3


def test_pages_follow_one_another_without_gap_or_repeat_while_rows_are_added(browsed: Database, keys: Keys) -> None:
    first = numbers(browsed, EventFilter(), None, 4)
    audit.append(browsed, keys, START, event())
    second = numbers(browsed, EventFilter(), first[-1], 4)
    third = numbers(browsed, EventFilter(), second[-1], 4)
    assert [first, second, third] == [[9, 8, 7, 6], [5, 4, 3, 2], [1]]


def test_counting_stops_at_the_cap(browsed: Database) -> None:
    assert audit.count_up_to(browsed, EventFilter(), cap=5) == 5


def test_a_page_of_nothing_is_refused(browsed: Database) -> None:
    with pytest.raises(ValueError, match="at least one"):
        audit.events(browsed, EventFilter(), None, 0)


@pytest.mark.parametrize("column", ["request", "kind", "actor", "connection"])
def test_filtering_by_an_indexed_column_pages_along_its_index(browsed: Database, column: str) -> None:
    plan = browsed.execute(
        f"EXPLAIN QUERY PLAN SELECT * FROM audit_events WHERE {column} = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
        ["x", 9, 50],
    ).fetchall()
    assert [f"audit_events_{column} ({column}=? AND rowid<?)" in row[3] for row in plan] == [True]


def test_a_tampered_detail_is_shown_as_it_is(open_log: Database, keys: Keys) -> None:
    for text in ("not json", "[1]", "[" * 100_000):
        seq = audit.append(open_log, keys, START, Event(EventKind.TASK_CANCELLED, ADA))
        open_log.execute("DROP TRIGGER IF EXISTS audit_events_no_update")
        open_log.execute("UPDATE audit_events SET detail = ? WHERE seq = ?", [text, seq])
        assert audit.events(open_log, EventFilter(), None, 1)[0].detail == {"unreadable": text}
