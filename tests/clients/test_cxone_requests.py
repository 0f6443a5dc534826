"""The NICE CXone contract: what is submitted, and what is believed of what the vendor says."""

from typing import Any

import pytest

from core.clients.cxone_requests import CxoneRequests, Submission, Tracking, submission_call, submission_payload
from core.clients.http import VendorHttp
from core.clients.outcomes import Decision, Sending
from core.model.privacy_requests import CascadeEntry, TaskState
from core.settings import ConnectionSettings
from tests.clocks import ManualClock
from tests.loopback import LoopbackServer, Step, answer, drop_after_reading

SUBJECT = "USR-8847291"
PATH = "/api/v2/privacy/requests"
PAYLOAD = submission_payload(
    subject=SUBJECT, type="ERASURE", categories=["CONTACT", "CHAT"], scope="CONTACT", description="As agreed"
)


def connection(server: LoopbackServer, **changes: Any) -> ConnectionSettings:
    values = {"contract": "cxone-requests", "base_url": server.url, "timeout_seconds": 2.0, **changes}
    return ConnectionSettings.model_validate(values)


def submit(*steps: Step, **changes: Any) -> Submission:
    with LoopbackServer({PATH: steps}) as server:
        settings = connection(server, **changes)
        with VendorHttp(settings, None, ManualClock()) as http:
            return CxoneRequests(http, settings).submit(PAYLOAD, "intent-1")


def track(body: Any, *, subject: str | None = SUBJECT, vendor_id: str = "REQ-1", status: int = 200) -> Tracking:
    with LoopbackServer({f"{PATH}/REQ-1": [answer(status, body)]}) as server:
        settings = connection(server)
        with VendorHttp(settings, None, ManualClock()) as http:
            return CxoneRequests(http, settings).track(vendor_id, subject=subject)


def code(result: Submission | Tracking) -> str | None:
    return result.answer.error.code if result.answer.error else None


def test_the_payload_has_the_contracts_names_and_leaves_out_what_is_empty() -> None:
    assert PAYLOAD == {
        "subjectId": SUBJECT,
        "type": "ERASURE",
        "categories": ["CONTACT", "CHAT"],
        "scope": "CONTACT",
        "description": "As agreed",
    }
    bare = submission_payload(subject=SUBJECT, type="ACCESS", categories=["SMS"], scope="ALL", description="")
    assert set(bare) == {"subjectId", "type", "categories", "scope"}
    url = "https://desk.example.com/webhooks/cxone"
    assert submission_payload(**_typed(bare), callback_url=url)["callbackUrl"] == url


def _typed(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "subject": payload["subjectId"],
        "type": payload["type"],
        "categories": payload["categories"],
        "scope": payload["scope"],
        "description": "",
    }


def test_a_submission_goes_out_with_the_intent_as_its_key() -> None:
    with LoopbackServer({PATH: [answer(202, {"id": "REQ-1", "status": "PENDING"})]}) as server:
        settings = connection(server)
        with VendorHttp(settings, None, ManualClock()) as http:
            result = CxoneRequests(http, settings).submit(PAYLOAD, "intent-1")
        (request,) = server.received
    assert (result.answer.ok, result.vendor_request_id, result.vendor_status) == (True, "REQ-1", "PENDING")
    assert (request.method, request.path, request.json) == ("POST", PATH, PAYLOAD)
    assert request.headers["idempotency-key"] == "intent-1"


def test_the_preview_is_the_call_itself_and_masks_the_subject_and_the_description() -> None:
    settings = ConnectionSettings.model_validate({"contract": "cxone-requests"})
    call = submission_call(settings, PAYLOAD, "intent-1")
    assert (call.method, call.url) == ("POST", f"https://api.mynicecx.com{PATH}")
    assert (call.headers, call.sending) == ({"Idempotency-Key": "intent-1"}, Sending.KEYED)
    assert call.mask == {SUBJECT: "{subject}", "As agreed": "{description}"}


def test_a_description_is_sent_and_not_recorded() -> None:
    with LoopbackServer({PATH: [answer(202, {"id": "REQ-1", "description": "As agreed"})]}) as server:
        settings = connection(server)
        with VendorHttp(settings, None, ManualClock()) as http:
            result = CxoneRequests(http, settings).submit(PAYLOAD, "intent-1")
        assert server.received[0].json["description"] == "As agreed"
    assert "{description}" in str(result.answer.exchanges)
    assert "As agreed" not in str(result.answer.exchanges)


