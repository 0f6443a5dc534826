"""The audit log: paging, filters, finding a person, one event in full, exports, and a check that names bad rows."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from streamlit.testing.v1 import AppTest

from core.desk.background_process import carry_out
from core.model.events import EventKind
from core.store.audit import EventFilter
from core.store.background import Work
from core.ui.audit import exporting, listing, verifying
from core.ui.words import KIND_WORDS
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, said, screen, vendor_at


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)


def numbers(page: AppTest) -> list[int]:
    """The numbers of the events in the table."""
    for table in page.dataframe:
        if table.key and table.key.startswith("audit_rows"):
            return [int(number) for number in table.value["No."]]
    return []


def happened(page: AppTest) -> list[str]:
    table = next(table for table in page.dataframe if table.key and table.key.startswith("audit_rows"))
    return [str(words) for words in table.value["What happened"]]


def one_of(page: AppTest, name: str) -> str:
    """What stands in the address under a name."""
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def tamper(at: Screen, statement: str) -> None:
    """Write to the file as somebody would who has it, past the triggers."""
    with closing(sqlite3.connect(at.desk.store.path)) as db, db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)


def test_an_empty_log_says_what_will_stand_here(live: Screen) -> None:
    page = live.open("audit_log")
    assert "Nothing has happened yet" in said(page)
    assert not numbers(page)


def test_events_are_listed_newest_first_in_words(live: Screen) -> None:
    live.submit()
    live.desk.pause(ADMIN, "cxone", reason="Maintenance")
    page = live.open("audit_log")
    assert numbers(page) == [2, 1]
    assert happened(page) == ["Connection paused", "Request filed"]
    assert "Events 2 to 1, newest first; 2 match." in said(page)


def test_every_kind_of_event_has_words_of_its_own() -> None:
    assert set(EventKind) == KIND_WORDS.keys()
    assert len(set(KIND_WORDS.values())) == len(KIND_WORDS)


@pytest.mark.usefixtures("small_pages")
def test_older_and_newer_pages_neither_repeat_nor_skip_an_event(live: Screen) -> None:
    for number in range(7):
        live.submit(number)
    page = live.open("audit_log")
    assert page.button(key="newer").disabled
    seen = [numbers(page), numbers(press(page, "older"))]
    live.submit(8)  # what is written meanwhile moves no page but the newest
    seen.append(numbers(press(page, "older")))
    assert seen == [[7, 6, 5], [4, 3, 2], [1]]
    assert page.button(key="older").disabled
    assert numbers(press(page, "newer")) == [4, 3, 2]
    assert numbers(press(page, "newest")) == [8, 7, 6]


@pytest.mark.usefixtures("small_pages")
def test_the_place_in_the_log_is_in_the_address(live: Screen) -> None:
    for number in range(7):
        live.submit(number)
    page = press(live.open("audit_log"), "older")
    assert one_of(page, "before") == "5"
    assert numbers(live.open("audit_log", before="5")) == [4, 3, 2]
    press(page, "newer")
    assert one_of(page, "after") == "4"
    assert "before" not in page.query_params
    assert numbers(live.open("audit_log", after="4")) == [7, 6, 5]


def test_a_place_where_nothing_is_leads_back_to_the_newest(live: Screen) -> None:
    live.submit()
    page = live.open("audit_log", after="1")
    assert "No event on this page" in said(page)
    assert numbers(press(page, "newest")) == [1]


@pytest.mark.usefixtures("small_pages")
def test_another_filter_begins_at_its_newest_event(live: Screen) -> None:
    for number in range(7):
        live.submit(number)
    page = press(live.open("audit_log"), "older")
    page.text_input(key="audit_request").set_value("pr-000007").run()
    assert numbers(page) == [7]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "Request filed"}, EventFilter(kind="request.filed")),
        ({"audit_request": "PR-000002"}, EventFilter(request="PR-000002")),
        ({"audit_connection": "cxone"}, EventFilter(connection="cxone")),
        ({"audit_actor": "Ada Admin"}, EventFilter(actor=ADMIN.id)),
        ({"audit_outcome": "Paused"}, EventFilter(outcome="paused")),
        ({"audit_outcome": "Queued"}, EventFilter(outcome="queued")),
    ],
)
def test_an_address_opens_the_log_filtered(live: Screen, query: dict[str, str], expected: EventFilter) -> None:
    live.submit(1)
    live.submit(2)
    live.desk.pause(ADMIN, "cxone", reason="Maintenance")
    live.desk.verify_audit(AUDITOR)
    rows = live.desk.audit(ADMIN, expected).rows
    assert 0 < len(rows) < 4
    assert numbers(live.open("audit_log", **query)) == [row.seq for row in rows]


def test_days_are_filtered_whole(live: Screen) -> None:
    live.submit(1)
    live.clock.advance(86_400)
    live.submit(2)
    assert numbers(live.open("audit_log", audit_from="2026-11-22")) == [2]
    assert numbers(live.open("audit_log", audit_to="2026-11-21")) == [1]
    assert numbers(live.open("audit_log", audit_from="2026-11-21", audit_to="2026-11-22")) == [2, 1]


def test_filters_that_match_nothing_can_be_cleared_with_one_button(live: Screen) -> None:
    live.submit()
    page = live.open("audit_log", audit_request="PR-999999", audit_from="2026-11-01")
    assert "No event matches" in said(page)
    press(page, "clear_filters")
    assert numbers(page) == [1]


def test_one_event_is_shown_in_full_with_its_place_in_the_chain(live: Screen) -> None:
    request = live.submit()
    live.desk.pause(ADMIN, "cxone", reason="Maintenance")
    first, second = reversed(live.desk.audit(ADMIN, EventFilter()).rows)
    page = live.open("audit_log", event="1")
    blocks = [block.value for block in page.code]
    assert [first.prev, first.hash, first.mac] == blocks[-3:]
    assert '"scope": "CONTACT"' in blocks[0]
    assert f"`{request}-1`" not in said(page)
    assert "`request.filed`" in said(page)
    assert "`test|ada`" in said(page)
    assert page.button(key="event_before").disabled
    press(page, "event_after")
    assert [second.prev, second.hash, second.mac] == [block.value for block in page.code][-3:]
    assert second.prev == first.hash


def test_an_event_that_is_not_there_is_said_to_be_missing(live: Screen) -> None:
    live.submit()
    assert "There is no event 99 in the log." in said(live.open("audit_log", event="99"))


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "<script>alert(1)</script>"},
        {"audit_actor": "'; DROP TABLE audit_events; --"},
        {"audit_connection": "nowhere"},
        {"audit_outcome": "x" * 5000},
        {"audit_from": "2026-99-99", "audit_to": "yesterday"},
        {"audit_to": "9999-12-31"},
        {"before": "-1"},
        {"before": "9" * 40},
        {"before": "٣"},
        {"after": "1e3"},
        {"person": "USR-8847291"},
        {"person": "subj_" + "g" * 32},
        {"event": "abc"},
        {"event": "-5"},
        {"event": "9" * 30},
        {"audit_view": "Nothing"},
    ],
)
def test_an_address_that_makes_no_sense_opens_the_whole_log(live: Screen, query: dict[str, str]) -> None:
    live.submit(1)
    live.submit(2)
    assert numbers(live.open("audit_log", **query)) == [2, 1]


@pytest.mark.parametrize(
    "query",
    [
        {"audit_text": 'NEAR("a" OR * -'},
        {"audit_text": "\x00\x1b[31m" + "x" * 150},
        {"audit_request": "%' OR 1=1 --"},
        {"audit_request": "../../etc/passwd"},
        {"before": "0"},
    ],
)
def test_hostile_words_in_the_address_find_nothing_and_break_nothing(live: Screen, query: dict[str, str]) -> None:
    live.submit()
    assert numbers(live.open("audit_log", **query)) == []


def test_words_are_found_wherever_they_stand_in_an_event(live: Screen) -> None:
    live.submit(1)
    live.desk.pause(ADMIN, "cxone", reason="Maintenance")
    assert numbers(live.open("audit_log", audit_text="paused")) == [2]
    assert numbers(live.open("audit_log", audit_text="CONTACT PR-000001")) == [1]
    assert numbers(live.open("audit_log", audit_text="CONTACT paused")) == []


def find(page: AppTest, identifier: str) -> AppTest:
    page.text_input(key="audit_person_typed").set_value(identifier)
    return press(page, "audit_person_find")


def test_a_person_is_found_by_their_identifier(live: Screen) -> None:
    live.submit(1)
    live.submit(2)
    page = find(live.open("audit_log"), "USR-8847292")
    assert numbers(page) == [2]
    assert one_of(page, "person") == live.desk.audit_pseudonym(ADMIN, "USR-8847292")
    assert numbers(live.open("audit_log", person=one_of(page, "person"))) == [2]
    assert numbers(press(page, "audit_everybody")) == [2, 1]


def test_what_was_typed_to_find_a_person_is_kept_nowhere(live: Screen) -> None:
    live.submit(1)
    page = find(live.open("audit_log"), "somebody@example.com")
    assert "No event is about this person" in said(page)
    assert "capitals count" in said(page)
    page.run()
    assert "somebody@" not in f"{page.session_state.to_dict()} {page.query_params} {said(page)} {page.text_input}"
    folder = live.desk.settings.database.parent
    assert not [file for file in folder.rglob("*") if file.is_file() and b"somebody@" in file.read_bytes()]


def test_looking_for_nobody_says_what_to_do(live: Screen) -> None:
    live.submit(1)
    page = find(live.open("audit_log"), "  ")
    assert "Type the identifier first." in page.error[0].value
    assert numbers(page) == [1]


def test_an_event_says_in_words_how_it_hangs_together_with_its_neighbours(live: Screen) -> None:
    for number in range(3):
        live.submit(number)
    words = said(live.open("audit_log", event="2"))
    assert "It names the fingerprint of event 1 (request filed), before it, as that event has it." in words
    assert "Event 3 (request filed), after it, names its fingerprint in turn." in words
    live.desk.store.checkpoint()
    key = live.desk.store.keys.key_ids["signing"]
    words = said(live.open("audit_log", event="3"))
    assert "No event follows it yet" in words
    assert f"covers it, with all events up to 3; key `{key}`, and its signature holds." in words
    assert "64 zeros stand for the fingerprint before it" in said(live.open("audit_log", event="1"))


def test_an_event_whose_neighbours_were_meddled_with_says_so(live: Screen) -> None:
    for number in range(5):
        live.submit(number)
    tamper(live, "DELETE FROM audit_events WHERE seq = 2")
    tamper(live, f"UPDATE audit_events SET hash = '{'f' * 64}' WHERE seq = 4")
    assert "Event 2, before it, is not in the log" in said(live.open("audit_log", event="3"))
    assert "It does not follow event 4" in said(live.open("audit_log", event="5"))
    assert "Event 5 (request filed), after it, does not name its fingerprint." in said(
        live.open("audit_log", event="4")
    )


@contextmanager
def counted(at: Screen, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every SELECT that the desk sends while the block runs."""
    statements: list[str] = []
    reading = at.desk.store.reading

    @contextmanager
    def traced() -> Iterator[Any]:
        with reading() as db:
            db.conn.set_trace_callback(lambda sql: statements.append(sql) if "SELECT" in sql else None)
            yield db

    monkeypatch.setattr(at.desk.store, "reading", traced)
    yield statements


