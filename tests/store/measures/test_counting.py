"""The counts are kept in the transaction of what they count, by whichever calendar, and made for older databases."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.model.measures import Days, Filter, Grain, Phase
from core.store.database import Store
from core.store.keys import Keys, load_or_create
from core.store.measures import counting, deadlines, submissions
from core.store.schema import migrations
from tests.clocks import ManualClock
from tests.store.measures import recount
from tests.store.measures.counts import contents
from tests.store.measures.random_records import DAYS, START, fill
from tests.store.measures.recount import Rows

WHOLE = Filter(Days(START.date() - timedelta(days=9), START.date() + timedelta(days=DAYS + 60)))
COUNTS = ("task_counts", "task_latencies", "task_latencies_by_month", "ended_tasks", "request_counts", "answer_counts")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return load_or_create(tmp_path / "keys")


def agrees(store: Store, zone: str) -> None:
    """That counts and recount tell the same, day by day."""
    with store.reading() as db:
        rows = Rows.read(db, zone)
        found = [
            (s.days.first, s.days.last, s.received, s.total, s.successful, s.mean_latency_ms)
            for s in submissions.over_time(db, WHOLE, Grain.DAY)
        ]
        assert found == recount.over_time(rows, WHOLE, Grain.DAY)
        assert submissions.queue_depth(db, WHOLE) == recount.queue_depth(rows, WHOLE)
        closed = deadlines.closed_in_time(db, WHOLE)
        assert (closed["met"], closed["missed"]) == recount.closed_in_time(rows, WHOLE)
        table = deadlines.section_7102(db, 2026, None).rows["delete"]
        assert table.median_days == recount.section_7102(rows, "ERASURE", 2026, None)["median_days"]


def test_kept_step_by_step_they_are_what_a_count_of_everything_gives(tmp_path: Path, keys: Keys) -> None:
    store = Store(tmp_path / "desk.db", keys, ManualClock(), time_zone="Europe/Berlin")
    fill(store, random.Random(2), 120)
    with store.writing() as transaction:
        kept = contents(transaction.db)
        counting.count_tasks_and_requests(transaction.db)
        counting.count_answers(transaction.db)
        anew = contents(transaction.db)
    assert kept == anew
    assert all(kept.values())


def test_a_transaction_that_fails_counts_nothing(tmp_path: Path, keys: Keys) -> None:
    store = Store(tmp_path / "desk.db", keys, ManualClock())
    fill(store, random.Random(2), 30)
    with store.reading() as db:
        before = contents(db)
    with pytest.raises(RuntimeError), store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET attempts = attempts + 1, state = 'failed'")
        raise RuntimeError
    with store.reading() as db:
        assert contents(db) == before
        assert [db[f"{name}_changes"].count for name in ("task", "request", "answer")] == [0, 0, 0]


def test_what_is_deleted_is_counted_no_more(tmp_path: Path, keys: Keys) -> None:
    store = Store(tmp_path / "desk.db", keys, ManualClock())
    fill(store, random.Random(2), 30)
    with store.writing() as transaction:
        transaction.db.execute("DELETE FROM tasks")
        transaction.db.execute("DELETE FROM requests")
    with store.reading() as db:
        assert {name: db[name].count for name in COUNTS} == dict.fromkeys(COUNTS, 0)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"])
def test_another_time_zone_in_the_settings_counts_by_its_calendar(tmp_path: Path, keys: Keys, zone: str) -> None:
    fill(Store(tmp_path / "desk.db", keys, ManualClock(), time_zone="Europe/Berlin"), random.Random(2), 120)

    moved = Store(tmp_path / "desk.db", keys, ManualClock(), time_zone=zone)

    agrees(moved, zone)
    fill(moved, random.Random(3), 60)
    agrees(moved, zone)


def test_opened_without_a_time_zone_the_calendar_stays(tmp_path: Path, keys: Keys) -> None:
    Store(tmp_path / "desk.db", keys, ManualClock(), time_zone="Asia/Tokyo")
    with Store(tmp_path / "desk.db", keys, ManualClock()).reading() as db:
        assert counting.zone_of(db) == "Asia/Tokyo"


def test_a_database_of_the_earlier_release_is_counted_when_it_is_opened(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "desk.db"
    old = Database(path)
    migrations.apply(old, stop_before="measures_and_phases")
    times = "'2026-03-28T23:30:00.000000Z'"
    old.execute(
        "INSERT INTO requests (intent, type, categories, scope, law, received, submitted_at, reference, filed_by, "
        "filed_by_name, state, closed_at, pseudonym, due_on, deadlines, policy_version) VALUES "
        f"('1', 'ERASURE', '[\"EMAIL\",\"SMS\"]', 'ALL', 'ccpa', '2026-03-28', {times}, '', '', '', 'completed', "
        "'2026-03-29T22:30:00.500000Z', '', '2026-03-29', '[]', ''), "
        f"('2', 'ACCESS', '[]', 'ALL', 'gdpr', '2026-03-28', {times}, '', '', '', 'queued', NULL, '', '2026-04-28', "
        "'[]', '')"
    )
    columns = "id, request, connection, contract, kind, pseudonym, due_on, intent, state, created_at, submitted_at"
    old.execute(
        f"INSERT INTO tasks ({columns}, ended_at, latency_ms, attempts, polls) VALUES "
        f"('a', 1, 'cxone', '', 'ERASURE', 'p', '', 'a', 'completed', {times}, '2026-03-28T23:31:40.250000Z', "
        "'2026-03-29T22:30:00.500000Z', 82800500, 1, 9), "
        f"('b', 1, 'cxone', '', 'ERASURE', 'p', '', 'b', 'cancelled', {times}, NULL, "
        "'2026-03-28T23:30:05.000000Z', 5000, 0, 0), "
        f"('c', 2, 'cxone', '', 'ACCESS', 'p', '', 'c', 'queued', {times}, NULL, NULL, NULL, 0, 0)"
    )
    old.close()

    store = Store(path, keys, ManualClock(), time_zone="Europe/Berlin")

    agrees(store, "Europe/Berlin")
    where = Filter(Days(date(2026, 3, 30), date(2026, 3, 30)))  # 00:30 in Berlin, which put its clocks forward
    with store.reading() as db:
        assert submissions.totals(db, where).latency_ms.p50 == 82_800_500
        phases = {phase: time.total_ms for phase, time in submissions.phases(db, where).items() if time.total_ms}
        assert phases == {Phase.QUEUED: 100_250, Phase.VENDOR: 82_700_250}
        assert deadlines.closed_in_time(db, where)["missed"] == 1
        rows = list(db.query("SELECT * FROM tasks WHERE ended_at IS NOT NULL"))
    assert all(sum(row[f"{phase}_ms"] for phase in Phase) == row["latency_ms"] for row in rows)


def test_what_is_filed_in_bulk_is_counted_without_reading_what_was_there(tmp_path: Path, keys: Keys) -> None:
    store = Store(tmp_path / "desk.db", keys, ManualClock(), time_zone="Europe/Berlin")
    with store.reading() as db:
        for statement in counting.NEW:
            plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", {"first": 1})]
            assert [
                step for step in plan if step.startswith("SCAN") and "INDEX" in step and "json_each" not in step
            ] == []
            assert any(step.startswith("SEARCH t") and ">" in step for step in plan)
