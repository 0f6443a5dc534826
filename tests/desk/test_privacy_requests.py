"""What people do with privacy requests, and what the desk refuses."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.desk import ChangedError, Desk, DeskError
from core.model.people import Action, NotAllowedError
from core.model.privacy_requests import RequestState, TaskError, TaskState
from core.store import tasks
from core.store.requests import RequestFilter
from core.store.tasks import Outcome
from tests.clocks import ManualClock
from tests.desks import AUDITOR, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, NOWHERE), clock)


def file(desk: Desk, subject: str = "USR-8847291", intent: str = "form-1") -> str:
    submitted = desk.submit(REQUESTER, draft(subject), intent=intent)
    assert submitted.request
    return submitted.request.id


def put(desk: Desk, task_id: str, *states: TaskState, vendor_id: str | None = None, in_doubt: bool = False) -> None:
    """Take a task through some states, as the worker would."""
    with desk.store.writing() as transaction:
        for state in states:
            error = TaskError("made_up", "Made up by a test.")
            tasks.change(
                transaction,
                task_id,
                Outcome(state, vendor_request_id=vendor_id, error=error, may_have_acted=in_doubt),
            )


def test_a_request_is_filed_with_its_task_its_deadline_and_its_event(desk: Desk) -> None:
    request = desk.submit(REQUESTER, draft(), intent="form-1").request
    assert request
    assert (request.id, request.state, request.version) == ("PR-000001", RequestState.QUEUED, 1)
    assert [task.id for task in request.tasks] == ["PR-000001-1"]
    assert request.due_on == desk.today().replace(month=12)
    assert "month" in next(d.explanation for d in request.deadlines if d.what == "respond")
    view = desk.show(REQUESTER, request.id)
    assert view
    assert [event.kind for event in view.timeline] == ["request.filed"]


def test_a_second_click_on_the_same_form_files_nothing_more(desk: Desk) -> None:
    first = file(desk)
    again = desk.submit(REQUESTER, draft(), intent="form-1")
    assert again.request
    assert (again.request.id, again.repeated) == (first, True)
    assert desk.find(REQUESTER, RequestFilter()).total == 1


def test_a_form_that_was_submitted_cannot_be_submitted_with_other_content(desk: Desk) -> None:
    file(desk)
    with pytest.raises(DeskError, match="submitted as PR-000001 with other content"):
        desk.submit(REQUESTER, draft("USR-0000002"), intent="form-1")


def test_findings_stop_a_submission_and_nothing_is_written(desk: Desk) -> None:
    submitted = desk.submit(REQUESTER, draft(categories=("CONTACT", "ANALYTICS")), intent="form-1")
    assert submitted.request is None
    assert [(f.field, f.rule) for f in submitted.findings] == [("categories", "immutable_category")]
    with desk.store.reading() as db:
        assert [db[name].count for name in ("requests", "tasks", "identifiers", "audit_events")] == [0, 0, 0, 0]


def test_one_person_has_one_open_request_for_each_system_and_type(desk: Desk) -> None:
    first = file(desk)
    second = desk.submit(REQUESTER, draft(), intent="form-2")
    assert second.request is None
    assert [f.rule for f in second.findings] == ["already_open"]
    assert first in second.findings[0].message
    assert desk.submit(REQUESTER, draft(type="ACCESS"), intent="form-3").request


def test_a_request_received_in_the_past_is_due_from_that_day(desk: Desk) -> None:
    received = desk.today() - timedelta(days=10)
    request = desk.submit(REQUESTER, draft(received=received), intent="form-1").request
    assert request
    assert request.received == received
    assert request.due_on < desk.today() + timedelta(days=25)


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"received": timedelta(days=1)}, "received", "in_future"),
        ({"received": timedelta(days=-400)}, "received", "too_old"),
        ({"law": "napoleonic-code"}, "law", "unknown"),
        ({"connections": ()}, "connection", "required"),
        ({"connections": ("cxtwo",)}, "connection", "unknown"),
    ],
)
def test_what_the_contract_does_not_know_is_found_too(
    desk: Desk, change: dict[str, object], field: str, rule: str
) -> None:
    given: dict[str, Any] = {k: desk.today() + v if isinstance(v, timedelta) else v for k, v in change.items()}
    findings = desk.check(REQUESTER, draft(**given))
    assert [(f.field, f.rule) for f in findings] == [(field, rule)]


def test_the_preview_is_the_exact_request_with_a_placeholder_for_the_token(desk: Desk) -> None:
    preview = desk.preview(REQUESTER, draft())
    assert preview.http["cxone"].startswith(f"POST {NOWHERE}/api/v2/privacy/requests\nAuthorization: Bearer <token>")
    assert '"subjectId": "USR-8847291"' in preview.http["cxone"]
    assert {d.what for d in preview.deadlines} >= {"respond", "extended"}


def test_a_preview_of_an_empty_form_does_not_fail(desk: Desk) -> None:
    preview = desk.preview(REQUESTER, replace(draft(), subject="", categories=(), scope="", type=""))
    assert {f.field for f in preview.findings} >= {"subjectId", "categories", "scope", "type"}


@pytest.mark.parametrize("text", ["PR-000001", "pr-000001", "USR-8847291", "ticket-7", "req-77"])
def test_a_request_is_found_by_its_ids_its_reference_and_its_person(desk: Desk, text: str) -> None:
    desk.submit(REQUESTER, draft(reference="ticket-7"), intent="form-1")
    file(desk, "USR-0000002", "form-2")
    put(desk, "PR-000001-1", TaskState.SENDING, TaskState.IN_PROGRESS, vendor_id="req-77")
    assert [row.id for row in desk.find(REQUESTER, RequestFilter(text=text)).rows] == ["PR-000001"]


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", ";DROP TABLE requests", '"unbalanced', "NEAR(", "*", "\x00"])
def test_a_search_text_is_only_ever_a_value(desk: Desk, text: str) -> None:
    file(desk)
    assert desk.find(REQUESTER, RequestFilter(text=text)).rows == ()
    assert desk.find(REQUESTER, RequestFilter()).total == 1


def test_pages_of_the_list_do_not_overlap(desk: Desk) -> None:
    for number in range(5):
        file(desk, f"USR-{number:07d}", f"form-{number}")
    pages = [desk.find(REQUESTER, RequestFilter(), page=n, page_size=2) for n in (1, 2, 3)]
    assert [[row.id for row in page.rows] for page in pages] == [
        ["PR-000005", "PR-000004"],
        ["PR-000003", "PR-000002"],
        ["PR-000001"],
    ]
    assert {page.total for page in pages} == {5}


def test_an_identifier_is_masked_for_whoever_may_not_see_it(desk: Desk) -> None:
    request_id = file(desk)
    seen, masked = desk.show(REQUESTER, request_id), desk.show(AUDITOR, request_id)
    assert seen
    assert masked
    assert seen.request.subject == "USR-8847291"
    assert (masked.request.subject, masked.request.masked_subject) == (None, "US…1")


def test_what_nobody_sent_yet_can_be_cancelled(desk: Desk) -> None:
    request_id = file(desk)
    cancelled = desk.cancel(REQUESTER, request_id, version=1)
    assert cancelled.state is RequestState.CANCELLED
    assert desk.submit(REQUESTER, draft(), intent="form-2").request, "the person is free for a new request"


def test_what_the_vendor_has_or_may_have_cannot_be_cancelled(desk: Desk) -> None:
    request_id = file(desk)
    put(desk, f"{request_id}-1", TaskState.SENDING, TaskState.QUEUED, in_doubt=True)
    with pytest.raises(DeskError, match="cannot be cancelled"):
        desk.cancel(REQUESTER, request_id)


def test_a_stale_page_changes_nothing(desk: Desk) -> None:
    request_id = file(desk)
    desk.cancel(REQUESTER, request_id, version=1)
    with pytest.raises(ChangedError, match="has changed"):
        desk.cancel(REQUESTER, request_id, version=1)


def test_retrying_a_failed_task_keeps_the_failure_and_makes_a_new_task_with_a_new_intent(desk: Desk) -> None:
    request_id = file(desk)
    put(desk, f"{request_id}-1", TaskState.SENDING, TaskState.FAILED)
    request = desk.retry(REQUESTER, f"{request_id}-1")
    assert [(t.id, t.state, t.superseded_by) for t in request.tasks] == [
        ("PR-000001-1", TaskState.FAILED, "PR-000001-2"),
        ("PR-000001-2", TaskState.QUEUED, None),
    ]
    assert request.tasks[0].intent != request.tasks[1].intent
    assert request.state is RequestState.QUEUED


def test_an_unknown_outcome_is_sent_again_only_on_a_person_s_word_and_with_the_same_intent(desk: Desk) -> None:
    request_id = file(desk)
    task = f"{request_id}-1"
    put(desk, task, TaskState.SENDING, TaskState.OUTCOME_UNKNOWN)
    with pytest.raises(DeskError, match="may have reached the vendor"):
        desk.retry(REQUESTER, task)
    request = desk.retry(REQUESTER, task, not_received=True)
    assert [(t.id, t.state) for t in request.tasks] == [(task, TaskState.QUEUED)]


def test_a_completed_task_cannot_be_retried(desk: Desk) -> None:
    request_id = file(desk)
    put(desk, f"{request_id}-1", TaskState.SENDING, TaskState.COMPLETED)
    with pytest.raises(DeskError, match="nothing to try again"):
        desk.retry(REQUESTER, f"{request_id}-1")


def test_an_attested_outcome_closes_the_request_with_evidence_and_proof(desk: Desk) -> None:
    request_id = file(desk)
    task = f"{request_id}-1"
    put(desk, task, TaskState.SENDING, TaskState.OUTCOME_UNKNOWN)
    evidence = "Seen as done in the vendor's console, entry 4711"
    request = desk.attest(REQUESTER, task, state=TaskState.COMPLETED, evidence=evidence, records=3)
    assert request.state is RequestState.COMPLETED
    view = desk.show(REQUESTER, request_id)
    assert view
    assert [(a.actor_name, a.evidence) for a in view.attestations] == [("Rita Requester", evidence)]
    assert [e.kind for e in view.timeline][1:] == [
        "task.attested",
        "task.ended",
        "PRIVACY_DELETION_COMPLETED",
        "request.closed",
    ]
    assert len(view.deliveries) == 1
    unseen = desk.show(AUDITOR, request_id)
    assert unseen
    assert [a.evidence for a in unseen.attestations] == [""]


def test_the_proof_of_an_attested_end_says_what_was_attested_not_what_the_vendor_said_last(desk: Desk) -> None:
    request_id = file(desk)
    task = f"{request_id}-1"
    with desk.store.writing() as transaction:
        for state in (TaskState.SENDING, TaskState.IN_PROGRESS, TaskState.NEEDS_PERSON):
            tasks.change(transaction, task, Outcome(state, vendor_status="PROCESSING", vendor_request_id="req-1"))
    desk.attest(REQUESTER, task, state=TaskState.COMPLETED, evidence="Seen as done in the console")
    view = desk.show(REQUESTER, request_id)
    assert view
    assert view.deliveries[0].record["status"] == "completed"


@pytest.mark.parametrize(
    ("state", "evidence"), [(TaskState.COMPLETED, "seen"), (TaskState.REFUSED, "seen in the console today")]
)
def test_an_attestation_needs_evidence_and_an_outcome_that_a_person_can_know(
    desk: Desk, state: TaskState, evidence: str
) -> None:
    request_id = file(desk)
    put(desk, f"{request_id}-1", TaskState.SENDING, TaskState.OUTCOME_UNKNOWN)
    with pytest.raises(DeskError):
        desk.attest(REQUESTER, f"{request_id}-1", state=state, evidence=evidence)


def test_only_a_task_that_waits_for_a_person_is_attested(desk: Desk) -> None:
    request_id = file(desk)
    with pytest.raises(DeskError, match="waits for a person"):
        desk.attest(REQUESTER, f"{request_id}-1", state=TaskState.COMPLETED, evidence="seen in the console")


def test_whoever_may_not_is_refused_in_the_service_layer_and_that_is_on_record(desk: Desk) -> None:
    with pytest.raises(NotAllowedError):
        desk.submit(AUDITOR, draft(), intent="form-1")
    with desk.store.reading() as db:
        (event,) = db.query("SELECT kind, actor, detail FROM audit_events")
    assert (event["kind"], event["actor"]) == ("access.denied", "test|aud")
    assert Action.SUBMIT in event["detail"]


def test_asking_about_a_request_that_is_not_there_says_so_for_any_text(desk: Desk) -> None:
    for request_id in ("PR-999999", "../../etc", "x" * 10_000, "PR-1", ""):
        assert desk.show(REQUESTER, request_id) is None
