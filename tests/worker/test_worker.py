"""The worker: due tasks to clients to outcomes."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from core.desk import Acceptance, Desk, DeskError, VendorEvent
from core.model.privacy_requests import RequestState, Task, TaskState
from core.settings import Settings
from core.store import task_leases
from core.worker import Worker
from core.worker.run import hand_over_stranded, note_clock_jump
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.vendor import Vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Bench:
    """A desk and its worker over one store, with the clock in the test's hand."""

    def __init__(self, settings: Settings, clock: ManualClock) -> None:
        self.clock = clock
        self.desk: Desk = desk_for(settings, clock)
        self.worker = Worker(settings, self.desk.store, clock, rng=random.Random(1))

    def file(self, subject: str = "USR-8847291", intent: str = "form-1") -> str:
        submitted = self.desk.submit(ADMIN, draft(subject), intent=intent)
        assert submitted.request, submitted.findings
        return submitted.request.id

    def task(self, request_id: str) -> Task:
        view = self.desk.show(ADMIN, request_id)
        assert view
        return view.request.tasks[-1]

    def state(self, request_id: str) -> RequestState:
        view = self.desk.show(ADMIN, request_id)
        assert view
        return view.request.state

    def kinds(self, request_id: str) -> list[str]:
        view = self.desk.show(ADMIN, request_id)
        assert view
        return [event.kind for event in view.timeline]

    def wait_until_due(self, request_id: str) -> float:
        """Move the clock to the task's next due time; returns by how many seconds."""
        due = self.task(request_id).next_due_at
        assert due, "the task waits for nothing"
        seconds = max(0.0, (due - self.clock.now()).total_seconds())
        self.clock.advance(seconds)
        return seconds

    def work(self, request_id: str, steps: int = 1) -> Task:
        for _ in range(steps):
            self.wait_until_due(request_id)
            assert self.worker.step("cxone") == 1
        return self.task(request_id)


@pytest.fixture
def bench(tmp_path: Path, vendor: Vendor, clock: ManualClock) -> Bench:
    return Bench(settings_for(tmp_path, vendor.url), clock)


@pytest.fixture
def unkeyed(tmp_path: Path, vendor: Vendor, clock: ManualClock) -> Bench:
    vendor.keyed = False
    return Bench(settings_for(tmp_path, vendor.url, idempotency_header=""), clock)


def test_a_filed_request_is_submitted_tracked_and_completed_with_its_cascade(bench: Bench, vendor: Vendor) -> None:
    request = bench.file()
    task = bench.work(request)
    assert (task.state, task.vendor_request_id) == (TaskState.IN_PROGRESS, "req-1")
    task = bench.work(request)
    assert task.state is TaskState.COMPLETED
    assert task.records_affected == 14
    assert [(c.entity, c.records) for c in task.cascade] == [("CONVERSATION", 12), ("SURVEY", 2)]
    assert bench.state(request) is RequestState.COMPLETED
    assert vendor.bodies["req-1"] == {
        "subjectId": "USR-8847291",
        "type": "ERASURE",
        "categories": ["CONTACT", "EMAIL"],
        "scope": "CONTACT",
    }


def test_every_step_leaves_its_audit_event_in_order(bench: Bench) -> None:
    request = bench.file()
    bench.work(request, 2)
    assert bench.kinds(request) == [
        "request.filed",
        "task.sending",
        "task.submitted",
        "task.ended",
        "PRIVACY_DELETION_COMPLETED",
        "request.closed",
    ]


def test_the_latency_runs_from_filing_to_the_end(bench: Bench, clock: ManualClock) -> None:
    request = bench.file()
    clock.advance(60)
    task = bench.work(request)
    waited = bench.wait_until_due(request)
    bench.worker.step("cxone")
    task = bench.task(request)
    assert task.latency_ms == round((60 + waited) * 1000)


def test_nothing_is_due_before_its_time(bench: Bench) -> None:
    request = bench.file()
    bench.work(request)
    assert bench.worker.step("cxone") == 0