def test_a_description_too_short_to_hold_a_name_is_no_mask() -> None:
    settings = ConnectionSettings.model_validate({"contract": "cxone-requests"})
    assert submission_call(settings, {**PAYLOAD, "description": "ok!"}, "intent-1").mask == {SUBJECT: "{subject}"}


def test_without_the_header_a_submission_has_no_key_and_an_unknown_outcome_is_looked_up() -> None:
    assert submit(drop_after_reading()).answer.verdict.decision is Decision.RETRY
    assert submit(answer(503, {})).answer.verdict.decision is Decision.RETRY
    assert submit(drop_after_reading(), idempotency_header="").answer.verdict.decision is Decision.LOOK_UP
    assert submit(answer(503, {}), idempotency_header="").answer.verdict.decision is Decision.LOOK_UP


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": "../../x"}, {"id": ""}, {"id": ["a"]}, []])
def test_an_acceptance_without_a_usable_id_is_no_success(body: Any) -> None:
    keyed, unkeyed = submit(answer(202, body)), submit(answer(202, body), idempotency_header="")
    assert (code(keyed), keyed.answer.verdict.decision) == ("contract_violation", Decision.RETRY)
    assert (code(unkeyed), unkeyed.answer.verdict.decision) == ("contract_violation", Decision.LOOK_UP)
    assert keyed.vendor_request_id is None


def test_an_acceptance_for_another_subject_is_for_a_person() -> None:
    result = submit(answer(202, {"id": "REQ-1", "subjectId": "USR-0000001"}))
    assert (code(result), result.answer.verdict.decision) == ("contract_violation", Decision.LOOK_UP)
    assert result.vendor_request_id == "REQ-1"


def test_a_conflict_attaches_the_request_the_vendor_already_has() -> None:
    result = submit(answer(409, {"id": "REQ-0", "status": "PROCESSING"}), idempotency_header="")
    assert result.answer.verdict.decision is Decision.ATTACH
    assert (result.vendor_request_id, result.vendor_status) == ("REQ-0", "PROCESSING")


def test_a_conflict_without_an_id_is_asked_again_with_the_key_and_looked_up_without() -> None:
    assert submit(answer(409, {})).answer.verdict.decision is Decision.RETRY
    assert submit(answer(409, {}), idempotency_header="").answer.verdict.decision is Decision.LOOK_UP


def test_a_refusal_carries_the_vendors_words_without_the_subject() -> None:
    result = submit(answer(400, {"message": f"{SUBJECT} is under legal hold"}))
    assert result.answer.error is not None
    assert result.answer.error.code == "rejected"
    assert "retention constraint" in result.answer.error.message
    assert "{subject} is under legal hold" in result.answer.error.message
    assert SUBJECT not in f"{result!r}"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING", TaskState.IN_PROGRESS),
        ("QUEUED", TaskState.IN_PROGRESS),
        ("PROCESSING", TaskState.IN_PROGRESS),
        ("COMPLETED", TaskState.COMPLETED),
        ("PARTIAL", TaskState.PARTLY_COMPLETED),
        ("FAILED", TaskState.FAILED),
        ("ARCHIVED", TaskState.UNKNOWN_VENDOR_STATUS),
        ("completed", TaskState.UNKNOWN_VENDOR_STATUS),
        ("Completed", TaskState.UNKNOWN_VENDOR_STATUS),
        ("COMPLETED ", TaskState.UNKNOWN_VENDOR_STATUS),
    ],
)
def test_a_known_status_is_mapped_and_any_other_kept_as_it_is(status: str, state: TaskState) -> None:
    result = track({"id": "REQ-1", "status": status, "recordsAffected": 3})
    assert (result.vendor_status, result.state) == (status, state)
    assert result.answer.ok


def test_a_long_or_nasty_status_is_kept_in_a_form_fit_to_show() -> None:
    assert track({"status": "X" * 1000}).vendor_status == "X" * 64
    assert track({"status": "A\x1b[2J"}).vendor_status == "A\\x1b[2J"


@pytest.mark.parametrize("status", [None, "", 5, ["COMPLETED"], {"COMPLETED": 1}, True])
def test_a_status_that_is_no_text_is_unknown_and_said_so(status: Any) -> None:
    result = track({"status": status})
    assert (result.vendor_status, result.state) == (None, TaskState.UNKNOWN_VENDOR_STATUS)
    assert result.warnings[0].startswith("status")


