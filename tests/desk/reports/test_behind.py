"""Every number leads to its requests: as many as it counts, or those that the submissions it counts belong to."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from core.desk import Desk
from core.desk.reports.figures import Section
from core.desk.reports.files import tables_in
from core.desk.reports.parts import Asked
from core.model.behind import Behind, Counted
from core.model.measures import Days, Filter, Grain
from core.model.privacy_requests import RequestType, TaskState
from core.store.requests import RequestFilter
from tests.clocks import ManualClock
from tests.desk.reports.conftest import NOW
from tests.desks import ADMIN, desk_for, settings_for
from tests.store.measures.random_records import fill
from tests.store.measures.recount import Rows

YEAR = Days(date(2026, 1, 1), date(2026, 12, 31))
FILTERS = [
    Filter(YEAR),
    Filter(YEAR, connection="another"),
    Filter(YEAR, type=RequestType.ACCESS),
    Filter(YEAR, category="EMAIL"),
    Filter(YEAR, law="us-va"),
    Filter(YEAR, state=TaskState.FAILED),
    Filter(YEAR, state=TaskState.CANCELLED),
    Filter(YEAR, state=TaskState.SENDING),
    Filter(Days(date(2026, 3, 20), date(2026, 7, 9)), "cxone", RequestType.ERASURE, "CHAT", "gdpr"),
]


def numbers(sections: tuple[Section, ...]) -> Iterator[tuple[str, float, Behind]]:
    """Each number that leads somewhere, with where it stands; nothing lies behind a 0."""
    for section in sections:
        yield from ((card.label, card.amount, card.behind) for card in section.cards if card.amount and card.behind)
        for table in tables_in(section).values():
            names = [column.name for column in table.columns]
            for row in table.rows:
                for name, behind in row.behind.items():
                    if amount := row.values[names.index(name)]:
                        yield f"{section.key}, {row.values[0]}, {name}", amount, behind


def submissions(rows: Rows, behind: Behind) -> list[dict[str, object]]:
    """Once more in plain Python: the submissions that a number counts."""
    found = []
    for task in rows.tasks:
        ended = task["ended_on"]
        code = (task["error"] or "").partition('"code": "')[2].partition('"')[0] or task["state"]
        if (
            (ended is None) is (behind.counted is Counted.WAITING)
            and (behind.first is None or behind.first <= ended)
            and (behind.last is None or ended <= behind.last)
            and behind.connection in {None, task["connection"]}
            and behind.kind in {None, task["kind"]}
            and behind.law in {None, task["law"]}
            and (behind.category is None or behind.category in task["categories"])
            and (task["state"] in behind.outcome if behind.outcome else task["state"] != "cancelled")
            and behind.error in {None, code}
            and (behind.over is None or task["latency_ms"] > behind.over)
            and (behind.up_to is None or task["latency_ms"] <= behind.up_to)
        ):
            found.append(task)
    return found


def check(desk: Desk, rows: Rows, where: Filter) -> int:
    """Compare each number with its list; returns how many there were."""
    checked = 0
    for about, amount, behind in numbers(desk.sections(ADMIN, Asked(where, Grain.MONTH, 2026, None))):
        total = desk.find(ADMIN, RequestFilter(behind=behind), page_size=0).total
        if behind.counted in {Counted.ENDED, Counted.WAITING}:
            found = submissions(rows, behind)
            assert len(found) == amount, about
            assert len({task["request"] for task in found}) == total, about
        else:
            assert total == amount, about
        checked += 1
    return checked


@pytest.mark.parametrize("where", FILTERS, ids=lambda where: f"{where.days.count}-{where.state}-{where.connection}")
def test_each_number_is_as_long_as_the_list_it_leads_to(desk: Desk, rows: Rows, where: Filter) -> None:
    assert check(desk, rows, where) >= 5 or where.state is TaskState.SENDING


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_so_it_is_where_the_day_begins_at_another_hour(tmp_path: Path, zone: str) -> None:
    settings = settings_for(tmp_path, "http://127.0.0.1:1").model_copy(update={"time_zone": zone})
    desk = desk_for(settings, ManualClock(NOW))
    fill(desk.store, random.Random(3), 90)
    with desk.store.reading() as db:
        assert check(desk, Rows.read(db, zone), FILTERS[0]) >= 50


def test_the_filters_have_numbers_of_every_kind(desk: Desk) -> None:
    found = numbers(desk.sections(ADMIN, Asked(FILTERS[0], None, 2026)))
    assert {behind.counted for _, _, behind in found} == set(Counted)


def test_the_requests_behind_a_number_say_so_in_words_and_in_their_address(desk: Desk) -> None:
    for _, _, behind in numbers(desk.sections(ADMIN, Asked(FILTERS[0], Grain.MONTH, 2026))):
        assert Behind.parse(behind.query()) == behind
        assert len(behind.words()) > 5