@pytest.mark.usefixtures("small_pages")
def test_a_page_takes_as_few_queries_and_rows_however_long_the_log_is(
    live: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost(subjects: range) -> tuple[int, int]:
        for number in subjects:
            live.submit(number)
        with counted(live, monkeypatch) as statements:
            page = live.open("audit_log")
        sent = sum(len(table.value) for table in page.dataframe)
        return len(statements), sent

    live.open("audit_log")  # the names of people are read once and kept for a while
    few, many = cost(range(5)), cost(range(5, 10))
    assert many == few
    assert many[0] <= 12
    assert many[1] == 3


def verified(page: AppTest) -> AppTest:
    """Ask for a check, and look again until it has ended, as the page does by itself."""
    press(page, "verify")
    deadline = time.monotonic() + 30
    while page.button(key="verify").disabled and time.monotonic() < deadline:
        time.sleep(0.05)
        page.run()
    for thread in threading.enumerate():
        if thread.name == "end of background work":
            thread.join(30)
    assert not page.exception
    return page


def done_here(at: Screen, kind: Literal["verification", "export"], *, stopped: bool = False, **asked: Any) -> None:
    """The work as its process does it, without the second that a process takes to start."""
    folder = at.desk._work_folder(kind)
    folder.folder.mkdir()
    folder._write(Work("20261121T090000-000000", at.person, at.clock.now(), asked=asked))
    if stopped:
        folder.cancel("20261121T090000-000000")
    carry_out(kind, at.desk, folder.folder)


def verify_tab(at: Screen) -> AppTest:
    return at.open("audit_log", audit_view="Verify")


def test_the_page_explains_what_the_log_proves(live: Screen) -> None:
    words = said(verify_tab(live))
    assert "Nothing was cut off the end, and no old copy was put back." in words
    assert "It cannot prove" in words
    assert "Nobody has verified the log from this page yet." in words


def test_a_sound_log_verifies_with_its_head_in_a_process_of_its_own(live: Screen) -> None:
    live.submit()
    (head,) = live.desk.audit(ADMIN, EventFilter()).rows
    page = verified(verify_tab(live))
    assert "Every event is as it was written. 1 event, verified" in said(page).replace("*", "")
    assert "asked for by Ada Admin" in said(page)
    assert head.hash in [block.value for block in page.code]
    assert "No checkpoint is newer" in said(page)
    (event,) = live.desk.audit(ADMIN, EventFilter(kind=EventKind.AUDIT_VERIFIED)).rows
    assert event.actor == ADMIN.id


def test_the_verdict_is_there_for_whoever_comes_later(live: Screen) -> None:
    live.submit()
    done_here(live, "verification")
    live.become(AUDITOR)
    assert "Every event is as it was written" in verify_tab(live).success[0].value


def test_a_tampered_row_is_named_with_what_is_wrong(live: Screen) -> None:
    for number in range(4):
        live.submit(number)
    tamper(live, "UPDATE audit_events SET actor = 'somebody else' WHERE seq = 2")
    tamper(live, "DELETE FROM audit_events WHERE seq = 3")
    done_here(live, "verification")
    page = verify_tab(live)
    assert "2 events are not as written" in page.error[0].value
    assert not page.success
    bad = page.dataframe[0].value
    assert bad["No."].tolist() == [2, 3]
    assert "it was edited" in bad["Why"].tolist()[0]


def test_every_bad_row_is_listed_a_page_at_a_time(live: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "BAD_ROWS", 2)
    for number in range(5):
        live.submit(number)
    tamper(live, "UPDATE audit_events SET actor = 'somebody else'")
    done_here(live, "verification")
    page = verify_tab(live)
    assert page.dataframe[0].value["No."].tolist() == [1, 2]
    page.pagination[0].set_value(3).run()
    assert page.dataframe[0].value["No."].tolist() == [5]


def test_a_check_that_was_stopped_has_no_verdict(live: Screen) -> None:
    live.submit()
    done_here(live, "verification", stopped=True)
    page = verify_tab(live)
    assert "The check was stopped" in page.info[0].value
    assert "Half a check has no verdict." in page.info[0].value
    assert not page.success
    assert not live.desk.audit(ADMIN, EventFilter(kind=EventKind.AUDIT_VERIFIED)).rows


def test_a_log_that_cannot_be_read_says_what_to_check(live: Screen) -> None:
    live.submit()
    checkpoints = live.desk.store.path.with_name(f"{live.desk.store.path.name}.checkpoints")
    checkpoints.unlink()
    checkpoints.mkdir()  # stands in for a file without rights, which would not stop an administrator's tests
    done_here(live, "verification")
    page = verify_tab(live)
    assert "Check the disk and the rights" in page.error[0].value
    assert "The checkpoint file cannot be read" in page.error[1].value


def test_checkpoints_are_listed_newest_first_and_say_whether_they_hold(live: Screen) -> None:
    for number in range(3):
        live.submit(number)
        live.desk.store.checkpoint()
    path = live.desk.store.checkpoints_path(live.desk.store.path)
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace('"size":1', '"size":2').replace('"size":2', '"size":9')
    path.write_text("\n".join([*lines, "not a checkpoint", ""]))
    table = verify_tab(live).dataframe[0].value
    assert table["Signature"].tolist()[0] == "The line is no checkpoint"
    assert table["Signature"].tolist()[1] == "Holds"
    assert table["Signature"].tolist()[-2] == "Does not hold: the line was changed"
    assert table["Line"].tolist() == list(range(len(lines) + 1, 0, -1))


def test_an_auditor_may_browse_and_verify(live: Screen) -> None:
    live.submit()
    live.become(AUDITOR)
    assert happened(live.open("audit_log")) == ["Request filed"]
    done_here(live, "verification")
    assert verify_tab(live).success


def test_a_requester_may_not(live: Screen) -> None:
    live.submit()
    live.become(REQUESTER)
    page = live.open("audit_log")
    assert not page.button
    assert not numbers(page)


def made(page: AppTest) -> AppTest:
    """Look again until the export has ended, as the page does by itself."""
    deadline = time.monotonic() + 30
    while [b for b in page.button if b.key == "audit_export_stop"] and time.monotonic() < deadline:
        time.sleep(0.05)
        page.run()
    for thread in threading.enumerate():
        if thread.name == "end of background work":
            thread.join(30)
    page.run()
    assert not page.exception
    return page


def test_what_the_filters_match_is_exported_and_offered_as_a_download(live: Screen) -> None:
    live.submit(1)
    live.submit(2)
    page = live.open("audit_log", audit_request="PR-000002")
    assert "One event matches." in said(page)
    page = made(press(page, "audit_export_events"))
    assert "Events as CSV is ready." in said(page).replace("*", "")
    (export,) = live.desk.exports(ADMIN)
    assert (export.what, export.rows, export.made_by) == ("events", 1, ADMIN.id)
    assert export.sha256 in [block.value for block in page.code]
    assert [button.proto.label for button in page.get("download_button")] == ["Download"]
    listed = live.open("audit_log", audit_view="Exports")
    assert "Of: request PR-000002" in said(listed)
    assert export.sha256 in [block.value for block in listed.code]


def proof_of(at: Screen, request: str) -> AppTest:
    page = at.open("track_requests", request=request)
    page.session_state["request_tab"] = "Proof"
    page.run()
    assert not page.exception
    return page


def test_the_evidence_of_one_request_is_offered_on_its_page(live: Screen) -> None:
    request = live.submit()
    assert [button for button in proof_of(live, request).button if button.key == "request_evidence"]
    done_here(live, "export", what="evidence", filter={"request": request})
    (export,) = live.desk.exports(ADMIN)
    assert (export.what, dict(export.filter)) == ("evidence", {"request": request})
    assert f"evidence-{request}.zip" in said(proof_of(live, request))


def test_words_that_were_searched_for_do_not_stay_on_disk_after_an_export(live: Screen) -> None:
    live.submit()
    done_here(live, "export", what="events", filter={"text": "filed"})
    state = (live.desk.settings.database.parent / "desk.db.export" / "state.json").read_text()
    assert '"text"' not in state
    assert "text_sha256" in state


def test_a_large_file_goes_round_the_page_by_a_ticket(live: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_THROUGH_THE_PAGE", 10)
    live.submit()
    export = live.desk.export_events(ADMIN, EventFilter(), "csv")
    page = live.open("audit_log", audit_view="Exports")
    assert not page.get("download_button")
    (link,) = [link.proto.url for link in page.get("link_button")]
    found = live.desk.file_of_ticket(link.removeprefix("/downloads?ticket="))
    assert found
    assert found.id == export.id


def test_a_file_with_identifiers_is_listed_but_not_offered_to_an_auditor(live: Screen) -> None:
    live.desk.keep_export(ADMIN, what="batch", name="result.csv", rows=1, content=b"x", masked=False)
    assert live.open("audit_log", audit_view="Exports").get("download_button")
    live.become(AUDITOR)
    page = live.open("audit_log", audit_view="Exports")
    assert "It shows identifiers; not every role may have it." in said(page)
    assert not page.get("download_button")


def test_with_no_export_yet_the_list_says_how_to_make_one(live: Screen) -> None:
    assert "Nothing was exported yet." in said(live.open("audit_log", audit_view="Exports"))


def test_nothing_is_exported_from_a_role_that_may_not(live: Screen) -> None:
    request = live.submit()
    live.become(REQUESTER)
    assert not [button for button in proof_of(live, request).button if button.key == "request_evidence"]


def test_the_oldest_event_that_is_kept_says_where_those_before_it_went(live: Screen) -> None:
    live.desk.cancel(ADMIN, live.submit(1))
    live.clock.advance(1200 * 86_400)
    live.submit(2)
    live.desk.dispose(ADMIN)
    rows = live.desk.audit(ADMIN, EventFilter()).rows
    assert rows[-1].seq > 1
    words = said(live.open("audit_log", event=str(rows[-1].seq)))
    assert "The events before it were disposed of when their time was over, as event" in words
