"""Notices on the pages: the bell everywhere, the list, and acknowledging."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model.notices import NoticeKind
from core.store.notices import raise_notice
from tests.desks import ADMIN, AUDITOR
from tests.pages.screens import Screen, links_of, said, screen, vendor_at


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def told(at: Screen, kind: NoticeKind = NoticeKind.TASKS_FAILED, about: str = "cxone", **more: object) -> None:
    with at.desk.store.writing() as transaction:
        raise_notice(transaction, kind, about, **more)  # type: ignore[arg-type] # as the test wishes


def bell(at: Screen, page: str = "overview") -> str:
    (found,) = [link.proto.label for link in at.open(page).page_link if link.proto.page == "notices"]
    return str(found)


def test_the_bell_counts_on_every_page(at: Screen) -> None:
    assert bell(at) == "No notices"
    told(at)
    assert bell(at, "track_requests") == "1 notice"
    told(at, about="other")
    assert bell(at, "connections") == "2 notices"


def test_each_notice_says_what_happened_what_to_do_next_and_where(at: Screen) -> None:
    request = at.submit()
    told(at, latest=request)
    page = at.open("notices")
    assert "A request failed at cxone" in said(page)
    assert "Read why, put right what the vendor names" in said(page)
    assert links_of(page)[request] == {"request": [request]}


def test_a_flood_leads_to_the_list_of_its_requests(at: Screen) -> None:
    told(at, count=3)
    link = links_of(at.open("notices"))["Show those that failed"]
    assert link["system"] == ["cxone"]
    assert "Failed" in link["state"]


def test_acknowledging_takes_it_off_the_list_and_keeps_who_and_when(at: Screen) -> None:
    told(at)
    page = at.open("notices")
    page.button(key="acknowledge_1").click().run()
    assert "Nothing needs anybody's attention" in said(page)
    page.radio(key="which").set_value("Acknowledged").run()
    assert "Acknowledged by Ada Admin, 21 Nov 2026, 09:00 UTC" in said(page)
    assert not [button for button in page.button if button.label == "Acknowledge"]


def test_what_a_colleague_acknowledged_meanwhile_is_explained(at: Screen) -> None:
    told(at)
    told(at, about="other")
    page = at.open("notices")
    at.desk.acknowledge(ADMIN, 1)
    page.button(key="acknowledge_1").click().run()
    assert "Ada Admin has acknowledged this notice already." in said(page)


def test_an_auditor_reads_and_does_not_acknowledge(at: Screen) -> None:
    told(at)
    at.become(AUDITOR)
    page = at.open("notices")
    assert "A request failed at cxone" in said(page)
    assert not page.button


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_is_drawn(at: Screen, kind: NoticeKind) -> None:
    told(at, kind, "cxone", threshold="5", count=2)
    assert at.open("notices").button(key="acknowledge_1")


def test_a_connection_s_name_is_never_markdown(at: Screen) -> None:
    told(at, about="![x](http://example.com/x.png)")
    page = at.open("notices")
    assert not any("![x](" in element.value for element in page.markdown)
