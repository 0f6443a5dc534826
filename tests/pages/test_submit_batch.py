"""A batch on its page: upload, columns, check, decision, progress; the state is in the store and the id in the URL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.batches import Batch, BatchState
from core.model.people import Actor, Role
from core.model.privacy_requests import TaskState
from core.store.batches import staging
from tests.desk.batches.files import HEADER, accepted, checked, csv_of, people
from tests.desks import ADMIN, AUDITOR
from tests.pages.screens import Screen, links_of, number_in, said, screen, vendor_at

APPROVER = Actor("test", "app", "App Approver", frozenset({Role.APPROVER}))


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        made.start_worker()
        yield made


def upload(page: AppTest, content: bytes, name: str = "people.csv") -> AppTest:
    page.file_uploader(key="batch_file_0").upload(name, content, "text/csv").run()
    assert not page.exception, page.exception
    return page


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception, page.exception
    return page


def only(at: Screen) -> Batch:
    (batch,) = at.desk.batches(ADMIN).rows
    return batch


def test_an_empty_page_says_what_a_file_has_to_look_like(at: Screen) -> None:
    page = at.open("submit_batch")
    words = said(page)
    assert "No batches yet" in words
    assert "Needed. ERASURE or ACCESS." in words
    assert len(page.get("download_button")) == 2


def test_without_a_system_there_is_nothing_to_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path, monkeypatch) as bare:
        page = bare.open("submit_batch")
        assert "No connected system takes privacy requests yet" in said(page)
        assert not page.get("file_uploader")


def test_from_the_upload_to_the_filed_rows(at: Screen) -> None:
    page = upload(at.open("submit_batch"), csv_of(["USR-1", "USR 2", "USR-3"]))
    assert page.query_params["batch"] == "B-000001"
    assert "Read as CSV with commas in UTF-8; about 3 rows." in said(page)
    press(page, "batch_check")
    assert "Checking the rows: 0 of 3 rows" in str(page.get("progress")[0].proto)
    at.desk.work_on_batches()
    page = at.open("submit_batch", batch="B-000001")
    assert [number_in(page, label) for label in ("Good", "Rejected", "Duplicates")] == ["2", "1", "0"]
    words = said(page)
    assert "Subject id holds white space" in words
    assert "2 rows can be accepted, 1 row cannot and are left out." in words
    press(page, "batch_accept")
    assert only(at).state is BatchState.ACCEPTING
    at.desk.work_on_batches()
    page = at.open("submit_batch", batch="B-000001")
    assert "2 rows accepted by Ada Admin." in said(page)
    assert links_of(page)["2 queued"] == {"batch": ["B-000001"]}
    assert links_of(page)["Find its requests"] == {"batch": ["B-000001"]}


def test_columns_with_other_names_are_chosen_and_remembered(at: Screen) -> None:
    content = b"who,type,categories,scope\nUSR-1,ACCESS,SMS,ALL\n"
    page = upload(at.open("submit_batch"), content)
    assert "No column gives the subject." in said(page)
    assert page.button(key="batch_check").disabled
    page.selectbox(key="batch_B-000001_1_subject").select("who").run()
    press(page, "batch_check")
    at.desk.work_on_batches()
    assert only(at).good == 1
    page.query_params.clear()
    page.run()
    page.file_uploader(key="batch_file_1").upload("more.csv", content + b"USR-2,ACCESS,SMS,ALL\n", "text/csv").run()
    assert page.selectbox(key="batch_B-000002_1_subject").value == "who"


def test_a_file_that_is_none_says_what_to_do(at: Screen) -> None:
    page = upload(at.open("submit_batch"), b"PK\x03\x04", "people.csv")
    assert "Save it as CSV" in page.error[0].value.replace("\\", "")
    assert at.desk.batches(ADMIN).total == 0


def test_a_large_batch_wants_its_number_typed(at: Screen) -> None:
    checked(at.desk, csv_of(people(120)))
    page = at.open("submit_batch", batch="B-000001")
    press(page, "batch_accept")
    assert "Type 120, the number of rows, to confirm" in page.error[0].value.replace("\\", "")
    page.text_input(key="batch_typed_B-000001").input("120").run()
    press(page, "batch_accept")
    assert only(at).state is BatchState.ACCEPTING


def test_findings_come_a_page_at_a_time(at: Screen) -> None:
    checked(at.desk, csv_of([f"USR {number}" for number in range(45)]))
    page = at.open("submit_batch", batch="B-000001")
    assert len(page.table[0].value) == 10
    page.pagination[0].set_value(5).run()
    assert list(page.table[0].value["Line"]) == ["42", "43", "44", "45", "46"]
    assert "No row can be accepted" in said(page)


def test_a_running_batch_is_paused_limited_resumed_and_cancelled(at: Screen) -> None:
    accepted(at.desk, csv_of(people(3)))
    page = press(at.open("submit_batch", batch="B-000001"), "batch_pause")
    assert "Paused: nothing more is sent" in said(page)
    press(page, "batch_resume")
    page.number_input(key="batch_new_limit_B-000001").set_value(2).run()
    press(page, "batch_limit")
    assert "At most 2 tasks are sent within an hour." in said(page)
    press(page, "batch_cancel")
    at.desk.work_on_batches()
    assert only(at).states == {TaskState.CANCELLED: 3}
    page = at.open("submit_batch", batch="B-000001")
    assert "Cancelled." in said(page)
    assert [button.key for button in page.button if (button.key or "").startswith("batch_")] == ["batch_back"]


def test_a_discarded_file_leaves_the_list_of_batches(at: Screen) -> None:
    upload(at.open("submit_batch"), csv_of(["USR-1"]))
    page = press(at.open("submit_batch", batch="B-000001"), "batch_discard")
    assert "batch" not in page.query_params
    assert "Discarded" in said(page)


def test_a_batch_nobody_knows_is_said(at: Screen) -> None:
    assert "There is no batch b-99" in said(at.open("submit_batch", batch="b-99"))
    assert "There is no batch" in said(at.open("submit_batch", batch="<img src=x>"))


def test_whoever_only_looks_sees_progress_and_nothing_of_the_file(at: Screen) -> None:
    checked(at.desk, f"{HEADER},who knows\nUSR-1,ACCESS,SMS,ALL,x\n".encode())
    at.become(AUDITOR)
    page = at.open("submit_batch", batch="B-000001")
    words = said(page)
    assert "Somebody who may submit requests decides about this batch" in words
    assert "people.csv" not in words
    assert [button.key for button in page.button if (button.key or "").startswith("batch_")] == ["batch_back"]
    overview = at.open("submit_batch")
    assert not overview.get("file_uploader")
    assert "Waiting for a decision" in said(overview)


def test_an_approver_may_pause_and_cancel_but_not_accept(at: Screen) -> None:
    accepted(at.desk, csv_of(people(3)))
    at.become(APPROVER)
    page = at.open("submit_batch", batch="B-000001")
    keys = {button.key for button in page.button}
    assert {"batch_pause", "batch_cancel"} <= keys
    assert "batch_limit" not in keys


def test_progress_of_a_long_filing_is_shown(at: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "ITEMS_A_PART", 2)
    checked(at.desk, csv_of(people(6)))
    at.desk.accept_batch(ADMIN, "B-000001")

    class StoppedError(Exception):
        pass

    def stop(_batch: str, done: int) -> None:
        if done == 4:
            raise StoppedError

    with pytest.raises(StoppedError):
        at.desk.work_on_batches(stop)
    page = at.open("submit_batch", batch="B-000001")
    assert "Filing the rows: 4 of 6 rows" in str(page.get("progress")[0].proto)
    assert "You can leave this page" in said(page)


def test_the_list_of_requests_can_be_of_one_batch(at: Screen) -> None:
    at.submit()
    accepted(at.desk, csv_of(people(2)))
    page = at.open("track_requests", batch="B-000001")
    assert "Requests of B-000001" in links_of(page)
    assert "1–2 of 2" in said(page)
    assert links_of(at.open("track_requests", request="PR-000002"))["Came with B-000001"] == {"batch": ["B-000001"]}
    press(page, "batch_forget")
    assert "1–3 of 3" in said(page)


def test_the_form_takes_further_identifiers_of_the_same_person(at: Screen) -> None:
    page = at.open("submit_request")
    page.text_input(key="submit_subjectId_1").input("USR-1").run()
    page.text_input(key="submit_alsoKnownAs_1").input("USR-2; USR 3").run()
    assert "Identifier 3: Subject id holds white space" in said(page)
    page.text_input(key="submit_alsoKnownAs_1").input("USR-2;USR-3").run()
    page.radio(key="submit_type_1").set_value("ACCESS").run()
    page.radio(key="submit_scope_1").set_value("CONTACT").run()
    page.checkbox(key="submit_EMAIL_1").check().run()
    press(page, "submit_send_1")
    shown = at.open("track_requests", request="PR-000001")
    assert "USR-1; USR-2; USR-3" in said(shown)
    view = at.desk.show(ADMIN, "PR-000001")
    assert view
    assert len(view.request.tasks) == 3
