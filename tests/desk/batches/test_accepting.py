"""Accepting a batch: all or the good rows, each once; approved, paused, limited and cancelled as a whole."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from core.clock import to_text
from core.desk import ChangedError, Desk, DeskError
from core.desk.approvals import Choice
from core.model.batches import BatchState, Work
from core.model.people import Actor, NotAllowedError, Role
from core.model.privacy_requests import RequestState, TaskState
from core.store import tasks
from core.store.audit import EventFilter, verify
from core.store.measures import counting
from core.store.requests import RequestFilter
from core.worker import Worker
from core.worker.batches import finish, forget_staged, let_go
from tests.clocks import ManualClock
from tests.desk.batches.files import accepted, checked, csv_of, people, worked
from tests.desks import ADMIN, QUICK, REQUESTER, desk_for, draft, settings_for
from tests.store.measures.counts import contents
from tests.vendor import Vendor

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, "https://vendor.example.com"), clock)


def four_eyes(tmp_path: Path, clock: ManualClock) -> Desk:
    settings = settings_for(tmp_path, "https://vendor.example.com").model_copy(update={"approvals": "on"})
    return desk_for(settings, clock)


def due(desk: Desk) -> int:
    with desk.store.reading() as db:
        (row,) = db.query("SELECT count(*) AS n FROM tasks WHERE next_due_at <= ?", [_text(desk)])
    return int(row["n"])


def _text(desk: Desk) -> str:
    return to_text(desk.clock.now())


def rows_in(desk: Desk, table: str) -> list[dict[str, Any]]:
    with desk.store.reading() as db:
        return list(db.query(f"SELECT * FROM {table} ORDER BY rowid"))


def test_each_good_row_becomes_a_request_that_says_where_it_came_from(desk: Desk) -> None:
    batch = accepted(desk, csv_of(["USR-1", "USR 2", "USR-3;USR-4"]))
    assert (batch.state, batch.accepted, batch.states) == (BatchState.ACCEPTED, 2, {TaskState.QUEUED: 3})
    newest, first = desk.find(ADMIN, RequestFilter(batch=batch.number)).rows
    view = desk.show(ADMIN, newest.id)
    assert view
    assert (view.request.subject, view.request.also_known_as) == ("USR-3", ("USR-4",))
    assert view.request.batch == batch.id
    assert [task.identifier for task in view.request.tasks] == [0, 1]
    filed = view.timeline[0]
    assert (filed.detail["batch"], filed.detail["line"]) == (batch.id, 4)
    assert first.state is RequestState.QUEUED


def test_a_row_is_written_exactly_as_a_form_is(tmp_path: Path, clock: ManualClock) -> None:
    """Both ways of filing, row by row: what one learns to write the other has to write as well."""
    by_form = desk_for(settings_for(tmp_path / "form", "https://vendor.example.com"), clock)
    by_file = desk_for(settings_for(tmp_path / "file", "https://vendor.example.com"), clock)
    assert by_form.submit(ADMIN, draft("USR-1", also_known_as=("USR-2",), reference="R"), intent="B-000001:2").request
    content = b"subject,type,categories,scope,reference\nUSR-1;USR-2,ERASURE,CONTACT;EMAIL,CONTACT,R\n"
    accepted(by_file, content)
    theirs = {"batch", "batch_line", "intent", "pseudonym"}  # pseudonyms are keyed by the installation
    for table in ("requests", "tasks"):
        form = [{k: v for k, v in row.items() if k not in theirs} for row in rows_in(by_form, table)]
        file = [{k: v for k, v in row.items() if k not in theirs} for row in rows_in(by_file, table)]
        assert form == file
    event = [e for e in rows_in(by_form, "audit_events") if e["kind"] == "request.filed"]
    other = [e for e in rows_in(by_file, "audit_events") if e["kind"] == "request.filed"]
    assert [(e["actor"], e["request"], e["outcome"]) for e in event] == [
        (e["actor"], e["request"], e["outcome"]) for e in other
    ]
    assert len(rows_in(by_form, "identifiers")) == len(rows_in(by_file, "identifiers")) == 1


def test_all_or_nothing_unless_only_the_good_rows_are_asked_for(desk: Desk) -> None:
    batch = checked(desk, csv_of(["USR-1", "USR 2"]))
    with pytest.raises(DeskError, match="rows that cannot be accepted"):
        desk.accept_batch(ADMIN, batch.id)
    assert desk.find(ADMIN, RequestFilter()).total == 0


def test_a_large_batch_is_confirmed_by_its_number_of_rows(desk: Desk) -> None:
    batch = checked(desk, csv_of(people(100)))
    with pytest.raises(DeskError, match="Type 100"):
        desk.accept_batch(ADMIN, batch.id, typed="99")
    assert desk.accept_batch(ADMIN, batch.id, typed="100").work is Work.ACCEPT


def test_nothing_of_a_batch_without_a_good_row_is_accepted(desk: Desk) -> None:
    batch = checked(desk, csv_of(["USR 1"]))
    with pytest.raises(DeskError, match="no row that can be accepted"):
        desk.accept_batch(ADMIN, batch.id, only_good=True)


def test_a_second_click_and_a_stale_page_accept_nothing_twice(desk: Desk) -> None:
    batch = checked(desk, csv_of(people(3)))
    with pytest.raises(ChangedError):
        desk.accept_batch(ADMIN, batch.id, version=batch.version - 1)
    desk.accept_batch(ADMIN, batch.id, version=batch.version)
    assert desk.accept_batch(ADMIN, batch.id).state is BatchState.ACCEPTING
    worked(desk, batch)
    worked(desk, batch)
    assert desk.find(ADMIN, RequestFilter()).total == 3


def test_a_request_filed_between_check_and_acceptance_leaves_its_row_out(desk: Desk) -> None:
    batch = checked(desk, csv_of(people(3)))
    filed = desk.submit(ADMIN, draft(people(3)[1]), intent="form").request
    assert filed
    desk.accept_batch(ADMIN, batch.id)
    batch = worked(desk, batch)
    assert (batch.accepted, batch.duplicates) == (2, 1)
    (late,) = desk.batch_findings(ADMIN, batch.id)
    assert (late.line, late.finding.rule) == (3, "already_open")
    assert filed.id in late.finding.message


def test_what_was_staged_is_gone_after_the_acceptance_but_for_the_rejected_rows_of_a_week(
    desk: Desk, clock: ManualClock
) -> None:
    batch = accepted(desk, csv_of(["USR-1", "USR 2"]))
    assert {row["kind"] for row in rows_in(desk, "batch_parts")} == {"rejected", "findings"}
    clock.advance(7 * 86_400 + 1)
    forget_staged(desk.store)
    assert rows_in(desk, "batch_parts") == []
    shown = desk.batch(ADMIN, batch.id)
    assert shown
    assert shown.state is BatchState.ACCEPTED
    with pytest.raises(DeskError, match="kept any more"):
        desk.rejected_rows(ADMIN, batch.id)


def test_a_file_nobody_decided_about_for_a_week_is_discarded(desk: Desk, clock: ManualClock) -> None:
    batch = checked(desk, csv_of(people(2)))
    clock.advance(7 * 86_400 + 1)
    forget_staged(desk.store)
    shown = desk.batch(ADMIN, batch.id)
    assert shown
    assert shown.state is BatchState.DISCARDED
    assert rows_in(desk, "batch_parts") == []


def test_a_paused_batch_sends_nothing_and_a_resumed_one_goes_on(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(5)))
    assert due(desk) == 5
    assert desk.pause_batch(ADMIN, batch.id).paused_at
    assert due(desk) == 0
    with desk.store.writing() as transaction:  # as one comes back that was on its way
        transaction.db.execute("UPDATE tasks SET next_due_at = ? WHERE number = 1", [_text(desk)])
    assert let_go(desk.store) == 1
    assert due(desk) == 0
    desk.resume_batch(ADMIN, batch.id)
    assert due(desk) == 5


def test_who_did_not_pause_a_batch_needs_the_right_to_resume(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(2)))
    desk.pause_batch(ADMIN, batch.id)
    with pytest.raises(NotAllowedError):
        desk.resume_batch(REQUESTER, batch.id)
    desk.resume_batch(APPROVER, batch.id)
    desk.pause_batch(REQUESTER, batch.id)
    assert desk.resume_batch(REQUESTER, batch.id).paused_at is None


def test_rows_filed_while_a_batch_is_paused_wait_with_it(desk: Desk) -> None:
    batch = checked(desk, csv_of(people(3)))
    desk.accept_batch(ADMIN, batch.id)
    desk.pause_batch(ADMIN, batch.id)
    worked(desk, batch)
    assert due(desk) == 0


def test_a_limit_per_hour_lets_go_of_so_many_and_counts_what_was_sent(tmp_path: Path, clock: ManualClock) -> None:
    with Vendor() as vendor:
        desk = desk_for(settings_for(tmp_path, vendor.url, **QUICK), clock)
        worker = Worker(desk.settings, desk.store, clock)
        batch = accepted(desk, csv_of(people(7)), limit_per_hour=3)
        assert due(desk) == 0
        for _ in range(3):  # asked as often as one likes
            let_go(desk.store)
        assert due(desk) == 3
        while worker.step("cxone"):
            pass
        clock.advance(1800)
        let_go(desk.store)
        while worker.step("cxone"):
            pass
        assert sum(vendor.carried_out.values()) == 3
        clock.advance(1801)
        let_go(desk.store)
        while worker.step("cxone"):
            pass
        assert sum(vendor.carried_out.values()) == 6
        desk.limit_batch(ADMIN, batch.id, None)
        let_go(desk.store)
        while worker.step("cxone"):
            pass
        worker.close()
        assert sum(vendor.carried_out.values()) == 7


def test_a_limit_holds_for_what_was_not_sent_while_no_worker_ran(desk: Desk, clock: ManualClock) -> None:
    accepted(desk, csv_of(people(9)), limit_per_hour=2)
    for _ in range(5):
        let_go(desk.store)
        clock.advance(3600)
    assert due(desk) == 2


def test_cancelling_leaves_what_the_vendor_has(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(4)))
    with desk.store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET may_have_acted = 1, attempts = 1 WHERE number = 2")
    desk.cancel_batch(ADMIN, batch.id)
    batch = worked(desk, batch)
    assert batch.states == {TaskState.CANCELLED: 3, TaskState.QUEUED: 1}
    assert batch.cancelled_at
    assert not batch.work
    assert desk.find(ADMIN, RequestFilter(states=(RequestState.CANCELLED,))).total == 3


def test_nothing_is_sent_while_a_batch_is_being_cancelled_but_what_a_vendor_may_have(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(4)))
    with desk.store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET may_have_acted = 1, attempts = 1 WHERE number = 2")
    desk.pause_batch(ADMIN, batch.id)
    desk.cancel_batch(ADMIN, batch.id)
    let_go(desk.store)
    assert due(desk) == 1


def test_a_task_that_comes_back_after_the_batch_was_cancelled_is_cancelled_too(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(2)))
    with desk.store.writing() as transaction:
        tasks.change(transaction, "PR-000001-1", tasks.Outcome(TaskState.SENDING))
    desk.cancel_batch(ADMIN, batch.id)
    assert worked(desk, batch).states == {TaskState.CANCELLED: 1, TaskState.SENDING: 1}
    with desk.store.writing() as transaction:
        tasks.change(transaction, "PR-000001-1", tasks.Outcome(TaskState.QUEUED, next_due_at=transaction.at))
    let_go(desk.store)
    assert worked(desk, batch).states == {TaskState.CANCELLED: 2}


def test_cancelling_half_way_leaves_the_rest_of_the_rows_out(desk: Desk) -> None:
    batch = checked(desk, csv_of(people(3)))
    desk.accept_batch(ADMIN, batch.id)
    desk.cancel_batch(ADMIN, batch.id)
    batch = worked(desk, batch)
    assert (batch.accepted, batch.states, batch.state) == (0, {}, BatchState.ACCEPTED)
    assert desk.find(ADMIN, RequestFilter()).total == 0


def test_cancelling_many_is_confirmed_with_the_name_of_the_batch(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(100)))
    with pytest.raises(DeskError, match=f"Type {batch.id}"):
        desk.cancel_batch(ADMIN, batch.id)
    desk.cancel_batch(ADMIN, batch.id, typed=batch.id.lower())


def test_where_four_eyes_are_asked_for_the_batch_is_one_decision(tmp_path: Path, clock: ManualClock) -> None:
    desk = four_eyes(tmp_path, clock)
    batch = accepted(desk, csv_of(people(3)) + b"USR-9,ACCESS,SMS,ALL\n", actor=REQUESTER)
    assert batch.states == {TaskState.AWAITING_APPROVAL: 3, TaskState.QUEUED: 1}
    (waiting,) = desk.pending_approvals(APPROVER).rows
    assert waiting.about == batch.id
    (own,) = desk.approve(
        Actor(REQUESTER.issuer, REQUESTER.subject, "R", frozenset({Role.APPROVER})), [Choice(batch.id)]
    )
    assert not own.done
    (decided,) = desk.approve(APPROVER, [Choice(batch.id, waiting.version)])
    assert decided.done, decided.message
    batch = worked(desk, batch)
    assert batch.states == {TaskState.QUEUED: 4}


def test_a_denied_batch_is_refused_row_by_row_with_its_ground(tmp_path: Path, clock: ManualClock) -> None:
    desk = four_eyes(tmp_path, clock)
    batch = accepted(desk, csv_of(people(2)), actor=REQUESTER)
    (decided,) = desk.deny(APPROVER, [Choice(batch.id)], code="art_17_3_e", note="A claim is open")
    assert decided.done, decided.message
    batch = worked(desk, batch)
    assert batch.states == {TaskState.REFUSED: 2}
    denial = desk.denial(ADMIN, "PR-000001")
    assert denial
    assert (denial.code, denial.note) == ("art_17_3_e", "A claim is open")


def test_a_cancelled_batch_waits_for_nobodys_decision(tmp_path: Path, clock: ManualClock) -> None:
    desk = four_eyes(tmp_path, clock)
    batch = accepted(desk, csv_of(people(2)), actor=REQUESTER)
    desk.cancel_batch(REQUESTER, batch.id)
    assert worked(desk, batch).states == {TaskState.CANCELLED: 2}
    assert desk.pending_approvals(APPROVER).total == 0


def test_the_result_tells_line_by_line_what_became_of_each_row(desk: Desk) -> None:
    batch = accepted(desk, b"subject,type,categories,scope,reference\nUSR-1;USR-2,ACCESS,SMS,ALL,=cmd()\n")
    desk.cancel_batch(ADMIN, batch.id)
    worked(desk, batch)
    text = desk.batch_result(REQUESTER, batch.id)
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["line"], first["request"], first["state"], first["identifier"]) == (
        "2",
        "PR-000001",
        "cancelled",
        "1",
    )
    assert second["identifier"] == "2"
    assert first["reference"] == "'=cmd()"
    assert "USR-" not in text
    (event,) = desk.audit(ADMIN, EventFilter(kind="export.made")).rows
    assert (event.detail["filter"], event.detail["rows"]) == ({"batch": batch.id}, 2)


def test_its_requests_are_counted_as_a_count_of_everything_counts_them(desk: Desk) -> None:
    accepted(desk, csv_of(["USR-1", "USR 2", "USR-3;USR-4", *people(30)]))
    with desk.store.writing() as transaction:
        kept = contents(transaction.db)
        counting.count_tasks_and_requests(transaction.db)
        counting.count_answers(transaction.db)
        assert kept == contents(transaction.db)
    assert kept["task_counts"]
    assert kept["request_counts"]


def test_work_that_fails_is_told_on_the_batch_and_done_by_the_next_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = checked(desk, csv_of(people(3)))
    desk.accept_batch(ADMIN, batch.id)
    with monkeypatch.context() as broken:
        broken.setattr("core.desk.batches.accepting.file_many", None)
        with pytest.raises(TypeError):
            desk.work_on_batches()
    told = desk.batch(ADMIN, batch.id)
    assert told
    assert "tried again" in told.problem
    done = worked(desk, batch)
    assert (done.accepted, done.problem) == (3, "")


def test_a_batch_that_has_ended_is_told_once(desk: Desk) -> None:
    batch = accepted(desk, csv_of(people(2)))
    assert finish(desk.store) == []
    desk.cancel_batch(ADMIN, batch.id)
    worked(desk, batch)
    assert finish(desk.store) == [batch.id]
    assert finish(desk.store) == []


def test_the_audit_log_has_the_way_of_a_batch_and_no_identifier(desk: Desk) -> None:
    batch = accepted(desk, csv_of(["USR-8847291", "USR 2"]))
    kinds = [event.kind for event in reversed(desk.audit(ADMIN, EventFilter(), limit=100).rows)]
    assert kinds == ["batch.uploaded", "batch.checked", "batch.accepting", "request.filed", "batch.accepted"]
    details = str([event["detail"] for event in rows_in(desk, "audit_events")])
    assert "USR" not in details
    assert "people.csv" not in details
    assert batch.id in details
    verdict = verify(desk.store.path, keys=desk.store.keys, checkpoints=desk.store.checkpoints_path(desk.store.path))
    assert verdict.ok


def test_each_identifier_is_sent_to_the_vendor_by_itself(tmp_path: Path, clock: ManualClock) -> None:
    with Vendor() as vendor:
        desk = desk_for(settings_for(tmp_path, vendor.url, **QUICK), clock)
        worker = Worker(desk.settings, desk.store, clock)
        assert desk.submit(ADMIN, draft("USR-1", also_known_as=("USR-2", "USR-1")), intent="form").request
        accepted(desk, csv_of(["USR-3;USR-4"]))
        for _ in range(6):
            worker.step("cxone")
            clock.advance(60)
        worker.close()
        assert vendor.carried_out == {"USR-1": 1, "USR-2": 1, "USR-3": 1, "USR-4": 1}
    assert desk.find(ADMIN, RequestFilter(states=(RequestState.COMPLETED,))).total == 2
    assert [row.id for row in desk.find(ADMIN, RequestFilter(text="USR-4")).rows] == ["PR-000002"]


def test_a_further_identifier_is_checked_as_the_first_is(desk: Desk) -> None:
    found = desk.check(ADMIN, draft("USR-1", also_known_as=("USR 2", "..")))
    assert [(f.field, f.rule) for f in found] == [("alsoKnownAs", "pattern"), ("alsoKnownAs", "path_segment")]
    assert found[0].message.startswith("Identifier 2: ")
    assert "USR 2" not in str(found)


def test_a_failed_task_of_a_further_identifier_is_tried_again_for_that_identifier(desk: Desk) -> None:
    filed = desk.submit(ADMIN, draft("USR-1", also_known_as=("USR-2",)), intent="form").request
    assert filed
    with desk.store.writing() as transaction:
        tasks.change(transaction, f"{filed.id}-2", tasks.Outcome(TaskState.SENDING))
        tasks.change(transaction, f"{filed.id}-2", tasks.Outcome(TaskState.FAILED))
    again = desk.retry(ADMIN, f"{filed.id}-2")
    assert (again.tasks[-1].identifier, again.tasks[-1].pseudonym) == (1, filed.tasks[1].pseudonym)
