"""Declared purposes on disk, how each stands, and the numbers of retention."""

import random
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from core.model.enforcements import SUCCESSFUL, ChangeState
from core.model.privacy_requests import TaskError
from core.model.purposes import Declaration, LivePurpose, PurposeStatus
from core.store import (
    enforcement_changes,
    enforcements,
    live_purposes,
    purpose_comparisons,
    purpose_measures,
    purpose_standings,
    purposes,
)
from core.store.database import Store
from core.store.enforcement_changes import ChangeOutcome
from core.store.enforcements import NewChange
from core.store.keys import load_or_create
from core.store.measures import Latency, Period
from core.store.purpose_standings import StandingFilter
from core.store.schema import migrations
from tests.clocks import ManualClock
from tests.desks import ADMIN

NAME = "genesys"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Store:
    return Store(tmp_path / "data" / "desk.db", load_or_create(tmp_path / "keys" / "desk.keys"), clock)


def declaration(name: str = "Call recording", days: int = 90, **changes: Any) -> Declaration:
    return Declaration.model_validate({"name": name, "retention_days": days, "legal_basis": "contract", **changes})


def live(name: str = "Call recording", days: int | None = 90, id_: str = "p-1") -> LivePurpose:
    return LivePurpose(id_, name, "", f"{days}d" if days else "P3M", days, "contract", True)


def declare(store: Store, *declarations: Declaration, what: purposes.What = "declared", reason: str = "") -> None:
    with store.writing() as transaction:
        for one in declarations:
            purposes.declare(transaction, NAME, one, actor=ADMIN, what=what, reason=reason)
            purpose_standings.stand(transaction, NAME, {one.name})


def read(store: Store, *there: LivePurpose) -> None:
    """As if the vendor's list had just been read."""
    with store.writing() as transaction:
        purpose_comparisons.ask(transaction, NAME, ADMIN)
        run = purpose_comparisons.lease(transaction, NAME, owner="somewhere:1:1", seconds=60)
        assert run
        live_purposes.replace_all(transaction, NAME, there, since=transaction.at)
        purpose_standings.stand_all(transaction, NAME)
        purpose_comparisons.end(transaction, run, calls=1, counts={})


def standing(store: Store, name: str = "Call recording") -> PurposeStatus | None:
    with store.reading() as db:
        found, _ = purpose_standings.find(db, NAME, StandingFilter(names=(name,)))
    return found[0].status if found else None


def test_a_database_of_the_first_version_is_brought_up_to_date_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "data" / "desk.db"
    path.parent.mkdir()
    old = Database(path)
    migrations.apply(old, stop_before="purposes_and_approvals")
    old.execute("INSERT INTO connection_states (connection) VALUES ('cxone')")
    old.close()
    store = Store(path, load_or_create(tmp_path / "keys" / "desk.keys"), ManualClock())
    with store.reading() as db:
        assert [row["connection"] for row in db.query("SELECT connection FROM connection_states")] == ["cxone"]
        assert {"purposes", "approvals", "enforcement_changes"} <= set(db.table_names())


def test_every_version_is_kept_with_who_when_and_why(store: Store, clock: ManualClock) -> None:
    declare(store, declaration(days=90))
    clock.advance(60)
    declare(store, declaration(days=30), what="changed", reason="Asked for by the DPO")
    with store.reading() as db:
        newest, oldest = purposes.history(db, NAME, "Call recording")
        assert purposes.get(db, NAME, "Call recording") == newest
    assert [newest.declaration.retention_days, oldest.declaration.retention_days] == [30, 90]
    assert (newest.version, newest.what, newest.reason, newest.actor_name) == (
        2,
        "changed",
        "Asked for by the DPO",
        ADMIN.name,
    )
    assert newest.at - oldest.at == timedelta(seconds=60)


def test_a_version_is_never_changed_afterwards(store: Store) -> None:
    declare(store, declaration())
    with pytest.raises(sqlite3.IntegrityError, match="never changed"), store.writing() as transaction:
        transaction.db.execute("UPDATE purpose_versions SET content = '{}'")


def test_a_withdrawn_purpose_is_no_more_declared_and_its_numbers_go_on_when_it_comes_back(store: Store) -> None:
    declare(store, declaration())
    declare(store, declaration(), what="withdrawn", reason="No longer kept")
    with store.reading() as db:
        assert purposes.get(db, NAME, "Call recording") is None
        assert purposes.present(db, NAME) == []
    declare(store, declaration())
    with store.reading() as db:
        found = purposes.get(db, NAME, "Call recording")
    assert found
    assert found.version == 3


