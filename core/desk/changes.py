"""Noticing that a request was changed after the page that asks was drawn, and by whom."""

from core.clock import from_text
from core.desk.base import ChangedError, DeskError
from core.model.people import DESK
from core.model.privacy_requests import PrivacyRequest
from core.model.wording import minute
from core.store import people, requests
from core.store.audit import EventFilter, events
from core.store.database import Transaction


def unchanged(transaction: Transaction, request_id: str, version: int | None) -> PrivacyRequest:
    """The request as it stands. Raises DeskError if there is none, ChangedError unless it has the version seen."""
    request = requests.get(transaction.db, request_id)
    if request is None:
        raise DeskError(f"There is no request {request_id}.")
    if version is not None and request.version != version:
        raise ChangedError(
            f"{request_id} has changed since this page was drawn{last_change(transaction, request_id)}. "
            "Look at it again first."
        )
    return request


def last_change(transaction: Transaction, request_id: str) -> str:
    """`: changed by Ada Admin at 21 Nov 2026, 09:30 UTC`, from the newest event about the request."""
    for event in events(transaction.db, EventFilter(request=request_id), before_seq=None, limit=1):
        known = people.get(transaction.db, event.actor)
        name = DESK.name if event.actor == DESK.id else known.name if known else event.actor.partition("|")[2]
        return f": changed by {name} at {minute(from_text(event.at))}"
    return ""
