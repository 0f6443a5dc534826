"""Sample history: written like real history, so that every page and the audit log hold together."""

from pathlib import Path

import pytest

from core.desk import Desk, DeskError
from core.model.privacy_requests import RequestState
from core.settings import Settings
from core.store.requests import RequestFilter
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, settings_for


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    settings = Settings(database=tmp_path / "desk" / "desk.db", keys=tmp_path / "keys" / "desk.keys")
    return desk_for(settings, ManualClock())


def fill(desk: Desk, days: int = 365, requests: int = 400) -> list[tuple[int, int]]:
    return list(desk.fill_sample(ADMIN, days=days, requests=requests))


def test_it_tells_how_far_it_is(desk: Desk) -> None:
    steps = fill(desk)
    assert steps[-1] == (400, 400)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_its_audit_log_verifies_and_runs_in_order_of_time(desk: Desk) -> None:
    fill(desk)
    assert desk.verify_audit(ADMIN).ok
    with desk.store.reading() as db:
        times = [row["at"] for row in db.query("SELECT at FROM audit_events WHERE detail NOT LIKE '%verified%'")]
    assert times == sorted(times)


def test_every_closed_request_has_its_end_in_the_audit_log(desk: Desk) -> None:
    fill(desk)
    with desk.store.reading() as db:
        closed = {row["id"] for row in db.query("SELECT id FROM requests WHERE closed_at IS NOT NULL")}
        ended = {row["request"] for row in db.query("SELECT request FROM audit_events WHERE kind = 'request.closed'")}
    assert closed == ended
    assert len(closed) > 350


def test_identifiers_are_kept_only_while_their_grace_lasts(desk: Desk) -> None:
    fill(desk)
    with desk.store.reading() as db:
        (row,) = db.query(
            "SELECT count(*) AS n FROM identifiers i JOIN requests r ON r.number = i.request "
            "WHERE r.closed_at < '2026-10-22'"
        )
        kept = db["identifiers"].count
    assert row["n"] == 0
    assert kept > 0


def test_a_second_history_can_be_added(desk: Desk) -> None:
    fill(desk)
    fill(desk)
    assert desk.find(ADMIN, RequestFilter()).total == 800


def test_something_waits_for_a_person_and_something_is_queued(desk: Desk) -> None:
    fill(desk)
    states = {row.state for row in desk.find(ADMIN, RequestFilter(), page_size=400).rows}
    assert states >= {RequestState.NEEDS_PERSON, RequestState.QUEUED, RequestState.COMPLETED, RequestState.FAILED}


def test_a_desk_with_real_vendors_takes_no_samples(tmp_path: Path) -> None:
    live = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), ManualClock())
    with pytest.raises(DeskError, match="sandbox only"):
        fill(live)
