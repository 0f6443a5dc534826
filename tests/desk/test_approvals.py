"""Decisions by a second person: who may decide, what a decision does, and what it does not touch."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.desk import Choice, Desk, DeskError
from core.model.denials import DenialClass, DenialCode
from core.model.people import Actor, NotAllowedError, Role
from core.model.privacy_requests import RequestState, TaskState
from core.store import approvals, people, tasks
from core.store.approvals import ApprovalKind
from core.store.audit import EventFilter, events
from core.store.tasks import Outcome
from tests.clocks import ManualClock
from tests.desks import AUDITOR, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"
ANA = Actor("test", "ana", "Ana Approver", frozenset({Role.APPROVER}))
BOTH = Actor("test", "bo", "Bo Both", frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    settings = settings_for(tmp_path, NOWHERE)
    return desk_for(settings.model_copy(update={"approvals": "on", "erasure_grace_minutes": 10.0}), clock)


def file(desk: Desk, number: int = 1, by: Actor = REQUESTER, **more: Any) -> str:
    submitted = desk.submit(by, draft(f"USR-{number:07d}", **more), intent=f"form-{number}")
    assert submitted.request
    return submitted.request.id


def state(desk: Desk, request_id: str) -> RequestState:
    view = desk.show(ANA, request_id)
    assert view
    return view.request.state


def kinds(desk: Desk, request_id: str) -> list[tuple[str, str | None]]:
    with desk.store.reading() as db:
        found = events(db, EventFilter(request=request_id), before_seq=None, limit=50)
    return [(event.kind, event.outcome) for event in reversed(found)]


# --- what waits ---


def test_an_erasure_waits_for_a_second_person_and_an_access_request_goes_straight_on(desk: Desk) -> None:
    erasure, access = file(desk, 1), file(desk, 2, type="ACCESS")
    assert (state(desk, erasure), state(desk, access)) == (RequestState.AWAITING_APPROVAL, RequestState.QUEUED)
    assert kinds(desk, erasure) == [("request.filed", "awaiting_approval"), ("approval.asked", "pending")]
    page = desk.pending_approvals(ANA)
    assert (page.total, [row.about for row in page.rows]) == (1, [erasure])
    (row,) = page.rows
    assert (row.kind, row.own, row.asked_by_name) == (ApprovalKind.ERASURE, False, "Rita Requester")
    assert row.request
    assert (row.version, row.due_on, row.request.subject) == (1, row.request.due_on, "USR-0000001")


def test_without_the_policy_nothing_waits(tmp_path: Path, clock: ManualClock) -> None:
    plain = desk_for(settings_for(tmp_path, NOWHERE), clock)
    assert state(plain, file(plain)) is RequestState.QUEUED
    assert plain.pending_approvals(ANA).rows == ()


def test_what_waits_comes_in_pages_the_oldest_first_with_identifiers_masked_for_whoever_may_not_see_them(
    desk: Desk,
) -> None:
    filed = [file(desk, number) for number in range(1, 6)]
    pages = [desk.pending_approvals(AUDITOR, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [row.about for page in pages for row in page.rows] == filed
    assert {page.total for page in pages} == {5}
    first = pages[0].rows[0].request
    assert first
    assert (first.subject, first.masked_subject) == (None, "US…1")


# --- who decides ---


def test_the_filer_never_approves_whatever_the_page_shows_and_the_attempt_is_on_record(desk: Desk) -> None:
    request_id = file(desk, by=BOTH)
    assert desk.pending_approvals(BOTH).rows[0].own
    (decided,) = desk.approve(BOTH, [Choice(request_id)])
    assert (decided.done, decided.changed) == (False, False)
    assert "somebody else has to decide it" in decided.message
    assert state(desk, request_id) is RequestState.AWAITING_APPROVAL
    assert kinds(desk, request_id)[-1] == ("access.denied", "own request")


def test_the_filer_is_known_by_issuer_and_subject_not_by_name(desk: Desk) -> None:
    request_id = file(desk, by=BOTH)
    namesake = Actor("other-idp", "bo", "Bo Both", frozenset({Role.APPROVER}))
    renamed = Actor("test", "bo", "Somebody Else", frozenset({Role.APPROVER}))
    assert not desk.approve(renamed, [Choice(request_id)])[0].done
    assert desk.approve(namesake, [Choice(request_id)])[0].done


def test_a_second_account_of_the_filer_with_the_same_address_does_not_approve_either(desk: Desk) -> None:
    request_id = file(desk, by=BOTH)
    with desk.store.writing() as transaction:
        for person in ("test|bo", "test|bo2"):
            transaction.db.execute(
                "INSERT INTO people (id, issuer, subject, name, account, email_mark, claimed, first_seen_at, "
                "last_seen_at) VALUES (?, 'test', ?, 'Bo', 'bo', 'the-same-mark', '[]', '', '')",
                [person, person.partition("|")[2]],
            )
    with desk.store.reading() as db:
        assert people.same_person(db, "test|bo", "test|bo2")
    second = Actor("test", "bo2", "Bo again", frozenset({Role.APPROVER}))
    assert not desk.approve(second, [Choice(request_id)])[0].done


@pytest.mark.parametrize("actor", [REQUESTER, AUDITOR])
def test_whoever_is_no_approver_is_refused(desk: Desk, actor: Actor) -> None:
    request_id = file(desk)
    with pytest.raises(NotAllowedError):
        desk.approve(actor, [Choice(request_id)])
    with pytest.raises(NotAllowedError):
        desk.deny(actor, [Choice(request_id)], code="art_12_6")
    assert state(desk, request_id) is RequestState.AWAITING_APPROVAL


# --- approving ---


def test_an_approved_erasure_is_queued_with_its_grace_counted_from_the_approval(desk: Desk, clock: ManualClock) -> None:
    request_id = file(desk)
    clock.advance(3600)
    (decided,) = desk.approve(ANA, [Choice(request_id, version=1)])
    assert decided.done
    view = desk.show(ANA, request_id)
    assert view
    assert view.request.state is RequestState.QUEUED
    assert view.request.tasks[0].next_due_at == clock.now() + timedelta(minutes=10)
    assert view.in_grace_until == clock.now() + timedelta(minutes=10)
    assert kinds(desk, request_id)[-1] == ("approval.decided", "approved")
    assert desk.pending_approvals(ANA).total == 0


def test_a_stale_page_approves_nothing_and_says_who_changed_it_and_when(desk: Desk) -> None:
    request_id = file(desk)
    desk.extend(REQUESTER, request_id, "Many systems to look through")
    (decided,) = desk.approve(ANA, [Choice(request_id, version=1)])
    assert (decided.done, decided.changed) == (False, True)
    assert "changed by rita at 21 Nov 2026, 09:00 UTC" in decided.message
    assert state(desk, request_id) is RequestState.AWAITING_APPROVAL


def test_what_is_decided_is_not_decided_again(desk: Desk) -> None:
    request_id = file(desk)
    desk.approve(ANA, [Choice(request_id)])
    (again,) = desk.approve(ANA, [Choice(request_id)])
    assert (again.done, "waits for nobody's approval" in again.message) == (False, True)


def test_an_approval_does_not_count_for_anything_else_than_was_asked(desk: Desk) -> None:
    request_id = file(desk)
    with desk.store.writing() as transaction:
        transaction.db.execute("UPDATE requests SET categories = ? WHERE id = ?", ['["SMS"]', request_id])
    (decided,) = desk.approve(ANA, [Choice(request_id)])
    assert (decided.done, "has changed" in decided.message) == (False, True)
    assert state(desk, request_id) is RequestState.AWAITING_APPROVAL


def test_many_are_approved_after_their_number_was_typed_and_each_is_reported(desk: Desk) -> None:
    filed = [file(desk, number) for number in range(1, 4)]
    own = file(desk, 9, by=Actor("test", "ana", "Ana Approver", frozenset({Role.ADMINISTRATOR})))
    choices = [Choice(one, version=1) for one in (*filed, own, "PR-000404")]
    for typed in ("", "4", "five"):
        with pytest.raises(DeskError, match="Type 5"):
            desk.approve(ANA, choices, typed=typed)
    decided = desk.approve(ANA, choices, typed=" 5 ")
    assert [(d.about, d.done) for d in decided] == [*((one, True) for one in filed), (own, False), ("PR-000404", False)]
    assert {state(desk, one) for one in filed} == {RequestState.QUEUED}


def test_nothing_and_the_same_twice_are_no_choices(desk: Desk) -> None:
    with pytest.raises(DeskError, match="Nothing is chosen"):
        desk.approve(ANA, [])
    with pytest.raises(DeskError, match="twice"):
        desk.approve(ANA, [Choice("PR-000001"), Choice("PR-000001")], typed="2")


def test_a_cancelled_request_is_withdrawn_from_whoever_was_asked(desk: Desk) -> None:
    request_id = file(desk)
    desk.cancel(REQUESTER, request_id)
    assert desk.pending_approvals(ANA).total == 0
    assert ("approval.decided", "withdrawn") in kinds(desk, request_id)
    assert not desk.approve(ANA, [Choice(request_id)])[0].done


# --- denying ---


def test_a_denial_closes_the_request_with_its_ground_and_a_note_that_only_some_may_read(desk: Desk) -> None:
    request_id = file(desk)
    (decided,) = desk.deny(ANA, [Choice(request_id, version=1)], code="art_17_3_e", note="Suit 7 is pending")
    assert decided.done
    view = desk.show(REQUESTER, request_id)
    assert view
    assert view.request.state is RequestState.REFUSED
    assert view.request.closed_at
    error = view.request.tasks[0].error
    assert error
    assert error.code == "denied"
    assert view.denial
    assert (view.denial.code, view.denial.class_7102) == (DenialCode.ARTICLE_17_3_E, DenialClass.EXEMPT)
    assert (view.denial.actor_name, view.denial.note) == ("Ana Approver", "Suit 7 is pending")
    masked = desk.denial(AUDITOR, request_id)
    assert masked
    assert masked.note == ""
    assert [kind for kind, _ in kinds(desk, request_id)] == [
        "request.filed",
        "approval.asked",
        "approval.decided",
        "task.ended",
        "request.denied",
        "request.closed",
    ]


def test_the_note_of_a_denial_is_on_disk_only_encrypted_and_in_the_log_only_as_its_hash(
    desk: Desk, tmp_path: Path
) -> None:
    request_id = file(desk)
    desk.deny(ANA, [Choice(request_id)], code="other", note="canary note about Mr Nobody")
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary note" not in on_disk
    with desk.store.reading() as db:
        (row,) = db.query("SELECT detail FROM audit_events WHERE kind = 'request.denied'")
    assert '"note_sha256":"' in row["detail"]


def test_a_denied_request_is_not_tried_again_but_filed_anew(desk: Desk) -> None:
    request_id = file(desk)
    desk.deny(ANA, [Choice(request_id)], code="art_12_6")
    view = desk.show(REQUESTER, request_id)
    assert view
    assert view.can_retry == ()
    with pytest.raises(DeskError, match="nothing to try again"):
        desk.retry(REQUESTER, f"{request_id}-1")
    anew = desk.submit(REQUESTER, draft("USR-0000001"), intent="form-2").request
    assert anew
    assert anew.state is RequestState.AWAITING_APPROVAL


def test_a_failed_erasure_that_is_sent_again_keeps_its_approval(desk: Desk) -> None:
    request_id = file(desk)
    desk.approve(ANA, [Choice(request_id)])
    with desk.store.writing() as transaction:
        tasks.change(transaction, f"{request_id}-1", Outcome(TaskState.SENDING))
        tasks.change(transaction, f"{request_id}-1", Outcome(TaskState.FAILED))
    assert desk.retry(REQUESTER, f"{request_id}-1").state is RequestState.QUEUED
    assert desk.pending_approvals(ANA).total == 0


def test_a_request_that_is_queued_can_be_denied_and_one_that_a_vendor_may_have_cannot(desk: Desk) -> None:
    queued, sent = file(desk, 1), file(desk, 2)
    for request_id in (queued, sent):
        desk.approve(ANA, [Choice(request_id)])
    with desk.store.writing() as transaction:
        tasks.change(transaction, f"{sent}-1", Outcome(TaskState.SENDING))
    decided = desk.deny(ANA, [Choice(queued), Choice(sent)], code="claim_not_covered", typed="2")
    assert [d.done for d in decided] == [True, False]
    assert "a vendor has it, or may have it" in decided[1].message
    assert state(desk, queued) is RequestState.REFUSED


def test_where_decisions_need_two_the_filer_denies_nothing_and_elsewhere_may(
    desk: Desk, tmp_path: Path, clock: ManualClock
) -> None:
    access = file(desk, type="ACCESS", by=BOTH)
    assert not desk.deny(BOTH, [Choice(access)], code="art_12_6")[0].done
    alone = desk_for(settings_for(tmp_path / "alone", NOWHERE), clock)
    request_id = file(alone, by=BOTH)
    assert alone.deny(BOTH, [Choice(request_id)], code="art_12_6")[0].done


def test_a_denial_needs_a_ground_that_is_known_that_fits_and_in_words_where_it_is_another(desk: Desk) -> None:
    request_id, access = file(desk, 1), file(desk, 2, type="ACCESS")
    with pytest.raises(DeskError, match="There is no ground 'because'"):
        desk.deny(ANA, [Choice(request_id)], code="because")
    with pytest.raises(DeskError, match="Write which other ground"):
        desk.deny(ANA, [Choice(request_id)], code="other", note="  ")
    with pytest.raises(DeskError, match="at most 2000"):
        desk.deny(ANA, [Choice(request_id)], code="other", note="x" * 2001)
    with pytest.raises(DeskError, match="no valid text"):
        desk.deny(ANA, [Choice(request_id)], code="other", note="bytes of another encoding \udcff")
    (decided,) = desk.deny(ANA, [Choice(access)], code="art_17_3_a")
    assert (decided.done, "exempts from erasure only" in decided.message) == (False, True)


# --- batches ---


def test_a_batch_waits_as_one_and_is_decided_as_one(desk: Desk) -> None:
    """What its decision does with the rows is the batch's own business."""
    with desk.store.writing() as transaction:
        transaction.db.execute(
            "INSERT INTO batches (state, work, created_by, created_by_name, created_at, file_sha256, file_bytes, "
            "about, accepted, digest) VALUES ('accepted', '', ?, ?, '2026-11-21T09:00:00.000000Z', '', 0, x'', 40, "
            "'digest-of-the-rows')",
            [REQUESTER.id, REQUESTER.name],
        )
        approvals.ask(transaction, ApprovalKind.ERASURE, "B-000001", "digest-of-the-rows", BOTH)
    (row,) = desk.pending_approvals(BOTH).rows
    assert (row.about, row.request, row.own, row.size) == ("B-000001", None, True, 40)
    assert not desk.approve(BOTH, [Choice("B-000001", row.version)], typed="40")[0].done
    with pytest.raises(DeskError, match="Type 40"):
        desk.approve(ANA, [Choice("B-000001", row.version)])
    assert desk.approve(ANA, [Choice("B-000001", row.version)], typed="40")[0].done
    with desk.store.reading() as db:
        (batch,) = db.query("SELECT work, decided_by FROM batches")
    assert batch == {"work": "approve", "decided_by": ANA.id}
    assert not desk.deny(ANA, [Choice("B-000001")], code="art_12_5", typed="40")[0].done
    (unknown,) = desk.approve(ANA, [Choice("B-000404")])
    assert (unknown.done, "waits for nobody's approval" in unknown.message) == (False, True)
