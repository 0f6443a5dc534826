"""The audit log: paging, filters, one event in full, and a verification that names what was tampered with."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.events import EventKind
from core.store.audit import EventFilter
from core.ui import audit_log
from core.ui.words import KIND_WORDS
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, said, screen, vendor_at


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "PAGE_SIZE", 3)


def numbers(page: AppTest) -> list[int]:
    """The numbers of the events in the table."""
    for table in page.dataframe:
        if table.key and table.key.startswith("audit_rows"):
            return [int(number) for number in table.value["No."]]
    return []


def happened(page: AppTest) -> list[str]:
    table = next(table for table in page.dataframe if table.key and table.key.startswith("audit_rows"))
    return [str(words) for words in table.value["What happened"]]


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
        ({"audit_outcome": "paused"}, EventFilter(outcome="paused")),
        ({"audit_outcome": "queued"}, EventFilter(outcome="queued")),
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
    assert "There is no event 99 in the log." in live.open("audit_log", event="99").warning[0].value


def test_the_page_explains_what_the_log_proves(live: Screen) -> None:
    words = said(live.open("audit_log"))
    assert "Nothing was cut off the end, and no old copy was put back." in words
    assert "It cannot prove" in words


def test_a_sound_log_verifies_with_its_head(live: Screen) -> None:
    live.submit()
    (head,) = live.desk.audit(ADMIN, EventFilter()).rows
    page = press(live.open("audit_log"), "verify")
    assert "Every event is as it was written. 1 event, verified 21 Nov 2026, 09:00 UTC." in said(page).replace("*", "")
    assert head.hash in [block.value for block in page.code]
    assert "No checkpoint is newer" in said(page)
    assert happened(page)[0] == "Audit log verified"


def test_the_verdict_stays_while_the_page_is_used(live: Screen) -> None:
    live.submit()
    page = press(live.open("audit_log"), "verify")
    page.text_input(key="audit_request").set_value("PR-000001").run()
    assert page.success


def test_a_tampered_row_is_named_with_what_is_wrong(live: Screen) -> None:
    for number in range(4):
        live.submit(number)
    tamper(live, "UPDATE audit_events SET actor = 'somebody else' WHERE seq = 2")
    page = press(live.open("audit_log"), "verify")
    assert "1 event is not as written" in page.error[0].value
    assert not page.success
    bad = page.dataframe[0].value
    assert bad["No."].tolist() == [2]
    assert "it was edited" in bad["Why"].tolist()[0]


def test_a_deleted_row_is_named_although_it_is_gone(live: Screen) -> None:
    for number in range(4):
        live.submit(number)
    tamper(live, "DELETE FROM audit_events WHERE seq = 3")
    bad = press(live.open("audit_log"), "verify").dataframe[0].value
    assert bad["No."].tolist() == [3]
    assert "deleted" in bad["Why"].tolist()[0]


def test_a_log_that_cannot_be_read_says_what_to_check(live: Screen) -> None:
    live.submit()
    page = live.open("audit_log")
    checkpoints = live.desk.store.path.with_name(f"{live.desk.store.path.name}.checkpoints")
    checkpoints.unlink()
    checkpoints.mkdir()  # stands in for a file without rights, which would not stop an administrator's tests
    page.button(key="verify").click().run()
    assert not page.exception
    assert "Check the disk and the rights" in page.error[0].value


def test_an_auditor_may_browse_and_verify(live: Screen) -> None:
    live.submit()
    live.become(AUDITOR)
    page = press(live.open("audit_log"), "verify")
    assert page.success
    assert happened(page) == ["Audit log verified", "Request filed"]


def test_a_requester_may_not(live: Screen) -> None:
    live.submit()
    live.become(REQUESTER)
    page = live.open("audit_log")
    assert not page.button
    assert not numbers(page)