def test_each_connection_has_a_list_of_its_own(store: Store) -> None:
    declare(store, declaration())
    with store.reading() as db:
        assert purposes.present(db, "another") == []


def test_before_the_vendor_was_ever_asked_nothing_is_called_missing(store: Store) -> None:
    declare(store, declaration())
    assert standing(store) is PurposeStatus.NOT_COMPARED
    read(store)
    assert standing(store) is PurposeStatus.MISSING


def test_how_a_purpose_stands_follows_both_sides_at_once(store: Store) -> None:
    read(store, live())
    assert standing(store) is PurposeStatus.UNDECLARED
    declare(store, declaration(days=30))
    assert standing(store) is PurposeStatus.DRIFTED
    declare(store, declaration(days=90), what="changed")
    assert standing(store) is PurposeStatus.IN_FORCE
    read(store, live(days=7))
    assert standing(store) is PurposeStatus.DRIFTED
    declare(store, declaration(days=90), what="withdrawn")
    assert standing(store) is PurposeStatus.UNDECLARED
    read(store)
    assert standing(store) is None


def test_that_a_purpose_came_to_stand_otherwise_is_history_and_that_it_still_does_is_not(
    store: Store, clock: ManualClock
) -> None:
    declare(store, declaration())
    read(store, live())
    for _ in range(3):
        clock.advance(86_400)
        read(store, live())
    clock.advance(86_400)
    read(store, live(days=7))
    with store.reading() as db:
        history = purpose_standings.changes(db, NAME, "Call recording")
        (now,), _ = purpose_standings.find(db, NAME, StandingFilter())
    assert [change.status.value for change in history] == ["drifted", "in_force", "not_compared"]
    assert (now.since, history[0].differences[0].live) == (clock.now(), 7)


def test_a_live_purpose_that_nobody_declared_leaves_no_history(store: Store) -> None:
    read(store, *(live(f"Purpose {n}", id_=f"p-{n}") for n in range(50)))
    with store.reading() as db:
        assert list(db.query("SELECT 1 FROM purpose_standing_changes")) == []


def test_the_needy_come_first_and_the_page_and_its_total_are_counted_in_sql(store: Store) -> None:
    declare(store, declaration("In force"), declaration("Drifted", days=30), declaration("Missing"))
    read(store, live("In force", id_="a"), live("Drifted", id_="b"), live("Undeclared", id_="c"))
    with store.reading() as db:
        everything, total = purpose_standings.find(db, NAME, StandingFilter(), limit=10)
        second, _ = purpose_standings.find(db, NAME, StandingFilter(), limit=2, offset=2)
        counts = purpose_standings.counts(db, NAME)
    assert [row.name for row in everything] == ["Missing", "Drifted", "Undeclared", "In force"]
    assert (total, [row.name for row in second]) == (4, ["Undeclared", "In force"])
    assert {s.value: n for s, n in counts.items() if n} == {"in_force": 1, "drifted": 1, "missing": 1, "undeclared": 1}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (StandingFilter(text="CALL"), ["Call recording", "Callback"]),
        (StandingFilter(text="%"), []),
        (StandingFilter(text="_"), []),
        (StandingFilter(statuses=(PurposeStatus.IN_FORCE,)), ["Call recording"]),
        (StandingFilter(names=("Survey", "Callback", "Not there")), ["Callback", "Survey"]),
        (StandingFilter(names=()), []),
    ],
)
def test_a_filter_finds_what_it_says(store: Store, where: StandingFilter, expected: list[str]) -> None:
    declare(store, declaration())
    read(store, live(), live("Callback", id_="b"), live("Survey", id_="c"))
    with store.reading() as db:
        found, total = purpose_standings.find(db, NAME, where)
    assert sorted(row.name for row in found) == expected
    assert total == len(expected)


def test_the_widest_gap_comes_first_where_that_is_asked_for(store: Store) -> None:
    declare(store, declaration("Near", days=80), declaration("Farther", days=300), declaration("Same"))
    read(store, live("Near", id_="a"), live("Farther", id_="b"), live("Same", id_="c"))
    with store.reading() as db:
        found, _ = purpose_standings.find(db, NAME, StandingFilter(order="gap"))
    assert [row.name for row in found] == ["Farther", "Near", "Same"]


