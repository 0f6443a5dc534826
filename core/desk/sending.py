"""The grace of erasures: what can still be stopped, and sending it now instead."""

from dataclasses import dataclass
from datetime import datetime

from core.clock import to_text
from core.desk.base import DeskBase, DeskError
from core.desk.changes import unchanged
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import PrivacyRequest
from core.store import grace, requests


@dataclass(frozen=True)
class InGrace:
    """A request that is not sent before `until`, and can be cancelled meanwhile."""

    request: PrivacyRequest
    until: datetime


class SendingActions(DeskBase):
    """The part of the desk where an erasure that waits is let go."""

    def in_grace(self, actor: Actor, *, limit: int = 100) -> list[InGrace]:
        """The erasures in their grace; who is to be sent next comes first."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            waiting = grace.waiting(db, self.clock.now(), limit=limit)
        shown = ((self._shown(actor, one.request_id), one.until) for one in waiting)
        return [InGrace(request, until) for request, until in shown if request]

    def send_now(self, actor: Actor, request_id: str, *, version: int | None = None) -> PrivacyRequest:
        """End the grace of a request. Raises DeskError if it is in none, ChangedError if it has changed."""
        actor = self._require(actor, Action.SEND_NOW)
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            sent, until = grace.end(transaction, requests.number_of(transaction.db, request_id))
            if until is None:
                raise DeskError(f"{request_id} is in no grace period: it is {request.state.replace('_', ' ')}.")
            detail = {"tasks": sent, "grace_until": to_text(until)}
            transaction.record(
                Event(EventKind.REQUEST_SENT_NOW, actor.id, request=request_id, outcome=request.state, detail=detail)
            )
        shown = self._shown(actor, request_id)
        assert shown is not None  # noqa: S101 - it was changed a moment ago
        return shown
