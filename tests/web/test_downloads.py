"""Fetching an export by ticket: its bytes for whoever was given one, and nothing for anybody else."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette

from core.desk import Desk
from core.desk.downloads import VALID, Tickets
from core.model.people import NotAllowedError
from core.settings import Settings
from core.store.audit import EventFilter
from core.web.downloads import Downloads
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, REQUESTER, settings_for
from tests.serving import serving
from tests.web.sender import Answer, request, send


class Site:
    def __init__(self, url: str, desk: Desk, clock: ManualClock) -> None:
        self.url, self.desk, self.clock = url, desk, clock

    def get(self, ticket: str) -> Answer:
        return send(self.url, request("GET", f"/downloads?ticket={ticket}", {}, length=None))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    settings: Settings = settings_for(tmp_path, "http://127.0.0.1:1")
    clock = ManualClock()
    desk = Desk.open(settings, clock)
    with serving(Starlette(routes=[Downloads(desk).route()])) as url:
        yield Site(url, desk, clock)


def test_whoever_has_a_ticket_gets_the_very_file(site: Site) -> None:
    export = site.desk.export_events(AUDITOR, EventFilter(), "csv")
    answer = site.get(site.desk.issue_ticket(AUDITOR, export.id))
    assert answer.status == 200
    assert hashlib.sha256(answer.body).hexdigest() == export.sha256
    assert export.name in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("ticket", ["", "guess", "%00", "x" * 5000])
def test_without_a_good_ticket_nothing_is_handed_out(site: Site, ticket: str) -> None:
    site.desk.export_events(AUDITOR, EventFilter(), "csv")
    answer = site.get(ticket)
    assert answer.status == 403
    assert b"reload" in answer.body


def test_a_ticket_is_over_after_its_minutes(site: Site) -> None:
    export = site.desk.export_events(AUDITOR, EventFilter(), "csv")
    ticket = site.desk.issue_ticket(AUDITOR, export.id)
    site.clock.advance(VALID.total_seconds())
    assert site.get(ticket).status == 403


def test_a_file_that_is_gone_is_not_found(site: Site) -> None:
    export = site.desk.export_events(AUDITOR, EventFilter(), "csv")
    ticket = site.desk.issue_ticket(AUDITOR, export.id)
    assert export.path
    export.path.unlink()
    assert site.get(ticket).status in {403, 404}


def test_only_who_may_export_is_given_a_ticket(site: Site) -> None:
    export = site.desk.export_events(AUDITOR, EventFilter(), "csv")
    with pytest.raises(NotAllowedError):
        site.desk.issue_ticket(REQUESTER, export.id)


def test_tickets_that_are_over_are_forgotten() -> None:
    clock, tickets = ManualClock(), Tickets()
    first = tickets.issue("EX-1", ADMIN, clock.now())
    clock.advance(VALID.total_seconds())
    second = tickets.issue("EX-1", replace(ADMIN, name="Ada"), clock.now())
    assert tickets.take(first, clock.now()) is None
    assert tickets.take(second, clock.now()) == ("EX-1", replace(ADMIN, name="Ada"))
    assert len(tickets._tickets) == 1