def test_one_comparison_of_a_connection_is_under_way_at_a_time(store: Store) -> None:
    with store.writing() as transaction:
        first = purpose_comparisons.ask(transaction, NAME, ADMIN)
        assert purpose_comparisons.ask(transaction, NAME, ADMIN) == first
        assert purpose_comparisons.ask(transaction, "another", ADMIN) != first


@pytest.mark.parametrize("odd", ["", "PC-", "PC-x", "PC-99999999999999999999", "PE-000001", "PC-٣"])
def test_an_id_that_is_none_finds_nothing(store: Store, odd: str) -> None:
    with store.reading() as db:
        assert purpose_comparisons.get(db, odd) is None
        assert enforcements.get(db, odd.replace("PC", "PE")) is None
        assert enforcement_changes.of_enforcement(db, odd.replace("PC", "PE")) == []


def test_comparing_thousands_asks_the_database_a_handful_of_questions(store: Store) -> None:
    there = [live(f"Purpose {number:04d}", id_=f"p-{number}") for number in range(5000)]
    read(store, *there)
    statements: list[str] = []
    with store.writing() as transaction:
        transaction.db.conn.set_trace_callback(statements.append)
        assert len(purpose_standings.stand_all(transaction, NAME)) == 5000
    assert 1 < len(statements) < 20


def percentile(values: Sequence[int], percent: int) -> int | None:
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def latency(values: Sequence[int]) -> Latency:
    mean = sum(values) / len(values) if values else None
    return Latency(mean, percentile(values, 50), percentile(values, 90), percentile(values, 99))


def test_the_numbers_of_a_period_agree_with_a_plain_recount(store: Store, clock: ManualClock) -> None:
    rng = random.Random(7)
    begin = clock.now()
    expected: list[tuple[Any, ChangeState, int, int | None]] = []
    compared: list[tuple[Any, bool, int]] = []
    for number in range(60):
        with store.writing() as transaction:
            new = NewChange(f"Purpose {number}", f"p-{number}", 1, 1, {}, {}, shortens=False)
            asked = enforcements.add(transaction, NAME, [new], actor=ADMIN, intent=str(number), approval_needed=False)
            purpose_comparisons.ask(transaction, NAME, ADMIN)
        took = rng.randrange(1, 5000)
        clock.advance(took / 1000)
        state = rng.choice([*SUCCESSFUL, ChangeState.FAILED, ChangeState.CHANGED_MEANWHILE, ChangeState.CANCELLED])
        put = rng.choice([None, rng.randrange(500)])
        failed = rng.random() < 0.3
        with store.writing() as transaction:
            if state is not ChangeState.CANCELLED:
                assert enforcement_changes.lease(transaction, NAME, owner="somewhere:1:1", seconds=60)
            enforcement_changes.move(transaction, f"{asked}-1", ChangeOutcome(state, put_ms=put))
            run = purpose_comparisons.lease(transaction, NAME, owner="somewhere:1:1", seconds=60)
            assert run
            error = TaskError("rejected", "No") if failed else None
            ended = purpose_comparisons.end(transaction, run, calls=1, counts=None if failed else {}, error=error)
        compared.append((clock.now(), failed, ended.latency_ms or 0))
        expected.append((clock.now(), state, took, put))
        clock.advance(3600)
    period = Period(begin + timedelta(hours=10), begin + timedelta(hours=40))
    inside = [e for e in expected if period.since <= e[0] < period.until and e[1] is not ChangeState.CANCELLED]
    runs = [c for c in compared if period.since <= c[0] < period.until]
    with store.reading() as db:
        found = purpose_measures.totals(db, period)
        assert purpose_measures.totals(db, Period(period.since, period.until, "another")).changes == 0
    assert found.changes == len(inside) > 10
    assert found.successful == sum(e[1] in SUCCESSFUL for e in inside)
    assert found.change_ms == latency([e[2] for e in inside])
    assert found.put_ms == latency([e[3] for e in inside if e[3] is not None])
    assert (found.comparisons, found.failed_comparisons) == (len(runs), sum(c[1] for c in runs))
    assert found.comparison_ms == latency([c[2] for c in runs if not c[1]])


def test_a_period_without_anything_has_no_rate_and_no_latency(store: Store, clock: ManualClock) -> None:
    with store.reading() as db:
        found = purpose_measures.totals(db, Period(clock.now(), clock.now() + timedelta(days=1)))
    assert (found.changes, found.success_rate, found.change_ms.p50, found.comparisons) == (0, None, None, 0)
