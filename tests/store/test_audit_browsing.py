from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from core.model.events import Event, EventKind
from core.store import audit
from core.store.audit import AUDIT_SCHEMA, GENESIS, EventFilter, FilterValues
from core.store.audit_search_schema import AUDIT_SEARCH
from core.store.keys import Keys
from tests.store.audit_logs import ADA, INSERT, START, connected, event, forged_row


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


def test_newer_pages_follow_one_another_too(browsed: Database) -> None:
    pages = [[e.seq for e in audit.events(browsed, EventFilter(), limit=4, after_seq=after)] for after in (0, 4, 8, 9)]
    assert pages == [[4, 3, 2, 1], [8, 7, 6, 5], [9], []]


def test_what_there_is_to_filter_by_is_listed_once(browsed: Database) -> None:
    assert audit.values(browsed) == FilterValues(
        kinds=("task.retry", "task.submitted"),
        actors=("desk|worker", ADA),
        connections=("cxone", "genesys"),
        outcomes=("late", "ok"),
    )


# Searching the words


@pytest.fixture
def searched(open_log: Database, keys: Keys) -> Database:
    """One request of a person from filing to its end, with an approval, and one of somebody else."""

    def add(kind: EventKind, actor: str = "desk|worker", **more: Any) -> None:
        audit.append(open_log, keys, START, Event(kind, actor, **more))

    add(EventKind.REQUEST_FILED, ADA, request="PR-000007", outcome="queued", detail={"subject": ANA, "type": "ERASURE"})
    add(EventKind.REQUEST_FILED, ADA, request="PR-000008", outcome="queued", detail={"subject": BEN, "type": "ACCESS"})
    add(EventKind.APPROVAL_ASKED, ADA, detail={"approval": "AP-000001", "about": "PR-000007"})
    add(
        EventKind.TASK_RETRY,
        request="PR-000007",
        task="PR-000007-1",
        connection="cxone",
        detail={"attempt": 2, "why": "read_timeout", "http_status": 503},
    )
    add(EventKind.TASK_ENDED, request="PR-000008", task="PR-000008-1", connection="cxone", outcome="completed")
    add(EventKind.REQUEST_CLOSED, request="PR-000007", outcome="failed", detail={"state": "failed", "subject": ANA})
    return open_log


ANA, BEN = "subj_" + "a1" * 16, "subj_" + "b2" * 16


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("timeout", [4]),
        ("TIMEOUT", [4]),
        ("read_timeout", [4]),
        ("time", [4]),  # the beginning of a word
        ("ti", []),  # too short a beginning
        ("PR-000007", [6, 4, 3, 1]),
        ("PR-000007-1", [4]),
        ("erasure ada", [1]),
        ("era ada", []),  # only the last word may be a beginning
        ("ada erasure", [1]),
        ("ended", [5]),
        ("cxone", [5, 4]),
        (ANA, [6, 1]),
        ("503", []),  # a number is no text
        ("attempt", []),  # the name of a detail neither
        ("xyzzy", []),
        ("", []),
        ("%", []),
        ("*", []),
        ("-", []),
        ("timeout*", [4]),
        ('"timeout', [4]),
        ("words: timeout", []),
        ("time OR ended", []),
        ("NEAR(read timeout)", []),
        ("\" ' * NEAR( a-b %", []),
        ("timeout\0", [4]),
        ("\ud800", []),
        ("timeout \ud800", []),
        ("²", []),
        ("'; DROP TABLE audit_events; --", []),
        ("time" * 2500, []),
        ("timeout " * 1000, [4]),
    ],
)
def test_a_text_finds_the_rows_that_hold_its_words(searched: Database, text: str, found: list[int]) -> None:
    assert numbers(searched, EventFilter(text=text)) == found
    assert audit.count_up_to(searched, EventFilter(text=text)) == len(found)


@pytest.mark.parametrize(
    ("matching", "found"),
    [
        (EventFilter(pseudonym=ANA), [6, 4, 3, 1]),
        (EventFilter(pseudonym=BEN), [5, 2]),
        (EventFilter(pseudonym="subj_" + "c3" * 16), []),
        (EventFilter(pseudonym="Ana"), []),
        (EventFilter(pseudonym=ANA + '" OR "ended'), []),
        (EventFilter(pseudonym=ANA, text="failed"), [6]),
        (EventFilter(pseudonym=ANA, kind=EventKind.TASK_RETRY), [4]),
        (EventFilter(pseudonym=ANA, request="PR-000007"), [6, 4, 1]),
        (EventFilter(pseudonym=ANA, request="PR-000008"), []),
        (EventFilter(request="PR-000007", text="timeout"), [4]),
        (EventFilter(request="PR-000007", outcome="failed"), [6]),
        (EventFilter(kind=EventKind.TASK_ENDED, outcome="failed"), []),
        (EventFilter(kind=EventKind.REQUEST_FILED, text="erasure"), [1]),
        (EventFilter(text="cxone", since=START), [5, 4]),
        (EventFilter(text="cxone", until=START), []),
        (EventFilter(connection="CXONE"), []),
        (EventFilter(actor="\ud800"), []),
        (EventFilter(request="\ud800"), []),
    ],
)
def test_a_person_is_found_and_filters_meet(searched: Database, matching: EventFilter, found: list[int]) -> None:
    assert numbers(searched, matching) == found
    assert audit.count_up_to(searched, matching) == len(found)


def test_rows_of_an_older_database_are_found_after_the_migration(tmp_path: Path, keys: Keys) -> None:
    """As issue 3 left it: the table and its indexes, filled, without anything to search by."""
    with connected(tmp_path / "old.db") as db:
        db.executescript(AUDIT_SCHEMA)
        for number in range(1, 4):
            row = forged_row(number, GENESIS)
            db.execute(INSERT, row)
        db.executescript(AUDIT_SEARCH)
        assert numbers(db, EventFilter(text="nobody")) == [3, 2, 1]
        assert numbers(db, EventFilter(outcome="completed", since=START)) == [3, 2, 1]
        assert audit.values(db).actors == ("nobody",)


@pytest.mark.parametrize("text", ["not json", "[1]", '{"a": [{"b": "deep"}]}', "{" * 5000])
def test_a_tampered_row_does_not_stop_the_migration(tmp_path: Path, text: str) -> None:
    with connected(tmp_path / "old.db") as db:
        db.executescript(AUDIT_SCHEMA)
        row = forged_row(1, GENESIS)
        db.execute(INSERT, (*row[:8], text, *row[9:]))
        db.executescript(AUDIT_SEARCH)
        assert numbers(db, EventFilter(actor="nobody")) == [1]


def test_a_tampered_detail_is_shown_as_it_is(open_log: Database, keys: Keys) -> None:
    for text in ("not json", "[1]", "[" * 100_000):
        seq = audit.append(open_log, keys, START, Event(EventKind.TASK_CANCELLED, ADA))
        open_log.execute("DROP TRIGGER IF EXISTS audit_events_no_update")
        open_log.execute("UPDATE audit_events SET detail = ? WHERE seq = ?", [text, seq])
        assert audit.events(open_log, EventFilter(), None, 1)[0].detail == {"unreadable": text}
