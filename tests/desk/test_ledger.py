"""The ledger of erasures: who is in it, what it knows of them, and how a list is checked against it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.desk import Desk
from core.model.people import NotAllowedError
from core.model.privacy_requests import TaskState
from core.store import ledger, tasks
from core.store.proof import record_end
from core.store.tasks import Outcome
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"
EVIDENCE = "Seen as done in the vendor's console"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_for(settings_for(tmp_path, NOWHERE), ManualClock())


def end(desk: Desk, subject: str, outcome: TaskState, **more: Any) -> None:
    """File a request and let it end so, by a person's word."""
    request = desk.submit(REQUESTER, draft(subject, **more), intent=subject).request
    assert request
    with desk.store.writing() as transaction:
        for task in request.tasks:
            tasks.change(transaction, task.id, Outcome(TaskState.SENDING))
            tasks.change(transaction, task.id, Outcome(TaskState.OUTCOME_UNKNOWN))
    for task in request.tasks:
        desk.attest(REQUESTER, task.id, state=outcome, evidence=EVIDENCE)


def lines(desk: Desk, *subjects: str) -> list[int]:
    return [entry.line for entry in desk.check_ledger(REQUESTER, enumerate(subjects, 1))]


def test_whoever_was_erased_is_found_again_with_when_where_and_what(desk: Desk) -> None:
    end(desk, "USR-0000001", TaskState.COMPLETED)
    (entry,) = desk.check_ledger(REQUESTER, [(7, "USR-0000002"), (8, "USR-0000001")])
    assert entry.line == 8
    (erasure,) = entry.erasures
    assert (erasure.task, erasure.connection, erasure.at) == ("PR-000001-1", "cxone", desk.clock.now())
    assert (erasure.state, erasure.categories, erasure.scope) == ("completed", ("CONTACT", "EMAIL"), "CONTACT")


def test_nothing_found_counts_failed_and_access_do_not(desk: Desk) -> None:
    end(desk, "USR-0000001", TaskState.NOTHING_FOUND)
    end(desk, "USR-0000002", TaskState.FAILED)
    end(desk, "USR-0000003", TaskState.COMPLETED, type="ACCESS")
    assert lines(desk, "USR-0000001", "USR-0000002", "USR-0000003") == [1]


def test_each_identifier_of_the_person_is_in_it(desk: Desk) -> None:
    end(desk, "USR-0000001", TaskState.COMPLETED, also_known_as=("USR-0000002",))
    assert lines(desk, "USR-0000002", "USR-0000003", "USR-0000001") == [1, 3]


def test_one_canonical_form_for_the_pseudonym_and_the_ledger(desk: Desk) -> None:
    with desk.store.writing() as transaction:
        ledger.add(
            transaction, desk._pseudonym("Zoë"), task="PR-1-1", connection="cxone", state=TaskState.COMPLETED,
            categories=(), scope="ALL",
        )  # fmt: skip
    assert lines(desk, "Zoe\u0308", "zoë", "Zoë") == [1, 3]


def test_the_ledger_cannot_be_matched_with_the_pseudonyms_without_the_key_file(desk: Desk) -> None:
    end(desk, "USR-0000001", TaskState.COMPLETED)
    with desk.store.reading() as db:
        ((hash_,),) = db.conn.execute("SELECT hash FROM erasure_ledger").fetchall()
        pseudonym = desk._pseudonym("USR-0000001")
    assert len(hash_) == 64
    assert pseudonym.removeprefix("subj_") not in hash_
    assert ledger.ledger_hash(desk.store.keys, pseudonym) == hash_


def test_an_entry_stands_or_falls_with_the_end_of_its_task(desk: Desk) -> None:
    request = desk.submit(REQUESTER, draft("USR-0000001"), intent="form-1").request
    assert request

    def end_and_fail() -> None:
        with desk.store.writing() as transaction:
            tasks.change(transaction, "PR-000001-1", Outcome(TaskState.SENDING))
            ended = tasks.change(transaction, "PR-000001-1", Outcome(TaskState.COMPLETED))
            record_end(transaction, ended, actor="desk", categories=(), scope="ALL", pseudonym=request.pseudonym)
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        end_and_fail()
    assert lines(desk, "USR-0000001") == []


def test_that_a_list_was_checked_is_on_record_and_nothing_of_the_list_is(desk: Desk, tmp_path: Path) -> None:
    end(desk, "USR-0000001", TaskState.COMPLETED)
    assert lines(desk, "CANARY-LINE-1", "USR-0000001", "CANARY-LINE-2") == [2]
    with desk.store.reading() as db:
        (row,) = db.query("SELECT actor, outcome, detail FROM audit_events WHERE kind = 'ledger.checked'")
    assert (row["actor"], row["outcome"], row["detail"]) == (REQUESTER.id, "found", '{"found":1,"lines":3}')
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"CANARY-LINE" not in on_disk


def test_whoever_may_not_check_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(NotAllowedError):
        desk.check_ledger(AUDITOR, [])


def test_a_list_of_many_is_gone_through_a_thousand_at_a_time(desk: Desk) -> None:
    end(desk, "USR-0002500", TaskState.COMPLETED)
    read = 0

    def many() -> Iterator[tuple[int, str]]:
        nonlocal read
        for number in range(5_000):
            read = number
            yield number, f"USR-{number:07d}"

    found = desk.check_ledger(ADMIN, many())
    assert next(found).line == 2500
    assert read < 3_000, "the rest of the list is not in memory"
    assert list(found) == []