def test_polling_starts_at_five_seconds_grows_and_never_exceeds_an_hour(bench: Bench, vendor: Vendor) -> None:
    vendor.default_status = [{"status": "PROCESSING"}]
    request = bench.file()
    bench.work(request)
    waits = []
    for _ in range(25):
        waits.append(bench.wait_until_due(request))
        bench.worker.step("cxone")
    assert 4.5 <= waits[0] <= 5.5
    assert all(later > earlier for earlier, later in pairwise(waits[:13]))
    assert 3600 * 0.9 <= waits[-1] <= 3600 * 1.1


def test_tracking_that_never_ends_needs_a_person_after_thirty_days_and_has_not_failed(
    bench: Bench, vendor: Vendor, clock: ManualClock
) -> None:
    vendor.default_status = [{"status": "PROCESSING"}]
    request = bench.file()
    bench.work(request)
    clock.advance(timedelta(days=30, seconds=1).total_seconds())
    task = bench.work(request)
    assert task.state is TaskState.NEEDS_PERSON
    assert task.next_due_at is None
    assert bench.state(request) is RequestState.NEEDS_PERSON


def test_an_unknown_status_is_kept_as_spelt_shown_and_asked_about_again(bench: Bench, vendor: Vendor) -> None:
    vendor.default_status = [{"status": "Archived"}, {"status": "COMPLETED", "recordsAffected": 3}]
    request = bench.file()
    task = bench.work(request, 2)
    assert (task.state, task.vendor_status) == (TaskState.UNKNOWN_VENDOR_STATUS, "Archived")
    assert bench.state(request) is RequestState.IN_PROGRESS
    assert bench.work(request).state is TaskState.COMPLETED


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"status": "COMPLETED", "recordsAffected": 0}, TaskState.NOTHING_FOUND),
        ({"status": "PARTIAL", "recordsAffected": 4}, TaskState.PARTLY_COMPLETED),
        ({"status": "FAILED", "errorMessage": "no such subject"}, TaskState.FAILED),
    ],
)
def test_outcomes_stay_apart(bench: Bench, vendor: Vendor, status: dict[str, object], state: TaskState) -> None:
    vendor.default_status = [status]
    request = bench.file()
    assert bench.work(request, 2).state is state
    assert bench.state(request).value == state.value


def test_an_answer_lost_on_the_way_is_asked_for_again_with_the_same_key(bench: Bench, vendor: Vendor) -> None:
    vendor.on_submitted = lambda number: number == 1
    request = bench.file()
    task = bench.work(request)
    assert task.state is TaskState.QUEUED
    assert task.may_have_acted
    task = bench.work(request)
    assert task.state is TaskState.IN_PROGRESS
    assert vendor.submissions == 2
    assert vendor.carried_out == {"USR-8847291": 1}


def test_without_a_key_a_lost_answer_is_outcome_unknown_and_never_sent_again(unkeyed: Bench, vendor: Vendor) -> None:
    vendor.on_submitted = lambda number: True
    request = unkeyed.file()
    task = unkeyed.work(request)
    assert task.state is TaskState.OUTCOME_UNKNOWN
    assert task.next_due_at is None
    assert unkeyed.state(request) is RequestState.NEEDS_PERSON
    assert vendor.submissions == 1


def test_a_webhook_that_names_the_subject_gives_a_lost_submission_its_id(unkeyed: Bench, vendor: Vendor) -> None:
    vendor.on_submitted = lambda number: True
    request = unkeyed.file()
    unkeyed.work(request)
    event = VendorEvent("wh-1", "00", "req-1", "COMPLETED", "USR-8847291")
    assert unkeyed.desk.accept_webhook("cxone", event) is Acceptance.STORED
    assert unkeyed.work(request).state is TaskState.COMPLETED
    assert vendor.submissions == 1


def test_a_webhook_that_overtakes_the_answer_is_joined_when_the_row_appears(bench: Bench, vendor: Vendor) -> None:
    request = bench.file()
    bench.desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-1", "COMPLETED", "USR-8847291"))
    bench.work(request)
    assert bench.wait_until_due(request) == 0
    assert "webhook.joined" in bench.kinds(request)


