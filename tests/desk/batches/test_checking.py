"""The dry run of a batch: what the form would say of each row, duplicates, holds, and nothing written."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.desk import Desk, DeskError
from core.desk.batches import BatchFileError
from core.desk.batches.row_checks import RowChecks
from core.model.batches import MOST_ROWS, BatchState, FileRow
from core.model.holds import HoldDraft, HoldGround
from core.model.people import NotAllowedError
from core.model.privacy_requests import Draft
from core.store.requests import RequestFilter
from tests.clocks import ManualClock
from tests.desk.batches.files import HEADER, checked, csv_of, people, worked
from tests.desks import ADMIN, AUDITOR, REQUESTER, desk_for, draft, settings_for


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_for(settings_for(tmp_path, "https://vendor.example.com"), ManualClock())


def requests_of(desk: Desk) -> int:
    return desk.find(ADMIN, RequestFilter()).total


def test_every_finding_is_told_by_its_line_and_nothing_is_filed(desk: Desk) -> None:
    content = (
        f"{HEADER},received\nUSR-1,ERASURE,CONTACT,CONTACT,\nUSR 2,erase,,ALL,2026-02-30\n\nUSR-1,ACCESS,SMS,ALL,\n"
    )
    batch = checked(desk, content.encode())
    assert (batch.state, batch.rows, batch.good, batch.rejected) == (BatchState.CHECKED, 3, 2, 1)
    found = [(f.line, f.finding.field, f.finding.rule) for f in desk.batch_findings(ADMIN, batch.id)]
    assert found == [
        (3, "subjectId", "pattern"),
        (3, "type", "enum"),
        (3, "categories", "min_items"),
        (3, "received", "format"),
    ]
    assert batch.findings == 4
    assert set(batch.rules) == {(field, rule, 1) for _, field, rule in found}
    assert requests_of(desk) == 0


def test_the_same_person_system_and_type_twice_in_a_file_is_a_duplicate(desk: Desk) -> None:
    batch = checked(desk, csv_of(["USR-1", "USR-2", "USR-1", "USR-1;USR-9"]) + b"USR-1,ACCESS,SMS,ALL\n")
    assert (batch.good, batch.rejected, batch.duplicates) == (3, 0, 2)
    first, second = desk.batch_findings(ADMIN, batch.id)
    assert (first.line, second.line, first.finding.rule) == (4, 5, "duplicate")
    assert "Line 2" in first.finding.message


def test_a_row_that_was_rejected_makes_no_other_one_a_duplicate(desk: Desk) -> None:
    batch = checked(desk, f"{HEADER}\nUSR-1,ERASURE,ANALYTICS,CONTACT\nUSR-1,ERASURE,SMS,CONTACT\n".encode())
    assert (batch.good, batch.rejected, batch.duplicates) == (1, 1, 0)


def test_an_open_request_of_the_same_person_is_named(desk: Desk) -> None:
    filed = desk.submit(ADMIN, draft("USR-1", also_known_as=("USR-7",)), intent="form").request
    assert filed
    batch = checked(desk, csv_of(["USR-1", "USR-7", "USR-2"]))
    assert (batch.good, batch.duplicates) == (1, 2)
    assert all(filed.id in f.finding.message for f in desk.batch_findings(ADMIN, batch.id))


def test_a_legal_hold_is_known(desk: Desk) -> None:
    hold = HoldDraft("USR-1", (), HoldGround("art_17_3_e"), "Claim 7", "Legal team", date(2027, 1, 31))
    assert desk.place_hold(ADMIN, hold).hold
    batch = checked(desk, csv_of(["USR-1", "USR-2"]) + b"USR-1,ACCESS,SMS,ALL\n")
    (found,) = desk.batch_findings(ADMIN, batch.id)
    assert (found.line, found.finding.rule) == (2, "legal_hold")
    assert (batch.good, batch.rejected) == (2, 1)


def test_rejected_rows_come_back_as_a_file_that_can_be_corrected_and_uploaded(desk: Desk) -> None:
    batch = checked(desk, f"{HEADER},reference\nUSR-1,ERASURE,SMS,ALL,A\n=2,ERASURE,SMS;CHAT,ALL,=1+1\n".encode())
    text = desk.rejected_rows(ADMIN, batch.id)
    header, row = csv.reader(io.StringIO(text))
    assert header == ["subject", "type", "categories", "scope", "reference", "line", "reason"]
    assert row[:6] == ["'=2", "ERASURE", "SMS;CHAT", "ALL", "'=1+1", "3"]
    assert "Subject id holds a punctuation mark" in row[6]
    again = checked(desk, text.replace("'=2", "USR-2").encode())
    assert (again.good, again.rejected) == (1, 0)


def test_the_same_file_again_is_the_same_batch_until_it_is_decided_about(desk: Desk) -> None:
    content = csv_of(people(2))
    first = checked(desk, content)
    assert desk.upload_batch(ADMIN, content, "other name.csv").id == first.id
    assert desk.upload_batch(REQUESTER, content, "people.csv").id != first.id
    desk.discard_batch(ADMIN, first.id)
    assert desk.upload_batch(ADMIN, content, "people.csv").id != first.id


def test_a_batch_can_be_checked_again_with_other_columns(desk: Desk) -> None:
    content = b"person,customer,type,categories,scope\nUSR 1,USR-1,ACCESS,SMS,ALL\n"
    batch = checked(desk, content)
    assert batch.mapping
    assert batch.good == 0
    desk.check_batch(ADMIN, batch.id, mapping={**batch.mapping, "subject": "customer"})
    again = worked(desk, batch)
    assert (again.good, again.rejected, again.findings) == (1, 0, 0)


def test_a_file_with_too_many_rows_is_refused_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.desk.batches.checking.MOST_ROWS", 5)
    batch = checked(desk, csv_of(people(7)))
    (found,) = desk.batch_findings(ADMIN, batch.id)
    assert (batch.good, batch.rows, found.line, found.finding.rule) == (0, 0, 7, "max_items")
    assert MOST_ROWS == 100_000


def test_a_file_without_the_needed_columns_is_not_checked(desk: Desk) -> None:
    batch = desk.upload_batch(ADMIN, b"a,b\n1,2\n", "people.csv")
    with pytest.raises(BatchFileError, match="No column gives the subject, type, categories and scope"):
        desk.check_batch(ADMIN, batch.id)


def test_a_file_that_is_none_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(BatchFileError, match="workbook"):
        desk.upload_batch(ADMIN, b"PK\x03\x04", "people.xlsx")


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "a" * 300 + ".csv", "two\nlines.csv", "\x00", ""])
def test_a_file_name_is_never_a_path_and_is_stored_sealed(desk: Desk, name: str) -> None:
    folder = desk.store.path.parent.parent
    before = {path for path in folder.rglob("*") if not path.name.startswith("desk.db")}
    batch = desk.upload_batch(ADMIN, csv_of(["USR-8847291"]), name)
    assert batch.file_name == name[-255:]
    assert {path for path in folder.rglob("*") if not path.name.startswith("desk.db")} == before
    stored = desk.store.path.read_bytes()
    assert b"passwd" not in stored
    assert b"USR-8847291" not in stored


def test_somebody_who_may_not_see_identifiers_sees_neither_name_nor_columns(desk: Desk) -> None:
    batch = checked(desk, csv_of(["USR 1"]))
    shown = desk.batch(AUDITOR, batch.id)
    assert shown
    assert (shown.file_name, shown.sheet, shown.mapping) == (None, None, None)
    for ask in (desk.batch_findings, desk.rejected_rows, desk.check_batch, desk.accept_batch):
        with pytest.raises(NotAllowedError):
            ask(AUDITOR, batch.id)


def test_what_nobody_knows_is_said(desk: Desk) -> None:
    assert desk.batch(ADMIN, "B-000099") is None
    with pytest.raises(DeskError, match="no batch B-000099"):
        desk.check_batch(ADMIN, "B-000099")


subjects = st.sampled_from(["USR-1", "USR 1", "", "..", "USR-1\n", "a" * 129, "é"])
drafts = st.builds(
    Draft,
    connections=st.lists(st.sampled_from(["cxone", "nowhere"]), max_size=2).map(tuple),
    subject=subjects,
    also_known_as=st.lists(subjects, max_size=2).map(tuple),
    type=st.sampled_from(["ERASURE", "ACCESS", "erase", ""]),
    categories=st.lists(st.sampled_from(["CONTACT", "ANALYTICS", "SMS", "sms"]), max_size=3).map(tuple),
    scope=st.sampled_from(["ALL", "CONTACT", "all", ""]),
    description=st.sampled_from(["", "fine", "x" * 256, "\x00"]),
    law=st.sampled_from(["", "gdpr", "ccpa", "none"]),
    region=st.sampled_from([None, "DE", "XX"]),
    received=st.sampled_from([None, date(2026, 11, 1), date(2030, 1, 1), date(1999, 1, 1)]),
    reference=st.sampled_from(["", "CASE-1", "x" * 101, "\x07"]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drafts)
def test_a_row_has_exactly_the_findings_that_the_form_has(desk: Desk, made: Draft) -> None:
    checks = RowChecks(desk._check_connections, desk._check_dates, [], desk.store.keys.pseudonym)
    assert checks.check(FileRow(2, (), made)) == list(desk.check(ADMIN, made))