def test_completed_with_no_records_means_nothing_was_found() -> None:
    result = track({"status": "COMPLETED", "recordsAffected": 0})
    assert (result.state, result.records_affected, result.warnings) == (TaskState.NOTHING_FOUND, 0, ())


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PROCESSING", TaskState.IN_PROGRESS),
        ("PARTIAL", TaskState.PARTLY_COMPLETED),
        ("FAILED", TaskState.FAILED),
        ("ARCHIVED", TaskState.UNKNOWN_VENDOR_STATUS),
    ],
)
def test_no_records_so_far_is_not_nothing_found(status: str, state: TaskState) -> None:
    assert track({"status": status, "recordsAffected": 0}).state is state


@pytest.mark.parametrize("records", [-1, "12", 1e30, None, True, 12.5, [], 10**13])
def test_a_count_that_cannot_be_one_is_left_out_with_a_warning(records: Any) -> None:
    result = track({"status": "COMPLETED", "recordsAffected": records})
    assert (result.state, result.records_affected) == (TaskState.COMPLETED, None)
    assert [warning.partition(":")[0] for warning in result.warnings] == ["recordsAffected"]


def test_a_missing_count_is_a_warning_on_completion_only() -> None:
    assert track({"status": "COMPLETED"}).warnings
    assert track({"status": "PROCESSING"}).warnings == ()


def test_the_cascade_and_the_duration_are_read() -> None:
    result = track(
        {
            "status": "COMPLETED",
            "recordsAffected": 40,
            "durationMs": 1500,
            "cascade": [{"entity": "CONVERSATION", "records": 12}, {"entity": "SURVEY", "records": 0}],
        }
    )
    assert result.cascade == (CascadeEntry("CONVERSATION", 12), CascadeEntry("SURVEY", 0))
    assert (result.duration_ms, result.warnings) == (1500, ())


@pytest.mark.parametrize(
    ("cascade", "left"),
    [
        ([{"entity": "CHAT", "records": -1}, {"entity": "SMS", "records": 2}], 1),
        (
            [{"entity": "", "records": 1}, {"records": 1}, {"entity": "SMS"}, "SMS", None, {"entity": 1, "records": 1}],
            0,
        ),
        ("CONVERSATION", 0),
        ({"CONVERSATION": 12}, 0),
        ([{"entity": f"E{n}", "records": n} for n in range(500)], 100),
    ],
)
def test_cascade_entries_that_cannot_be_believed_are_left_out_with_a_warning(cascade: Any, left: int) -> None:
    result = track({"status": "PROCESSING", "cascade": cascade})
    assert len(result.cascade) == left
    assert result.warnings[0].startswith("cascade")


def test_a_failure_brings_the_vendors_reason_without_the_subject() -> None:
    result = track({"status": "FAILED", "errorMessage": f"No such contact: {SUBJECT}\n" + "x" * 900})
    assert result.state is TaskState.FAILED
    assert result.error_message is not None
    assert result.error_message.startswith("No such contact: {subject}")
    assert len(result.error_message) == 500


@pytest.mark.parametrize("body", [{"id": "REQ-2"}, {"id": ["REQ-1"]}, {"subjectId": "USR-0000001"}, {"subjectId": 5}])
def test_an_answer_about_somebody_else_is_never_taken_for_a_completion(body: dict[str, Any]) -> None:
    result = track({"status": "COMPLETED", "recordsAffected": 4, **body})
    assert (code(result), result.state, result.answer.ok) == ("contract_violation", None, False)
    assert result.answer.verdict.decision is Decision.PERMANENT


def test_a_subject_already_destroyed_here_is_not_compared() -> None:
    assert track({"status": "COMPLETED", "recordsAffected": 4, "subjectId": SUBJECT}, subject=None).answer.ok


def test_an_answer_that_is_no_object_breaks_the_contract() -> None:
    assert code(track([])) == "contract_violation"


def test_an_id_that_cannot_enter_a_url_is_not_asked_about() -> None:
    result = track({}, vendor_id="../../admin")
    assert (code(result), result.answer.exchanges) == ("contract_violation", ())


@pytest.mark.parametrize(
    ("status", "expected"), [(404, "not_found"), (429, "rate_limited"), (500, "vendor_unavailable")]
)
def test_a_request_that_cannot_be_read_has_no_state(status: int, expected: str) -> None:
    result = track({"status": "COMPLETED"}, status=status)
    assert (code(result), result.state, result.vendor_status) == (expected, None, None)
