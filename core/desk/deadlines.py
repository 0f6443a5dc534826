"""What people do about a request's dates: extend them, stop the clock, start it again, say when identity was known."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from core.desk.base import DeskBase, DeskError
from core.desk.changes import unchanged
from core.desk.own_words import reason_of
from core.desk.request_dates import (
    date_of,
    law_of,
    open_pause,
    pinned,
    present_due,
    reckoned,
    reckoned_or_nothing,
    still_open,
    why_not_extend,
    why_not_pause,
)
from core.model.deadlines import Deadline
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import CLOSED, PrivacyRequest
from core.model.wording import day
from core.store import extensions, requests
from core.store.database import Transaction
from core.store.extensions import ChangeKind, DeadlineChange


@dataclass(frozen=True)
class ClockView:
    """What was decided about a request's dates, and what may be decided now.

    `why_not_extend` says in a sentence why there is no extension, empty where there can be one. `paused_since` is the
    first day of a pause that goes on; `if_answered_today` is the date that it would give were it to end today.
    """

    changes: tuple[DeadlineChange, ...]
    can_extend: bool
    why_not_extend: str
    can_pause: bool
    can_resume: bool
    can_set_identity: bool
    paused_since: date | None = None
    if_answered_today: date | None = None

    @property
    def is_extended(self) -> bool:
        return any(change.what is ChangeKind.EXTENDED for change in self.changes)


class DeadlineActions(DeskBase):
    """The part of the desk that deals in dates."""

    def request_clock(self, actor: Actor, request_id: str) -> ClockView | None:
        """How a request's clock stands, None if there is no such request."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            request = requests.get(db, request_id)
            changes = extensions.of_request(db, self.store.keys, request_id)
            start = extensions.clock_start(db, requests.number_of(db, request_id)) if request else None
        if request is None:
            return None
        paused = open_pause(changes)
        why_not = why_not_extend(request, changes, self.today())
        may = actor.may(Action.EXTEND) and request.state not in CLOSED
        law = law_of(request)
        if_today = None
        if paused:
            spans = [*extensions.pauses(changes), (paused, max(paused, self.today()))]
            dates = reckoned_or_nothing(request, spans, start, self.settings)
            if_today = next((d.due for d in dates if d.what in {"respond_if_paused", "respond"}), None)
            if_today = next((d.due for d in dates if d.what == "respond_if_paused"), if_today)
        if not actor.may(Action.SEE_IDENTIFIERS):  # people type names into reasons
            changes = [replace(change, reason="") for change in changes]
        return ClockView(
            changes=tuple(changes),
            can_extend=may and not why_not,
            why_not_extend=why_not,
            can_pause=may and paused is None and not why_not_pause(request),
            can_resume=may and paused is not None,
            can_set_identity=may and law is not None and law.clock_stops,
            paused_since=paused,
            if_answered_today=if_today,
        )

    def extend(self, actor: Actor, request_id: str, reason: str, *, version: int | None = None) -> PrivacyRequest:
        """Take the extension that the law allows, once, before the last day to tell the person of it and why.

        Raises DeskError outside that window, and ChangedError for a request that has changed since it was shown.
        """
        actor = self._require(actor, Action.EXTEND)
        reason = reason_of(reason, "Say why")
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            changes = extensions.of_request(transaction.db, transaction.keys, request_id)
            if why_not := why_not_extend(request, changes, self.today()):
                raise DeskError(why_not)
            due = date_of(request.deadlines, "extended")
            self._keep_change(transaction, request, actor, ChangeKind.EXTENDED, reason=reason, due=due)
            detail = {
                "due_before": request.due_on.isoformat(),
                "due": due.isoformat(),
                "pack": pinned(request),
                "reason_sha256": _sha256(reason),
            }
            _record(transaction, EventKind.DEADLINE_EXTENDED, request, actor, detail)
        return self._with_new_dates(actor, request_id)

    def pause_clock(
        self, actor: Actor, request_id: str, reason: str, *, first: date | None = None, version: int | None = None
    ) -> PrivacyRequest:
        """Stop the clock from a day on, by default today: the person was asked something and has not answered.

        UK GDPR: what an access request is about, and the days until the answer do not count. EU GDPR: who they are;
        no date moves, and a second one is shown. Until the clock runs again the date stays the earlier one.
        """
        actor = self._require(actor, Action.EXTEND)
        reason = reason_of(reason, "Say why")
        first = first or self.today()
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            still_open(request)
            if why_not := why_not_pause(request):
                raise DeskError(why_not)
            changes = extensions.of_request(transaction.db, transaction.keys, request_id)
            if open_pause(changes):
                raise DeskError(f"The clock of {request_id} stands still already.")
            self._check_between(request, first, "The clock cannot stop")
            self._keep_change(
                transaction, request, actor, ChangeKind.PAUSED, reason=reason, due=request.due_on, first=first
            )
            detail = {
                "first": first.isoformat(),
                "due": request.due_on.isoformat(),
                "pack": pinned(request),
                "reason_sha256": _sha256(reason),
            }
            _record(transaction, EventKind.CLOCK_PAUSED, request, actor, detail)
        return self._with_new_dates(actor, request_id)

    def resume_clock(
        self, actor: Actor, request_id: str, *, last: date | None = None, version: int | None = None
    ) -> PrivacyRequest:
        """Let the clock run again: the answer came on `last`, by default today, which does not count either."""
        actor = self._require(actor, Action.EXTEND)
        last = last or self.today()
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            still_open(request)
            changes = extensions.of_request(transaction.db, transaction.keys, request_id)
            first = open_pause(changes)
            if first is None:
                raise DeskError(f"The clock of {request_id} is running.")
            if last < first:
                raise DeskError(f"The answer cannot have come before {day(first)}, when the clock stopped.")
            self._check_between(request, last, "The answer cannot have come")
            number = requests.number_of(transaction.db, request_id)
            start = extensions.clock_start(transaction.db, number)
            spans = [*extensions.pauses(changes), (first, last)]
            dates = reckoned(request, spans, start, self.settings)
            due = present_due(dates, changes)
            extensions.end_pause(transaction, number, last, due)
            extensions.move_due(transaction, number, due, dates)
            detail = {
                "first": first.isoformat(),
                "last": last.isoformat(),
                "due_before": request.due_on.isoformat(),
                "due": due.isoformat(),
                "pack": pinned(request),
            }
            _record(transaction, EventKind.CLOCK_RESUMED, request, actor, detail)
        return self._with_new_dates(actor, request_id)

    def identity_established(
        self, actor: Actor, request_id: str, known_on: date, reason: str, *, version: int | None = None
    ) -> PrivacyRequest:
        """Count from the day on which the information came that establishes who the person is (UK GDPR Art. 12A)."""
        actor = self._require(actor, Action.EXTEND)
        reason = reason_of(reason, "Say why")
        with self.store.writing() as transaction:
            request = unchanged(transaction, request_id, version)
            still_open(request)
            law = law_of(request)
            if law is None or not law.clock_stops:
                raise DeskError(f"{request_id} is counted from receipt: its law does not start the period anew.")
            self._check_between(request, known_on, "Identity cannot have been established")
            changes = extensions.of_request(transaction.db, transaction.keys, request_id)
            dates = reckoned(request, extensions.pauses(changes), known_on, self.settings)
            due = present_due(dates, changes)
            what = ChangeKind.IDENTITY_ESTABLISHED
            self._keep_change(transaction, request, actor, what, reason=reason, due=due, first=known_on, dates=dates)
            detail = {
                "day": known_on.isoformat(),
                "due_before": request.due_on.isoformat(),
                "due": due.isoformat(),
                "pack": pinned(request),
                "reason_sha256": _sha256(reason),
            }
            _record(transaction, EventKind.IDENTITY_ESTABLISHED, request, actor, detail)
        return self._with_new_dates(actor, request_id)

    def _check_between(self, request: PrivacyRequest, chosen: date, what: str) -> None:
        """Raise DeskError unless a day lies between receipt and today."""
        if not request.received <= chosen <= self.today():
            received = day(request.received)
            raise DeskError(f"{what} on {day(chosen)}: give a day from {received}, the day of receipt, to today.")

    def _keep_change(
        self,
        transaction: Transaction,
        request: PrivacyRequest,
        actor: Actor,
        what: ChangeKind,
        *,
        reason: str,
        due: date,
        first: date | None = None,
        dates: Sequence[Deadline] | None = None,
    ) -> None:
        number = requests.number_of(transaction.db, request.id)
        extensions.keep(
            transaction,
            number,
            request.id,
            actor,
            what,
            reason=reason,
            due_before=request.due_on,
            due_after=due,
            first_day=first,
        )
        start = first if what is ChangeKind.IDENTITY_ESTABLISHED else None
        extensions.move_due(transaction, number, due, dates, start=start)

    def _with_new_dates(self, actor: Actor, request_id: str) -> PrivacyRequest:
        request = self._shown(actor, request_id)
        assert request is not None  # noqa: S101 - it was changed a moment ago
        return request


def _record(
    transaction: Transaction, kind: EventKind, request: PrivacyRequest, actor: Actor, detail: Mapping[str, object]
) -> None:
    transaction.record(Event(kind, actor.id, request=request.id, outcome=request.state, detail=detail))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
