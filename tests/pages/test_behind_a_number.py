"""The list of requests behind a number: just those, said in words, with a way out; an odd address does no harm."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.privacy_requests import TaskState
from tests.desks import ADMIN
from tests.pages.screens import Screen, said, screen, vendor_at

SAID = "Requests behind a number of the metrics"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def ids(page: AppTest) -> list[str]:
    return sorted(link.proto.label for link in page.page_link if link.proto.label.startswith("PR-"))


def warned(page: AppTest) -> str:
    return " ".join(str(warning.value) for warning in page.warning)


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_only_the_requests_that_the_number_counts_are_listed(at: Screen) -> None:
    ended, still_open = at.submit(), at.submit(1)
    with at.desk.store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET state = 'needs_person', next_due_at = NULL WHERE request = 1")
    at.desk.attest(ADMIN, f"{ended}-1", state=TaskState.COMPLETED, evidence="Seen in the vendor's console")
    page = at.open("track_requests", counted="ended", first="2026-11-21", last="2026-11-21", outcome="completed")
    assert ids(page) == [ended]
    assert f"{SAID}: **a submission ended on Sat 21 Nov 2026; completed**" in said(page)
    assert "The number counts submissions." in said(page)
    page = at.open("track_requests", counted="open", first="2026-11-21")
    assert ids(page) == [still_open]
    assert "The number counts submissions." not in said(page)


def test_the_way_out_shows_every_request(at: Screen) -> None:
    ids_of_all = sorted([at.submit(), at.submit(1)])
    page = at.open("track_requests", counted="received", first="2026-11-20", last="2026-11-20")
    assert ids(page) == []
    page = press(page, "Show all requests")
    assert ids(page) == ids_of_all
    assert SAID not in said(page)
    assert "counted" not in page.query_params


def test_clearing_the_filters_clears_this_one_too(at: Screen) -> None:
    request = at.submit()
    page = at.open("track_requests", counted="received", first="2026-11-20", last="2026-11-20", state="Failed")
    assert ids(press(page, "Clear search and filters")) == [request]


@pytest.mark.parametrize(
    "query",
    [
        {"counted": "everything"},
        {"counted": "ended", "first": "2026-13-45"},
        {"counted": "ended", "outcome": "done"},
        {"counted": "ended", "connection": "<script>"},
        {"counted": "closed", "first": "2026-11-08", "last": "2026-11-02"},
    ],
)
def test_an_address_that_cannot_be_understood_is_said_and_shows_all(at: Screen, query: dict[str, str]) -> None:
    request = at.submit()
    page = at.open("track_requests", **query)
    assert "All requests are shown" in warned(page)
    assert ids(page) == [request]
    assert "All requests are shown" not in warned(press(page, "Show all requests"))


def test_it_narrows_what_the_other_filters_leave(at: Screen) -> None:
    at.submit()
    page = at.open("track_requests", counted="open", type="Access")
    assert "No request matches" in page.info[0].value
