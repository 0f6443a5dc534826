"""Handing out files too large for a page: a ticket for each, which a route of the same process takes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from core.desk.exports import ExportActions
from core.model.people import Actor
from core.store.exports import Export

VALID: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class _Ticket:
    export: str
    actor: Actor
    until: datetime


class Tickets:
    """Who may fetch which file, for some minutes; in memory alone, for the pages and the route are one process."""

    def __init__(self) -> None:
        self._tickets: dict[str, _Ticket] = {}
        self._lock = Lock()

    def issue(self, export_id: str, actor: Actor, now: datetime) -> str:
        """A ticket that nobody can guess."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._tickets = {key: ticket for key, ticket in self._tickets.items() if ticket.until > now}
            self._tickets[token] = _Ticket(export_id, actor, now + VALID)
        return token

    def take(self, token: str, now: datetime) -> tuple[str, Actor] | None:
        """The export and the person of a ticket; None once its minutes are over."""
        ticket = self._tickets.get(token)
        return (ticket.export, ticket.actor) if ticket and ticket.until > now else None


_TICKETS: Final = Tickets()


class DownloadActions(ExportActions):
    """The part of the desk that hands out large files."""

    def issue_ticket(self, actor: Actor, export_id: str) -> str:
        """A ticket for one export, good for ten minutes. Raises as `export_file` does."""
        return _TICKETS.issue(self.export_file(actor, export_id).id, actor, self.clock.now())

    def file_of_ticket(self, token: str) -> Export | None:
        """The export of a ticket, None without a good one. What its person may do is asked again, as they are now.

        Raises DeskError and NotAllowedError as `export_file` does.
        """
        found = _TICKETS.take(token, self.clock.now())
        return self.export_file(found[1], found[0]) if found else None