def test_a_webhook_completes_nothing_by_itself(bench: Bench, vendor: Vendor) -> None:
    vendor.default_status = [{"status": "PROCESSING"}]
    request = bench.file()
    bench.work(request)
    bench.desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-1", "COMPLETED", "USR-8847291"))
    assert bench.wait_until_due(request) == 0
    assert bench.work(request).state is TaskState.IN_PROGRESS


def test_an_event_from_before_a_request_was_filed_is_never_taken_for_its_answer(
    unkeyed: Bench, vendor: Vendor, clock: ManualClock
) -> None:
    unkeyed.desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-old", "COMPLETED", "USR-8847291"))
    clock.advance(86_400)
    vendor.on_submitted = lambda number: True
    request = unkeyed.file()
    assert unkeyed.work(request).state is TaskState.OUTCOME_UNKNOWN


def test_an_event_is_given_to_no_task_while_two_about_the_subject_may_be_meant(unkeyed: Bench, vendor: Vendor) -> None:
    vendor.on_submitted = lambda number: True
    lost = unkeyed.file()
    unkeyed.work(lost)
    other = unkeyed.desk.submit(ADMIN, draft(type="ACCESS"), intent="form-2").request
    assert other
    unkeyed.worker.lease("cxone", 1)  # the other one is on its way
    unkeyed.desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-2", "COMPLETED", "USR-8847291"))
    assert unkeyed.task(lost).state is TaskState.OUTCOME_UNKNOWN
    assert unkeyed.task(lost).vendor_request_id is None


def test_a_webhook_wakes_a_task_that_the_desk_had_given_up(bench: Bench, vendor: Vendor, clock: ManualClock) -> None:
    vendor.default_status = [{"status": "PROCESSING"}, {"status": "COMPLETED", "recordsAffected": 1}]
    request = bench.file()
    bench.work(request)
    clock.advance(timedelta(days=31).total_seconds())
    assert bench.work(request).state is TaskState.NEEDS_PERSON
    bench.desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-1", "COMPLETED", "USR-8847291"))
    assert bench.work(request).state is TaskState.COMPLETED


def test_the_time_allowed_is_counted_from_when_the_vendor_took_the_request_on(
    bench: Bench, vendor: Vendor, clock: ManualClock
) -> None:
    vendor.default_status = [{"status": "PROCESSING"}]
    request = bench.file()
    clock.advance(timedelta(days=40).total_seconds())  # paused, say
    assert bench.work(request, 2).state is TaskState.IN_PROGRESS


@pytest.mark.parametrize(
    "cascade",
    [
        [{"entity": "DATENSATZ" * 7, "records": 1}] * 100,
        [{"entity": "\u8a18\u9332" * 30, "records": 1}] * 100,
        [{"entity": "Bearer tokens-of-the-person", "records": 1}],
        [{"entity": "4111111111111111", "records": 1}],
    ],
)
def test_no_cascade_is_too_much_for_the_audit_log(
    bench: Bench, vendor: Vendor, cascade: list[dict[str, object]]
) -> None:
    vendor.default_status = [{"status": "COMPLETED", "recordsAffected": 100, "cascade": cascade}]
    request = bench.file()
    task = bench.work(request, 2)
    assert task.state is TaskState.COMPLETED
    assert len(task.cascade) == len(cascade), "the task keeps it whole"


def test_a_subject_in_a_vendor_s_status_is_not_kept(bench: Bench, vendor: Vendor) -> None:
    vendor.default_status = [{"status": "DONE for USR-8847291"}]
    request = bench.file()
    bench.work(request, 2)
    assert bench.task(request).vendor_status == "DONE for {subject}"


def test_a_token_server_that_refuses_condemns_no_task(bench: Bench, vendor: Vendor) -> None:
    vendor.token_status = 403
    request = bench.file()
    task = bench.work(request)
    assert (task.state, task.may_have_acted) == (TaskState.QUEUED, False)
    vendor.token_status = 200
    assert bench.work(request).state is TaskState.IN_PROGRESS


def test_what_may_have_reached_the_vendor_is_sent_again_only_on_a_person_s_word(bench: Bench, vendor: Vendor) -> None:
    one, other = bench.file("USR-1000001", "a"), bench.file("USR-1000002", "b")
    leased = bench.worker.lease("cxone", 2)
    bench.worker.act("cxone", leased[0])
    vendor.ids[leased[1].task.intent] = "req-1"
    bench.worker.act("cxone", leased[1])
    with pytest.raises(DeskError, match="may have reached the vendor"):
        bench.desk.retry(ADMIN, bench.task(other).id)
    assert one != other


