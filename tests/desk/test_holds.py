"""Legal holds: what they stop, what passes them, what they came too late for, and what a release leaves to decide."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.desk import ChangedError, Choice, Desk, DeskError
from core.model.findings import Finding, Severity
from core.model.holds import Hold, HoldDraft
from core.model.people import Actor, NotAllowedError, Role
from core.model.privacy_requests import Draft, RequestState, TaskState
from core.store import tasks
from core.store.approvals import ApprovalKind
from core.store.audit import EventFilter, events
from core.store.tasks import Outcome
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"
SUBJECT = "USR-8847291"
ANA = Actor("test", "ana", "Ana Approver", frozenset({Role.APPROVER}))
REASON = "The court has ordered the erasure"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, NOWHERE), clock)


@pytest.fixture
def strict(tmp_path: Path, clock: ManualClock) -> Desk:
    """A desk where every erasure needs a second person."""
    return desk_for(settings_for(tmp_path, NOWHERE).model_copy(update={"approvals": "on"}), clock)


def hold(subject: str = SUBJECT, *categories: str, review_on: date = date(2027, 1, 10)) -> HoldDraft:
    return HoldDraft(subject, categories, "art_17_3_e", "Suit 7/2026", "Lea Legal", review_on)


def place(desk: Desk, subject: str = SUBJECT, *categories: str) -> Hold:
    placed = desk.place_hold(REQUESTER, hold(subject, *categories))
    assert placed.hold
    return placed.hold


def file(desk: Desk, subject: str = SUBJECT, intent: str = "form-1", **more: Any) -> str:
    submitted = desk.submit(REQUESTER, draft(subject, **more), intent=intent)
    assert submitted.request, submitted.findings
    return submitted.request.id


def state(desk: Desk, request_id: str) -> RequestState:
    view = desk.show(ADMIN, request_id)
    assert view
    return view.request.state


def put(desk: Desk, task_id: str, *states: TaskState, in_doubt: bool = False) -> None:
    with desk.store.writing() as transaction:
        for one in states:
            tasks.change(transaction, task_id, Outcome(one, may_have_acted=in_doubt))


def rules(desk: Desk, **more: Any) -> list[tuple[str, str, Severity]]:
    return [(f.field, f.rule, f.severity) for f in desk.check(REQUESTER, draft(**more))]


# --- while the form is filled in ---


def test_a_hold_on_the_person_blocks_while_the_form_is_filled_in_and_is_named(desk: Desk) -> None:
    placed = place(desk)
    (finding,) = desk.check(REQUESTER, draft())
    assert (finding.field, finding.rule, finding.blocks) == ("subjectId", "legal_hold", True)
    for part in (placed.id, "Art. 17(3)(e)", "Suit 7/2026", "Lea Legal", "Sun 10 Jan 2027"):
        assert part in finding.message
    assert SUBJECT not in finding.message
    assert desk.submit(REQUESTER, draft(), intent="form-1").request is None
    assert desk.check(REQUESTER, draft("USR-0000002")) == ()


def test_a_hold_on_categories_offers_to_leave_them_out(desk: Desk) -> None:
    place(desk, "", "EMAIL", "SMS")
    (finding,) = desk.check(REQUESTER, draft(categories=("CONTACT", "EMAIL")))
    assert (finding.field, finding.rule, finding.suggestion) == ("categories", "legal_hold", ["CONTACT"])
    assert desk.check(REQUESTER, draft(categories=("CONTACT",))) == ()
    (finding,) = desk.check(REQUESTER, draft(categories=("EMAIL",)))
    assert finding.suggestion is None


def test_a_hold_on_both_covers_that_person_s_categories_only(desk: Desk) -> None:
    place(desk, SUBJECT, "EMAIL")
    (finding,) = desk.check(REQUESTER, draft(categories=("CONTACT", "EMAIL")))
    assert "EMAIL of this person" in finding.message
    assert desk.check(REQUESTER, draft(categories=("CONTACT",))) == ()
    assert desk.check(REQUESTER, draft("USR-0000002", categories=("CONTACT", "EMAIL"))) == ()


def test_a_further_identifier_of_the_person_is_held_too(desk: Desk) -> None:
    place(desk, "USR-0000009")
    assert rules(desk, also_known_as=("USR-0000009",)) == [("subjectId", "legal_hold", Severity.ERROR)]


def test_a_hold_stops_no_access_request(desk: Desk) -> None:
    place(desk)
    assert state(desk, file(desk, type="ACCESS")) is RequestState.QUEUED


# --- filing under a hold ---


def test_a_request_that_is_held_back_is_filed_on_hold_with_its_deadline_running(desk: Desk) -> None:
    placed = place(desk)
    assert rules(desk, under_hold="hold_back") == [("subjectId", "legal_hold", Severity.WARNING)]
    request_id = file(desk, under_hold="hold_back")
    view = desk.show(REQUESTER, request_id)
    assert view
    assert (view.request.state, view.request.tasks[0].next_due_at) == (RequestState.ON_HOLD, None)
    assert view.holds == (placed.id,)
    assert view.request.due_on > desk.today()
    assert [(h.request.id, h.holds) for h in desk.held_back(REQUESTER)] == [(request_id, (placed.id,))]


def test_holding_back_where_nothing_stands_in_the_way_files_as_ever(desk: Desk) -> None:
    assert state(desk, file(desk, under_hold="hold_back")) is RequestState.QUEUED


def test_a_request_on_hold_can_be_cancelled_or_denied(desk: Desk) -> None:
    place(desk)
    first = file(desk, under_hold="hold_back")
    assert desk.cancel(REQUESTER, first).state is RequestState.CANCELLED
    second = file(desk, intent="form-2", under_hold="hold_back")
    assert desk.deny(ANA, [Choice(second)], code="art_17_3_e")[0].done


def test_an_override_needs_its_reason_and_a_second_person_even_where_nothing_else_does(desk: Desk) -> None:
    placed = place(desk)
    found = rules(desk, under_hold="override", reason="because")
    assert ("reason", "required", Severity.ERROR) in found
    assert ("underHold", "second_person", Severity.WARNING) in found
    request_id = file(desk, under_hold="override", reason=REASON)
    assert state(desk, request_id) is RequestState.AWAITING_APPROVAL
    (row,) = desk.pending_approvals(ANA).rows
    assert (row.kind, row.overrides, row.reason) == (ApprovalKind.HOLD_OVERRIDE, (placed.id,), REASON)
    assert desk.pending_approvals(AUDITOR).rows[0].reason == ""
    assert desk.approve(ANA, [Choice(request_id)])[0].done
    assert state(desk, request_id) is RequestState.QUEUED


def test_the_category_that_nobody_may_erase_passes_with_an_override_by_a_second_person(desk: Desk) -> None:
    analytics: dict[str, Any] = {"categories": ("CONTACT", "ANALYTICS")}
    assert rules(desk, **analytics) == [("categories", "immutable_category", Severity.ERROR)]
    assert rules(desk, **analytics, under_hold="hold_back") == [("categories", "immutable_category", Severity.ERROR)]
    assert [rule for _, rule, _ in rules(desk, **analytics, under_hold="override", reason=REASON)] == ["second_person"]
    request_id = file(desk, **analytics, under_hold="override", reason=REASON)
    (row,) = desk.pending_approvals(ANA).rows
    assert (row.about, row.kind, row.overrides) == (request_id, ApprovalKind.HOLD_OVERRIDE, ("ANALYTICS",))
    with desk.store.reading() as db:
        (filed,) = events(db, EventFilter(request=request_id, kind="request.filed"), before_seq=None, limit=5)
    assert filed.detail["overrides"] == ["ANALYTICS"]


def test_an_unknown_way_and_an_endless_reason_are_findings(desk: Desk) -> None:
    place(desk)
    assert [rule for _, rule, _ in rules(desk, under_hold="ignore")] == ["enum"]
    for reason, rule in (("x" * 1001, "max_length"), ("bytes of another encoding \udcff", "pattern")):
        assert ("reason", rule, Severity.ERROR) in rules(desk, under_hold="override", reason=reason)


# --- placing one ---


def test_placing_a_hold_keeps_back_what_waits_and_lists_what_it_came_too_late_for(strict: Desk) -> None:
    waiting = file(strict, "USR-0000001", "form-1")
    queued, sent = file(strict, "USR-0000002", "form-2"), file(strict, "USR-0000003", "form-3")
    other = file(strict, "USR-0000004", "form-4", categories=("SMS",))
    strict.approve(ANA, [Choice(queued), Choice(sent)], typed="2")
    put(strict, f"{sent}-1", TaskState.SENDING, TaskState.IN_PROGRESS)
    placed = strict.place_hold(REQUESTER, hold("", "EMAIL"))
    assert (placed.held_back, placed.already_sent) == ((waiting, queued), (sent,))
    states = [state(strict, one) for one in (waiting, queued, sent, other)]
    assert states == [
        RequestState.ON_HOLD,
        RequestState.ON_HOLD,
        RequestState.IN_PROGRESS,
        RequestState.AWAITING_APPROVAL,
    ]
    assert [row.about for row in strict.pending_approvals(ANA).rows] == [other], "what was asked for has lapsed"


def test_a_hold_that_is_placed_while_a_form_is_being_filed_stops_it(desk: Desk) -> None:
    class Overtaken(Desk):
        def _check(self, draft: Draft) -> tuple[Finding, ...]:
            found = super()._check(draft)
            place(desk)
            return found

    submitted = Overtaken(desk.settings, desk.store, desk.clock).submit(REQUESTER, draft(), intent="form-1")
    assert (submitted.request, [f.rule for f in submitted.findings]) == (None, ["legal_hold"])


def test_what_may_have_reached_a_vendor_is_given_to_a_person_and_not_sent_again_under_a_hold(desk: Desk) -> None:
    request_id = file(desk)
    put(desk, f"{request_id}-1", TaskState.SENDING, TaskState.QUEUED, in_doubt=True)
    placed = desk.place_hold(REQUESTER, hold())
    assert (placed.held_back, placed.already_sent) == ((), (request_id,))
    assert state(desk, request_id) is RequestState.NEEDS_PERSON
    with pytest.raises(DeskError, match="nothing is sent again under a hold"):
        desk.retry(REQUESTER, f"{request_id}-1", not_received=True)


def test_a_failed_erasure_is_not_tried_again_under_a_hold(desk: Desk) -> None:
    request_id = file(desk)
    put(desk, f"{request_id}-1", TaskState.SENDING, TaskState.FAILED)
    place(desk)
    with pytest.raises(DeskError, match="LH-000001"):
        desk.retry(REQUESTER, f"{request_id}-1")


def test_a_hold_with_findings_is_not_placed(desk: Desk) -> None:
    placed = desk.place_hold(REQUESTER, HoldDraft())
    assert placed.hold is None
    assert {f.field for f in placed.findings} == {"subject", "ground", "matter", "owner", "review_on"}
    assert desk.holds(REQUESTER) == []


def test_whom_a_hold_is_about_is_on_disk_only_encrypted_and_shown_to_those_who_may_see_it(
    desk: Desk, tmp_path: Path
) -> None:
    placed = desk.place_hold(REQUESTER, hold("CANARY-SUBJECT-1"))
    assert placed.hold
    assert placed.hold.subject == "CANARY-SUBJECT-1"
    (masked,) = desk.holds(AUDITOR)
    assert (masked.subject, masked.masked_subject) == (None, "CA…1")
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"CANARY-SUBJECT" not in on_disk
    assert b"Suit 7" not in on_disk


def test_a_hold_that_is_due_for_review_is_listed(desk: Desk, clock: ManualClock) -> None:
    tomorrow = desk.today() + timedelta(days=1)
    desk.place_hold(REQUESTER, hold(review_on=tomorrow))
    assert desk.holds_due_for_review(REQUESTER) == []
    clock.advance(86_400)
    assert [h.id for h in desk.holds_due_for_review(REQUESTER)] == ["LH-000001"]


def test_a_hold_that_was_reviewed_stays_until_it_is_looked_at_again(desk: Desk, clock: ManualClock) -> None:
    placed = place(desk)
    clock.advance(60 * 86_400)
    assert [h.id for h in desk.holds_due_for_review(REQUESTER)] == [placed.id]
    kept = desk.review_hold(REQUESTER, placed.id, date(2027, 6, 1), version=placed.version)
    assert (kept.review_on, kept.version, kept.is_active) == (date(2027, 6, 1), 2, True)
    assert desk.holds_due_for_review(REQUESTER) == []
    with pytest.raises(ChangedError):
        desk.review_hold(REQUESTER, placed.id, date(2027, 7, 1), version=placed.version)
    with pytest.raises(DeskError, match="not in the future"):
        desk.review_hold(REQUESTER, placed.id, date(2027, 1, 1))
    with pytest.raises(NotAllowedError):
        desk.review_hold(AUDITOR, placed.id, date(2027, 7, 1))


# --- releasing one ---


def test_a_release_sends_nothing_and_offers_what_this_hold_alone_held_back(desk: Desk) -> None:
    on_person, on_category = place(desk, "USR-0000001"), place(desk, "", "EMAIL")
    both = file(desk, "USR-0000001", "form-1", under_hold="hold_back")
    one = file(desk, "USR-0000002", "form-2", under_hold="hold_back")
    released = desk.release_hold(ANA, on_category.id, "The suit was settled", version=on_category.version)
    assert (released.free, released.hold.is_active) == ((one,), False)
    assert {state(desk, r) for r in (both, one)} == {RequestState.ON_HOLD}
    assert [(h.request.id, h.holds) for h in desk.held_back(ANA)] == [(both, (on_person.id,)), (one, ())]
    decided = desk.erase_held_back(ANA, [one, both, "PR-000404"])
    assert [(d.about, d.done) for d in decided] == [(one, True), (both, False), ("PR-000404", False)]
    assert on_person.id in decided[1].message
    assert (state(desk, one), state(desk, both)) == (RequestState.QUEUED, RequestState.ON_HOLD)


def test_what_goes_on_after_a_release_waits_for_a_second_person_where_erasures_do(strict: Desk) -> None:
    placed = place(strict)
    request_id = file(strict, under_hold="hold_back")
    strict.release_hold(ANA, placed.id, "The suit was settled")
    assert strict.erase_held_back(ANA, [request_id])[0].done
    (row,) = strict.pending_approvals(ANA).rows
    assert (row.about, row.kind, row.asked_by_name) == (request_id, ApprovalKind.ERASURE, "Rita Requester")
    assert strict.approve(ANA, [Choice(request_id)])[0].done
    assert state(strict, request_id) is RequestState.QUEUED


def test_an_override_is_asked_for_again_after_another_hold_came_and_went(desk: Desk) -> None:
    first = place(desk)
    request_id = file(desk, under_hold="override", reason=REASON)
    second = place(desk, "", "EMAIL")
    assert state(desk, request_id) is RequestState.ON_HOLD
    assert desk.pending_approvals(ANA).total == 0
    assert desk.release_hold(ANA, second.id, "Placed by mistake").free == (request_id,)
    desk.erase_held_back(ANA, [request_id])
    (row,) = desk.pending_approvals(ANA).rows
    assert (row.kind, row.overrides) == (ApprovalKind.HOLD_OVERRIDE, (first.id,))


def test_a_release_needs_its_reason_its_role_and_the_version_that_was_shown(desk: Desk) -> None:
    placed = place(desk)
    with pytest.raises(DeskError, match="Say why"):
        desk.release_hold(ANA, placed.id, "done")
    with pytest.raises(NotAllowedError):
        desk.release_hold(REQUESTER, placed.id, "The suit was settled")
    with pytest.raises(DeskError, match="There is no hold"):
        desk.release_hold(ANA, "LH-000404", "The suit was settled")
    desk.release_hold(ANA, placed.id, "The suit was settled", version=1)
    with pytest.raises(ChangedError, match="released by Ana Approver"):
        desk.release_hold(ADMIN, placed.id, "The suit was settled", version=1)
    assert [h.id for h in desk.holds(REQUESTER, released=True)] == [placed.id]


def test_holding_and_letting_go_are_on_the_request_s_timeline(desk: Desk) -> None:
    request_id = file(desk)
    placed = place(desk)
    desk.release_hold(ANA, placed.id, "The suit was settled")
    desk.erase_held_back(ANA, [request_id])
    view = desk.show(REQUESTER, request_id)
    assert view
    assert [event.kind for event in view.timeline] == ["request.filed", "task.held", "task.no_longer_held"]
    assert desk.verify_audit(ADMIN).ok
