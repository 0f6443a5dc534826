"""What a check of the audit log leaves behind: an event, a signature where all is well, a notice where it is not."""

from pathlib import Path

import pytest

from core.desk import Desk
from core.model.events import EventKind
from core.model.notices import NoticeKind
from core.store import checkpoints
from core.store.audit import EventFilter
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.store.audit_logs import tampering


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), ManualClock())
    desk.submit(ADMIN, draft(), intent="form-1")
    return desk


def notices(desk: Desk) -> list[tuple[str, bool]]:
    with desk.store.reading() as db:
        return [(row["kind"], row["over_at"] is not None) for row in db.query("SELECT kind, over_at FROM notices")]


def signed(desk: Desk) -> int:
    return checkpoints.read(desk.store.checkpoints_path(desk.store.path))[0][-1].size


def test_a_good_verdict_is_an_event_and_is_signed(desk: Desk) -> None:
    assert desk.verify_audit(ADMIN).ok
    (event,) = desk.audit(ADMIN, EventFilter(kind=EventKind.AUDIT_VERIFIED)).rows
    assert (event.outcome, event.detail) == ("ok", {"ok": True, "events": 1, "bad": 0})
    assert (signed(desk), notices(desk)) == (2, [])


def test_a_bad_one_is_told_to_people_until_it_is_good_again(desk: Desk) -> None:
    with tampering(desk.store.path) as db:
        (actor,) = db.execute("SELECT actor FROM audit_events WHERE seq = 1").fetchone()
        db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 1")
    assert not desk.verify_audit(ADMIN).ok
    assert notices(desk) == [(NoticeKind.AUDIT_NOT_SOUND, False)]
    with tampering(desk.store.path) as db:
        db.execute("UPDATE audit_events SET actor = ? WHERE seq = 1", [actor])
    assert desk.verify_audit(ADMIN).ok
    assert notices(desk) == [(NoticeKind.AUDIT_NOT_SOUND, True)]
