"""Sample history: written like real history, so that every page and the audit log hold together."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.desk import Desk, DeskError
from core.model.measures import Days, Filter, Phase
from core.model.privacy_requests import RequestState, TaskState
from core.settings import Settings
from core.store.requests import RequestFilter
from core.store.samples import writing
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, settings_for
from tests.store.measures import recount
from tests.store.measures.recount import Rows


def sandbox(folder: Path) -> Desk:
    settings = Settings(database=folder / "desk" / "desk.db", keys=folder / "keys" / "desk.keys")
    return desk_for(settings, ManualClock())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return sandbox(tmp_path)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A year of history, only to be read."""
    desk = sandbox(tmp_path_factory.mktemp("filled"))
    fill(desk, requests=1500)
    return desk


def fill(desk: Desk, days: int = 365, requests: int = 400) -> list[tuple[int, int]]:
    return list(desk.fill_sample(ADMIN, days=days, requests=requests))


def count(desk: Desk, query: str) -> int:
    with desk.store.reading() as db:
        return int(db.execute(query).fetchone()[0])


def test_it_tells_how_far_it_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH_STEPS", 500)
    steps = fill(desk)
    assert len(steps) > 3
    assert steps[-1] == (400, 400)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_its_audit_log_verifies_and_runs_in_order_of_time(filled: Desk) -> None:
    assert filled.verify_audit(ADMIN).ok
    with filled.store.reading() as db:
        times = [row["at"] for row in db.query("SELECT at FROM audit_events WHERE kind != 'audit.verified'")]
    assert times == sorted(times)


def test_every_closed_request_has_its_end_in_the_audit_log(filled: Desk) -> None:
    with filled.store.reading() as db:
        closed = {row["id"] for row in db.query("SELECT id FROM requests WHERE closed_at IS NOT NULL")}
        ended = {row["request"] for row in db.query("SELECT request FROM audit_events WHERE kind = 'request.closed'")}
    assert closed == ended
    assert len(closed) > 1400


def test_identifiers_are_kept_only_while_their_grace_lasts(filled: Desk) -> None:
    query = "SELECT count(*) FROM identifiers i JOIN requests r ON r.number = i.request WHERE "
    assert count(filled, query + "r.closed_at < '2026-10-22'") == 0
    assert count(filled, query + "r.closed_at > '2026-10-23' AND i.destroy_after IS NULL") == 0
    assert count(filled, query + "r.closed_at > '2026-10-23'") > 50
    assert count(filled, query + "r.closed_at IS NULL") == count(
        filled, "SELECT count(*) FROM requests WHERE closed_at IS NULL"
    )


def test_a_second_history_can_be_added(desk: Desk) -> None:
    fill(desk)
    fill(desk)
    assert desk.find(ADMIN, RequestFilter()).total == 800
    assert desk.verify_audit(ADMIN).ok


def test_something_waits_for_a_person_and_something_is_queued(filled: Desk) -> None:
    states = {row.state for row in filled.find(ADMIN, RequestFilter(), page_size=400).rows}
    assert states >= {RequestState.NEEDS_PERSON, RequestState.QUEUED, RequestState.COMPLETED, RequestState.FAILED}


def test_a_desk_with_real_vendors_takes_no_samples(tmp_path: Path) -> None:
    live = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), ManualClock())
    with pytest.raises(DeskError, match="sandbox only"):
        fill(live)


def test_every_measure_has_something_to_show(filled: Desk) -> None:
    measured = filled.measures(ADMIN, Filter(Days.up_to(filled.today(), 365)))
    assert all(measured.phases[phase].total_ms for phase in Phase)
    assert sum(time.total_ms for time in measured.phases.values()) == round(
        measured.totals.total * (measured.totals.latency_ms.mean or 0)
    )
    assert measured.deadlines.missed > 0
    assert measured.deadlines.met > 1000
    assert {"gdpr", "ccpa", "uk-gdpr"} == set(measured.by_law)
    assert dict(measured.errors).keys() == {"vendor_failed", "partly_completed", "denied"}
    assert TaskState.REFUSED in measured.by_state
    drifted = [point.drifted for point in measured.drift if point.drifted is not None]
    assert len(drifted) > 45
    assert min(drifted) == 0
    assert max(drifted) > 0
    table = filled.section_7102(ADMIN, 2026, law=None).rows["delete"]
    assert sum(table.denials.values()) == table.denied > 0