def test_the_tasks_of_a_connection_that_is_gone_go_to_a_person(bench: Bench, tmp_path: Path) -> None:
    request = bench.file()
    bench.work(request)
    bench.clock.advance(60)
    elsewhere = bench.worker.settings.model_copy(update={"connections": {"other": bench.worker.connections()["cxone"]}})
    assert hand_over_stranded(elsewhere, bench.desk.store) == 1
    assert bench.task(request).state is TaskState.NEEDS_PERSON


def test_a_webhook_about_another_subject_is_a_contradiction_for_a_person(bench: Bench) -> None:
    request = bench.file()
    bench.work(request)
    bench.desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-1", "COMPLETED", "USR-0000000"))
    assert bench.task(request).state is TaskState.NEEDS_PERSON
    assert "webhook.contradiction" in bench.kinds(request)


def test_the_same_webhook_again_changes_nothing_and_another_body_is_a_conflict(bench: Bench) -> None:
    request = bench.file()
    bench.work(request)
    first = VendorEvent("wh-1", "00", "req-1", "COMPLETED", "USR-8847291")
    bench.desk.accept_webhook("cxone", first)
    before = bench.kinds(request)
    assert bench.desk.accept_webhook("cxone", first) is Acceptance.REPEATED
    assert bench.kinds(request) == before
    other = VendorEvent("wh-1", "11", "req-1", "FAILED", "USR-8847291")
    assert bench.desk.accept_webhook("cxone", other) is Acceptance.CONFLICT


def test_a_503_is_first_tried_again_after_thirty_seconds(bench: Bench, vendor: Vendor) -> None:
    vendor.on_submit = lambda number: 503 if number == 1 else False
    request = bench.file()
    assert bench.work(request).state is TaskState.QUEUED
    assert bench.wait_until_due(request) == 30.0
    assert bench.work(request).state is TaskState.IN_PROGRESS


def test_used_up_attempts_park_the_task_and_the_vendor_s_return_ends_that(bench: Bench, vendor: Vendor) -> None:
    vendor.on_submit = lambda number: 503 if number <= 8 else False
    request = bench.file()
    for _ in range(8):
        bench.wait_until_due(request)
        while not bench.worker.step("cxone"):
            bench.clock.advance(30)  # the breaker holds calls back meanwhile
        assert bench.task(request).state is TaskState.QUEUED
    bench.wait_until_due(request)
    while not bench.worker.step("cxone"):
        bench.clock.advance(60)
    assert bench.task(request).state is TaskState.IN_PROGRESS


def test_a_refusal_is_final_and_says_why(bench: Bench, vendor: Vendor) -> None:
    vendor.on_submit = lambda number: 403
    request = bench.file()
    task = bench.work(request)
    assert task.state is TaskState.FAILED
    assert task.error
    assert "privacy:write" in task.error.advice
    assert vendor.submissions == 1


def test_a_refusal_after_a_lost_answer_does_not_hide_that_the_vendor_may_have_acted(
    bench: Bench, vendor: Vendor
) -> None:
    vendor.on_submitted = lambda number: number == 1
    vendor.on_submit = lambda number: 403 if number == 2 else False
    request = bench.file()
    assert bench.work(request, 2).state is TaskState.OUTCOME_UNKNOWN


def test_a_paused_connection_is_left_alone_until_it_is_resumed(bench: Bench, vendor: Vendor) -> None:
    request = bench.file()
    bench.desk.pause(ADMIN, "cxone", reason="maintenance")
    assert bench.worker.step("cxone") == 0
    bench.desk.resume(ADMIN, "cxone")
    assert bench.work(request).state is TaskState.IN_PROGRESS


