"""What people do about a request's dates: extensions, a clock that stops, a period that starts anew, pinned rules."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.desk import ChangedError, Desk, DeskError
from core.model.people import NotAllowedError
from core.model.privacy_requests import TaskState
from core.store import tasks
from core.store.extensions import ChangeKind
from core.store.tasks import Outcome
from tests.clocks import ManualClock
from tests.desks import AUDITOR, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"
DAY = 86_400
REASON = "Forty systems have to be searched"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()  # Sat 21 Nov 2026


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, NOWHERE), clock)


def file(desk: Desk, **more: Any) -> str:
    submitted = desk.submit(REQUESTER, draft(**more), intent="form-1")
    assert submitted.request, submitted.findings
    return submitted.request.id


def due(desk: Desk, request_id: str) -> tuple[date, set[str]]:
    """The date of the request, and those of its tasks, by which the worker goes."""
    view = desk.show(REQUESTER, request_id)
    assert view
    with desk.store.reading() as db:
        rows = db.query("SELECT due_on FROM tasks WHERE request = 1 AND ended_at IS NULL")
        return view.request.due_on, {row["due_on"] for row in rows}


# --- extension ---


def test_an_extension_moves_the_request_and_its_tasks_to_the_extended_date_with_its_reason(desk: Desk) -> None:
    request_id = file(desk, region="DE")
    assert due(desk, request_id)[0] == date(2026, 12, 21)
    request = desk.extend(REQUESTER, request_id, REASON, version=1)
    assert (request.due_on, request.version) == (date(2027, 2, 22), 2)
    assert due(desk, request_id) == (date(2027, 2, 22), {"2027-02-22"})
    view = desk.show(REQUESTER, request_id)
    assert view
    assert view.clock
    (change,) = view.clock.changes
    assert (change.what, change.reason, change.actor_name) == (ChangeKind.EXTENDED, REASON, "Rita Requester")
    assert (change.due_before, change.due_after) == (date(2026, 12, 21), date(2027, 2, 22))
    assert (view.timeline[-1].kind, view.timeline[-1].detail["due"]) == ("deadline.extended", "2027-02-22")
    masked = desk.request_clock(AUDITOR, request_id)
    assert masked
    assert masked.changes[0].reason == ""


def test_there_is_one_extension_and_none_after_the_last_day_to_tell_the_person(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk, region="DE")
    clock.advance(30 * DAY)  # 21 December, the last day
    view = desk.request_clock(REQUESTER, request_id)
    assert view
    assert view.can_extend
    clock.advance(DAY)
    with pytest.raises(DeskError, match="had to be told of an extension by Mon 21 Dec 2026"):
        desk.extend(REQUESTER, request_id, REASON)
    clock.advance(-DAY)
    desk.extend(REQUESTER, request_id, REASON)
    with pytest.raises(DeskError, match="extended already"):
        desk.extend(REQUESTER, request_id, REASON)


@pytest.mark.parametrize(("law", "message"), [("br-lgpd", "allows no extension"), ("ch-fadp", "allows no extension")])
def test_where_the_law_allows_none_there_is_none(desk: Desk, law: str, message: str) -> None:
    with pytest.raises(DeskError, match=message):
        desk.extend(REQUESTER, file(desk, law=law), REASON)


def test_a_closed_request_keeps_its_dates(desk: Desk) -> None:
    request_id = file(desk)
    desk.cancel(REQUESTER, request_id)
    with pytest.raises(DeskError, match="is closed"):
        desk.extend(REQUESTER, request_id, REASON)


def test_an_extension_needs_its_reason_its_role_and_the_version_that_was_shown(desk: Desk) -> None:
    request_id = file(desk)
    with pytest.raises(DeskError, match="Say why"):
        desk.extend(REQUESTER, request_id, "why not")
    with pytest.raises(DeskError, match="no valid text"):
        desk.extend(REQUESTER, request_id, "bytes of another encoding \udcff")
    with pytest.raises(NotAllowedError):
        desk.extend(AUDITOR, request_id, REASON)
    desk.extend(REQUESTER, request_id, REASON, version=1)
    with pytest.raises(ChangedError, match="changed by rita"):
        desk.extend(REQUESTER, request_id, REASON, version=1)
    with pytest.raises(DeskError, match="There is no request"):
        desk.extend(REQUESTER, "PR-000404", REASON)


def test_the_reason_is_on_disk_only_encrypted(desk: Desk, tmp_path: Path) -> None:
    desk.extend(REQUESTER, file(desk), "canary reason about Mr Nobody")
    assert b"canary reason" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


# --- a clock that stops (UK GDPR) ---


def test_days_of_waiting_for_a_clarification_do_not_count_both_ends_included(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk, type="ACCESS", law="uk-gdpr")
    assert due(desk, request_id)[0] == date(2026, 12, 21)
    desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?", first=date(2026, 11, 21))
    assert due(desk, request_id)[0] == date(2026, 12, 21), "until there is an answer the earlier date stands"
    clock.advance(4 * DAY)
    paused = desk.request_clock(REQUESTER, request_id)
    assert paused
    assert (paused.paused_since, paused.if_answered_today) == (date(2026, 11, 21), date(2026, 12, 29))
    assert (paused.can_pause, paused.can_resume) == (False, True)
    request = desk.resume_clock(REQUESTER, request_id)
    # 22 to 25 November: the day of receipt does not count anyway. 25 December and the days after are closed.
    assert (request.due_on, due(desk, request_id)[1]) == (date(2026, 12, 29), {"2026-12-29"})
    respond = next(d for d in request.deadlines if d.what == "respond")
    assert "4 days of waiting for a clarification do not count" in respond.explanation
    notice = next(d for d in request.deadlines if d.what == "extension_notice")
    assert notice.due == request.due_on


def test_a_second_pause_counts_beside_the_first_and_an_extension_stays_extended(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk, type="ACCESS", law="uk-gdpr")
    for _ in range(2):
        clock.advance(DAY)
        desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?")
        desk.resume_clock(REQUESTER, request_id)
    desk.extend(REQUESTER, request_id, REASON)
    before = due(desk, request_id)[0]
    clock.advance(DAY)
    desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?")
    clock.advance(6 * DAY)
    desk.resume_clock(REQUESTER, request_id)
    assert before == date(2027, 2, 23)
    assert due(desk, request_id)[0] == date(2027, 3, 2)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"law": "uk-gdpr"}, "Only for an access request"),
        ({"law": "ccpa", "type": "ACCESS"}, "lets nothing stop the clock"),
    ],
)
def test_where_nothing_stops_the_clock_it_runs(desk: Desk, more: dict[str, Any], message: str) -> None:
    with pytest.raises(DeskError, match=message):
        desk.pause_clock(REQUESTER, file(desk, **more), "Which of the systems is meant?")


def test_a_pause_begins_and_ends_on_days_that_make_sense(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk, type="ACCESS", law="uk-gdpr")
    for first in (date(2026, 11, 20), date(2026, 11, 22), date(9999, 12, 31)):
        with pytest.raises(DeskError, match="The clock cannot stop on"):
            desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?", first=first)
    with pytest.raises(DeskError, match="is running"):
        desk.resume_clock(REQUESTER, request_id)
    clock.advance(2 * DAY)
    desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?")
    with pytest.raises(DeskError, match="stands still already"):
        desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?")
    with pytest.raises(DeskError, match="cannot have come before Mon 23 Nov 2026"):
        desk.resume_clock(REQUESTER, request_id, last=date(2026, 11, 22))
    with pytest.raises(DeskError, match="cannot have come on"):
        desk.resume_clock(REQUESTER, request_id, last=date(2026, 11, 24))


def test_under_the_eu_gdpr_waiting_for_proof_of_identity_shows_a_second_date_and_moves_none(
    desk: Desk, clock: ManualClock
) -> None:
    request_id = file(desk, region="DE")
    desk.pause_clock(REQUESTER, request_id, "Asked for proof of who they are")
    clock.advance(9 * DAY)
    request = desk.resume_clock(REQUESTER, request_id)
    assert request.due_on == date(2026, 12, 21)
    second = next(d for d in request.deadlines if d.what == "respond_if_paused")
    assert second.due == date(2026, 12, 30)
    assert "9 days of waiting for the person's proof of identity" in second.explanation
    assert "Rely on the earlier date" in second.explanation


# --- a period that starts anew ---


def test_the_uk_period_begins_when_identity_is_established(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk, law="uk-gdpr", region="GB-ENG")
    clock.advance(10 * DAY)
    request = desk.identity_established(REQUESTER, request_id, date(2026, 11, 27), "Passport seen by the front desk")
    assert (request.due_on, due(desk, request_id)[1]) == (date(2026, 12, 29), {"2026-12-29"})
    assert "Fri 27 Nov 2026" in request.deadlines[0].explanation
    for known_on in (date(2026, 11, 20), date(2026, 12, 2)):
        with pytest.raises(DeskError, match="cannot have been established on"):
            desk.identity_established(REQUESTER, request_id, known_on, "Passport seen by the front desk")


def test_where_the_law_counts_from_receipt_identity_starts_nothing(desk: Desk) -> None:
    with pytest.raises(DeskError, match="counted from receipt"):
        desk.identity_established(REQUESTER, file(desk), date(2026, 11, 21), "Passport seen by the front desk")


# --- pinned rules ---


def test_dates_are_never_reckoned_anew_by_other_rules_than_those_pinned_at_receipt(
    desk: Desk, clock: ManualClock
) -> None:
    request_id = file(desk, type="ACCESS", law="uk-gdpr")
    with desk.store.writing() as transaction:
        transaction.db.execute("UPDATE requests SET deadlines = replace(deadlines, 'uk-gdpr/2026.1', 'uk-gdpr/2019.4')")
    desk.pause_clock(REQUESTER, request_id, "Which of the systems is meant?")
    clock.advance(DAY)
    with pytest.raises(DeskError, match=r"rules uk-gdpr/2019\.4.* are not part of this Privacy Desk any more"):
        desk.resume_clock(REQUESTER, request_id)
    assert desk.extend(REQUESTER, request_id, REASON).due_on == date(2027, 2, 22), "reckoned at receipt"


def test_a_task_that_has_ended_keeps_the_date_it_had(desk: Desk) -> None:
    request_id = file(desk)
    with desk.store.writing() as transaction:
        tasks.change(transaction, f"{request_id}-1", Outcome(TaskState.SENDING))
        tasks.change(transaction, f"{request_id}-1", Outcome(TaskState.FAILED))
    desk.retry(REQUESTER, f"{request_id}-1")
    desk.extend(REQUESTER, request_id, REASON)
    with desk.store.reading() as db:
        rows = {row["id"]: row["due_on"] for row in db.query("SELECT id, due_on FROM tasks")}
    assert rows == {"PR-000001-1": "2026-12-21", "PR-000001-2": "2027-02-22"}


def test_a_controller_whose_authority_accepts_it_leaves_those_days_out(tmp_path: Path, clock: ManualClock) -> None:
    settings = settings_for(tmp_path, NOWHERE).model_copy(update={"identity_pause": "clock_stops"})
    desk = desk_for(settings, clock)
    request_id = file(desk, region="DE")
    desk.pause_clock(REQUESTER, request_id, "Asked for proof of who they are")
    clock.advance(9 * DAY)
    request = desk.resume_clock(REQUESTER, request_id)
    assert (request.due_on, {d.what for d in request.deadlines}) == (
        date(2026, 12, 30),
        {"respond", "extension_notice", "extended"},
    )