def test_latency_is_from_filing_to_end_and_phases_are_its_parts(filled: Desk) -> None:
    with filled.store.reading() as db:
        rows = Rows.read(db, filled.settings.time_zone)
    for row in rows.tasks:
        if row["ended_at"]:
            ms = recount.milliseconds(row["created_at"], row["ended_at"])
            assert abs(row["latency_ms"] - ms) <= 1
            assert sum(row[f"{phase}_ms"] for phase in Phase) == row["latency_ms"]
            assert min(row[f"{phase}_ms"] for phase in Phase) >= 0


def test_what_real_requests_leave_behind_is_there_too(filled: Desk) -> None:
    good = "SELECT count(*) FROM tasks WHERE state IN ('completed', 'nothing_found')"
    assert count(filled, "SELECT count(*) FROM vault_records") == count(filled, good)
    assert count(filled, "SELECT count(*) FROM vault_deliveries WHERE state = 'delivered'") == count(filled, good)
    assert count(filled, "SELECT count(*) FROM erasure_ledger") == count(filled, f"{good} AND kind = 'ERASURE'")
    assert count(filled, "SELECT count(*) FROM denials") == count(
        filled, "SELECT count(*) FROM requests WHERE state = 'refused'"
    )
    assert count(filled, "SELECT count(*) FROM approvals WHERE state = 'approved'") > 300
    assert count(filled, "SELECT count(*) FROM approvals WHERE state = 'pending'") == 0
    assert count(filled, "SELECT count(*) FROM holds WHERE released_at IS NULL") == 0
    assert count(filled, "SELECT count(*) FROM holds") > 0
    assert count(filled, "SELECT count(*) FROM deadline_changes") == count(
        filled, "SELECT count(*) FROM audit_events WHERE kind = 'deadline.extended'"
    )
    sent = "SELECT count(*) FROM audit_events WHERE kind = 'task.sending'"
    assert count(filled, sent) == count(filled, "SELECT count(*) FROM tasks WHERE attempts > 0")


def test_an_interrupted_fill_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH_STEPS", 300)
    whole, broken = sandbox(tmp_path / "whole"), sandbox(tmp_path / "broken")
    fill(whole)
    stopped = broken.fill_sample(ADMIN, days=365, requests=400)
    assert [next(stopped) for _ in range(4)][-1][0] > 50
    stopped.close()
    left = broken.unfinished_sample(ADMIN)
    assert left is not None
    assert 50 < left.filed < 400
    assert broken.verify_audit(ADMIN).ok, "each batch stands by itself"

    later = ManualClock(broken.clock.now() + timedelta(hours=3))
    resumed = fill(desk_for(broken.settings, later))

    assert resumed[0][0] > left.filed
    assert broken.unfinished_sample(ADMIN) is None
    assert broken.verify_audit(ADMIN).ok
    for query in (
        "SELECT number, state, closed_at, due_on, version FROM requests",
        "SELECT id, state, latency_ms, attempts, polls, approval_ms, person_ms, vendor_ms FROM tasks",
        "SELECT kind, request, count(*) FROM audit_events WHERE kind NOT LIKE 'audit.%' GROUP BY 1, 2",
        "SELECT slice, what, day, n FROM request_counts",
        "SELECT number, about, state FROM approvals",
        "SELECT number, pseudonym IS NULL, released_at FROM holds",
        "SELECT ended_at, drifted FROM purpose_comparisons",
    ):
        assert rows_of(whole, query) == rows_of(broken, query)


def test_two_who_fill_at_once_do_not_write_the_same_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH_STEPS", 300)
    first = desk.fill_sample(ADMIN, days=60, requests=200)
    next(first)
    assert fill(desk, days=60, requests=200)[-1] == (200, 200)
    with pytest.raises(DeskError, match="Somebody else went on"):
        list(first)
    assert desk.find(ADMIN, RequestFilter()).total == 200


def test_a_fill_of_another_size_finishes_the_earlier_one_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BATCH_STEPS", 300)
    stopped = desk.fill_sample(ADMIN, days=60, requests=200)
    next(stopped)
    stopped.close()
    assert fill(desk, days=30, requests=100)[-1] == (100, 100)
    assert desk.find(ADMIN, RequestFilter()).total == 300


def rows_of(desk: Desk, query: str) -> set[tuple[object, ...]]:
    with desk.store.reading() as db:
        return set(map(tuple, db.execute(query)))