def test_the_nearest_legal_deadline_goes_first(bench: Bench, vendor: Vendor) -> None:
    later = bench.file("USR-1000001", intent="a")
    today = bench.desk.today()
    sooner = bench.desk.submit(ADMIN, draft("USR-1000002", received=today - timedelta(days=20)), intent="b").request
    assert sooner
    leased = bench.worker.lease("cxone", 1)
    assert [one.task.request_id for one in leased] == [sooner.id]
    assert bench.task(later).state is TaskState.QUEUED


def test_two_vendor_requests_with_one_id_wait_for_a_person(bench: Bench, vendor: Vendor) -> None:
    one, other = bench.file("USR-1000001", "a"), bench.file("USR-1000002", "b")
    vendor.default_status = [{"status": "PROCESSING"}]
    first = bench.worker.lease("cxone", 2)
    bench.worker.act("cxone", first[0])
    vendor.ids[first[1].task.intent] = "req-1"
    bench.worker.act("cxone", first[1])
    assert {bench.task(one).state, bench.task(other).state} == {TaskState.NEEDS_PERSON}


def test_a_worker_that_lost_its_lease_may_not_write(bench: Bench, vendor: Vendor) -> None:
    request = bench.file()
    (stalled,) = bench.worker.lease("cxone", 1)
    with bench.desk.store.writing() as transaction:
        task_leases.release_leases_of_others(transaction, "another worker")
    submissions = vendor.submissions
    bench.worker.act("cxone", stalled)
    assert vendor.submissions == submissions, "it must not even send"
    assert bench.work(request).state is TaskState.IN_PROGRESS


def test_an_answer_that_comes_after_the_lease_was_lost_is_recorded_and_changes_nothing(
    bench: Bench, vendor: Vendor
) -> None:
    request = bench.file()
    (slow,) = bench.worker.lease("cxone", 1)

    def overtaken(number: int) -> bool:
        with bench.desk.store.writing() as transaction:
            task_leases.release_leases_of_others(transaction, "another worker")
        return False

    vendor.on_submitted = overtaken
    bench.worker.act("cxone", slow)
    assert "task.late_answer" in bench.kinds(request)
    assert bench.task(request).state is TaskState.SENDING
    vendor.on_submitted = lambda number: False
    assert bench.work(request).vendor_request_id == "req-1"
    assert vendor.carried_out == {"USR-8847291": 1}


def test_a_task_found_half_sent_without_a_key_is_outcome_unknown(unkeyed: Bench, vendor: Vendor) -> None:
    request = unkeyed.file()
    unkeyed.worker.lease("cxone", 1)  # and the process dies here
    with unkeyed.desk.store.writing() as transaction:
        task_leases.release_leases_of_others(transaction, "the next worker")
    assert unkeyed.work(request).state is TaskState.OUTCOME_UNKNOWN
    assert vendor.submissions == 0


def test_every_attempt_is_kept_for_the_page_without_secret_or_identifier(bench: Bench, tmp_path: Path) -> None:
    request = bench.file()
    bench.work(request, 2)
    with bench.desk.store.reading() as db:
        kept = " ".join(str(row) for row in db.query("SELECT * FROM exchanges"))
    assert kept.count("'method':") == 2
    assert "USR-8847291" not in kept
    assert "made-up-1" not in kept
    view = bench.desk.show(ADMIN, request)
    assert view
    assert "USR-8847291" in (view.exchanges[0].request_body or "")


def test_a_vendor_id_that_looks_like_a_card_number_does_not_stop_the_task(bench: Bench, vendor: Vendor) -> None:
    vendor.make_id = lambda number: "4111111111111111"
    request = bench.file()
    event = VendorEvent("4111111111111111", "00", "4111111111111111", "COMPLETED", "USR-8847291")
    assert bench.desk.accept_webhook("cxone", event) is Acceptance.STORED
    assert bench.work(request, 2).state is TaskState.COMPLETED
    with bench.desk.store.reading() as db:
        details = "".join(row["detail"] for row in db.query("SELECT detail FROM audit_events"))
    assert "4111111111111111" not in details


def test_a_clock_that_jumps_back_stalls_nothing(bench: Bench, clock: ManualClock) -> None:
    request = bench.file()
    bench.work(request)
    clock.jump(-3600)
    note_clock_jump(bench.desk.store, 3600)
    assert bench.wait_until_due(request) < 6
