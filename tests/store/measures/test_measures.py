"""Every measure against a plain recount of random rows, for random filters."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.model.measures import Days, Filter, Grain
from core.model.privacy_requests import RequestType, TaskState
from core.store.database import Store
from core.store.keys import load_or_create
from core.store.measures import BAND_EDGES_MS, Latency, Totals, deadlines, submissions
from tests.clocks import ManualClock
from tests.store.measures import recount
from tests.store.measures.random_records import CATEGORIES, CONNECTIONS, DAYS, LAWS, START, fill, fill_one
from tests.store.measures.recount import Rows

ZONE = "Europe/Berlin"
TODAY = date(2026, 10, 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("measures")
    made = Store(folder / "desk.db", load_or_create(folder / "keys"), ManualClock(), time_zone=ZONE)
    fill(made, random.Random(11), 300)
    return made


@pytest.fixture
def db(store: Store) -> Iterator[Database]:
    with store.reading() as db:
        yield db


@pytest.fixture(scope="module")
def rows(store: Store) -> Rows:
    with store.reading() as db:
        return Rows.read(db, ZONE)


def filters() -> list[Filter]:
    """Everything, each kind of filter by itself, and random mixtures."""
    rng = random.Random(5)
    whole = Days(START.date() - timedelta(days=5), START.date() + timedelta(days=DAYS + 60))
    found = [
        Filter(whole),
        Filter(whole, connection="another"),
        Filter(whole, type=RequestType.ACCESS),
        Filter(whole, category="EMAIL"),
        Filter(whole, law="ccpa"),
        Filter(whole, state=TaskState.CANCELLED),
        Filter(whole, state=TaskState.FAILED),
        Filter(Days(date(2026, 3, 29), date(2026, 3, 29))),
        Filter(Days(date(2001, 1, 1), date(2001, 2, 1))),
    ]
    for _ in range(15):
        first = START.date() + timedelta(days=rng.randrange(DAYS))
        found.append(
            Filter(
                Days(first, first + timedelta(days=rng.randrange(150))),
                rng.choice((None, *CONNECTIONS)),
                rng.choice((None, None, *RequestType)),
                rng.choice((None, None, *CATEGORIES)),
                rng.choice((None, None, *LAWS)),
                rng.choice((None, None, None, TaskState.COMPLETED, TaskState.SENDING)),
            )
        )
    return found


each_filter = pytest.mark.parametrize("where", filters(), ids=lambda where: f"{where.days.first}-{where.days.count}")


def told(totals: Totals) -> tuple[object, ...]:
    latency = totals.latency_ms
    return (totals.total, totals.successful, totals.failed, latency.mean, latency.p50, latency.p90, latency.p99)


def test_the_random_records_hold_every_case(rows: Rows) -> None:
    assert {row["state"] for row in rows.tasks} == set(TaskState)
    assert any(row["denial"] for row in rows.requests)
    assert any(len(row["connections"]) == 2 for row in rows.requests)
    assert any(row["closed_on"] and row["closed_on"] > row["due_on"] for row in rows.requests)
    assert any(row["ended_on"].isoformat() != row["ended_at"][:10] for row in rows.tasks if row["ended_at"])


@each_filter
def test_totals_and_latency(db: Database, rows: Rows, where: Filter) -> None:
    assert told(submissions.totals(db, where)) == recount.totals(rows.ended(where))


@each_filter
def test_totals_by_connection_type_category_and_law(db: Database, rows: Rows, where: Filter) -> None:
    ended = rows.ended(where)
    keys = {
        "connection": lambda row: [row["connection"]],
        "type": lambda row: [row["kind"]],
        "law": lambda row: [row["law"]],
        "category": lambda row: [c for c in row["categories"] if where.category in {None, c}],
    }
    for by, key in keys.items():
        found = {part: told(totals) for part, totals in submissions.totals_by(db, where, by).items()}
        assert found == recount.grouped(ended, key)


@each_filter
def test_by_state_names_cancelled_ones_too(db: Database, rows: Rows, where: Filter) -> None:
    expected: dict[str, int] = {}
    for row in rows.ended(where, cancelled=True):
        expected[row["state"]] = expected.get(row["state"], 0) + 1
    assert submissions.by_state(db, where) == expected


@each_filter
@pytest.mark.parametrize("grain", Grain)
def test_over_time_has_every_span(db: Database, rows: Rows, where: Filter, grain: Grain) -> None:
    found = [
        (s.days.first, s.days.last, s.received, s.total, s.successful, s.mean_latency_ms)
        for s in submissions.over_time(db, where, grain)
    ]
    assert found == recount.over_time(rows, where, grain)


@each_filter
def test_phases_add_up_to_the_latency(db: Database, rows: Rows, where: Filter) -> None:
    ended = rows.ended(where)
    found = submissions.phases(db, where)
    assert {phase: time.total_ms for phase, time in found.items()} == recount.phases(ended)
    assert sum(time.total_ms for time in found.values()) == sum(row["latency_ms"] for row in ended)
    if ended and sum(row["latency_ms"] for row in ended):
        assert sum(time.share or 0 for time in found.values()) == pytest.approx(1)
        assert sum(time.mean_ms or 0 for time in found.values()) == pytest.approx(recount.totals(ended)[3])


@each_filter
def test_effort_errors_and_bands(db: Database, rows: Rows, where: Filter) -> None:
    ended = rows.ended(where)
    effort = submissions.effort(db, where)
    assert (effort.successful, effort.attempts, effort.calls) == recount.effort(ended)
    found = submissions.errors(db, where)
    assert dict(found) == recount.errors(ended)
    assert [n for _, n in found] == sorted((n for _, n in found), reverse=True)
    assert submissions.bands(db, where) == recount.bands(ended, BAND_EDGES_MS)


@each_filter
def test_queue_depth_is_of_now_whatever_the_period(db: Database, rows: Rows, where: Filter) -> None:
    assert submissions.queue_depth(db, where) == recount.queue_depth(rows, where)


@each_filter
def test_deadlines_and_forecast(db: Database, rows: Rows, where: Filter) -> None:
    found = deadlines.deadlines(db, where, TODAY)
    due = [row["due_on"] for row in rows.wanted(where) if not row["closed_at"]]
    lately = Filter(
        Days(date(2026, 9, 17), date(2026, 9, 30)),
        where.connection, where.type, where.category, where.law, where.state,
    )  # fmt: skip
    closed_lately = sum(recount.closed_in_time(rows, lately))
    assert (found.met, found.missed) == recount.closed_in_time(rows, where)
    assert found.overdue == sum(day < TODAY for day in due)
    assert found.at_risk == sum(TODAY <= day <= date(2026, 10, 6) for day in due)
    assert found.ahead == sum(day > date(2026, 10, 6) for day in due)
    assert found.forecast.open == len(due)
    assert found.forecast.pace == closed_lately / 14
    assert found.forecast.will_miss == recount.will_miss(rows, where, TODAY, closed_lately)
    assert {one.due: one.open for one in found.forecast.by_date} == {day: due.count(day) for day in due if day >= TODAY}
    assert deadlines.received(db, where) == sum(
        where.days.first <= row["received"] <= where.days.last for row in rows.wanted(where)
    )


@pytest.mark.parametrize("law", ["ccpa", None])
def test_the_table_of_section_7102(db: Database, rows: Rows, law: str | None) -> None:
    table = deadlines.section_7102(db, 2026, law)
    assert list(table.rows) == ["delete", "correct", "know", "opt_out", "limit"]
    for name, kind in (("delete", "ERASURE"), ("know", "ACCESS")):
        row, expected = table.rows[name], recount.section_7102(rows, kind, 2026, law)
        assert {key: getattr(row, key) for key in expected if key != "denials"} | {
            "denials": {k: n for k, n in row.denials.items() if n}
        } == expected | {"mean_days": pytest.approx(expected["mean_days"])}
        assert sum(row.denials.values()) == row.denied > 0
        assert row.received == row.complied + row.denied + row.failed + row.withdrawn + row.pending
    assert {table.rows[name].received for name in table.not_taken} == {0}


def test_a_latency_beyond_every_bucket_and_one_of_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "desk.db", load_or_create(tmp_path / "keys"), ManualClock())
    with store.writing() as transaction:
        fill_one(transaction.db, 0)
        fill_one(transaction.db, 10**15)
    where = Filter(Days(date(2000, 1, 1), date(2099, 12, 31)))
    with store.reading() as db:
        assert submissions.totals(db, where).latency_ms == Latency(5e14, 0, 10**15, 10**15)
        assert submissions.bands(db, where) == [1, 0, 0, 0, 0, 0, 1]


def test_nothing_is_nothing(tmp_path: Path) -> None:
    empty = Store(tmp_path / "desk.db", load_or_create(tmp_path / "keys"), ManualClock())
    where = Filter(Days.up_to(TODAY, 30))
    with empty.reading() as db:
        assert submissions.totals(db, where) == Totals(0, 0, 0, Latency(None, None, None, None))
        assert submissions.totals_by(db, where, "category") == {}
        assert submissions.effort(db, where).calls is None
        assert {time.mean_ms for time in submissions.phases(db, where).values()} == {None}
        assert deadlines.deadlines(db, where, TODAY).forecast.will_miss == 0
        assert deadlines.section_7102(db, 2026, "ccpa").rows["delete"].median_days is None
