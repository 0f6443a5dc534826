"""Long work that the desk has done beside the server: who may ask, one at a time, and what it leaves."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk, DeskError
from core.desk.background_process import carry_out
from core.desk.export_work import filter_from, filter_to
from core.model.events import EventKind
from core.model.people import NotAllowedError
from core.store.audit import EventFilter
from core.store.background import Work, WorkState
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, REQUESTER, draft, settings_for


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk.open(settings_for(tmp_path, "http://127.0.0.1:1"), SystemClock())
    assert made.submit(ADMIN, draft(), intent="one").request
    return made


def ended(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while look() and time.monotonic() < deadline:
        time.sleep(0.02)
    for thread in threading.enumerate():
        if thread.name == "end of background work":
            thread.join(30)


def test_a_check_has_its_verdict_and_its_event_under_the_name_of_who_asked(desk: Desk) -> None:
    assert desk.verification(AUDITOR) is None
    desk.start_verification(AUDITOR)
    ended(lambda: bool((v := desk.verification(AUDITOR)) and v.runs))
    verdict = desk.verification(AUDITOR)
    assert verdict
    assert (verdict.state, verdict.ok, verdict.bad_total, verdict.asked_by) == (WorkState.DONE, True, 0, AUDITOR.name)
    assert desk.bad_rows(AUDITOR, 0, 10) == []
    (event,) = desk.audit(AUDITOR, EventFilter(kind=EventKind.AUDIT_VERIFIED)).rows
    assert event.actor == AUDITOR.id


def test_only_one_of_a_kind_is_under_way(desk: Desk) -> None:
    desk.start_verification(AUDITOR)
    with pytest.raises(DeskError, match="verified already"):
        desk.start_verification(ADMIN)
    ended(lambda: bool((v := desk.verification(AUDITOR)) and v.runs))


def test_an_export_that_is_cancelled_leaves_no_file(desk: Desk) -> None:
    folder = desk._work_folder("export")
    folder.folder.mkdir()
    asked = {"what": "events", "filter": filter_to(EventFilter(request="PR-000001"))}
    folder._write(Work("work-1", AUDITOR, desk.clock.now(), asked=asked))
    desk.cancel_export(AUDITOR, "work-1")
    carry_out("export", desk, folder.folder)
    last = desk.export_work(AUDITOR)
    assert last
    assert (last.state, last.export) == (WorkState.CANCELLED, None)
    assert desk.exports(AUDITOR) == ()


def test_who_may_not_see_the_log_may_not_have_it_checked_or_exported(tmp_path: Path) -> None:
    desk = Desk.open(settings_for(tmp_path, "http://127.0.0.1:1"), ManualClock())
    for act in (
        lambda: desk.start_verification(REQUESTER),
        lambda: desk.verification(REQUESTER),
        lambda: desk.cancel_verification(REQUESTER, "x"),
        lambda: desk.bad_rows(REQUESTER, 0, 1),
        lambda: desk.start_export(REQUESTER, "evidence", EventFilter()),
        lambda: desk.export_work(REQUESTER),
        lambda: desk.cancel_export(REQUESTER, "x"),
        lambda: desk.event_in_chain(REQUESTER, 1),
        lambda: desk.audit_checkpoints(REQUESTER, first=0, count=1),
    ):
        with pytest.raises(NotAllowedError):
            act()


def test_a_process_without_work_to_do_says_so(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        carry_out("verification", desk, tmp_path / "nothing")


def test_a_filter_comes_back_as_it_was_from_its_json() -> None:
    now = ManualClock().now()
    for where in (EventFilter(), EventFilter(request="PR-000001", since=now, until=now, text="a b", kind="x")):
        assert filter_from(filter_to(where)) == where
