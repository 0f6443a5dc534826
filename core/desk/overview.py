"""What needs a person today: the numbers of the overview, and the requests that come first."""

from dataclasses import dataclass
from datetime import date, timedelta

from core.desk.base import DeskBase
from core.desk.records import AT_RISK_DAYS
from core.model.people import Action, Actor
from core.model.privacy_requests import RequestState
from core.store import requests, today
from core.store.requests import RequestFilter, RequestSummary

SHOWN = 10


@dataclass(frozen=True)
class Overview:
    """What needs a person today, and what is under way.

    Every count but those of batches and dead letters is of requests, and comes with the filter that finds them.
    """

    needs_person: tuple[RequestSummary, ...]
    needs_person_total: int
    overdue: int
    at_risk: int
    awaiting_approval: int
    on_hold: int
    in_grace: int
    in_flight: int
    queued: int
    closed_last_7_days: int
    nearest_deadlines: tuple[RequestSummary, ...]
    batches_under_way: int
    dead_letters: int
    empty: bool


class OverviewActions(DeskBase):
    """The part of the desk that the overview is drawn from."""

    def overview(self, actor: Actor, day: date | None = None) -> Overview:
        """As of a day of the controller's calendar, by default today; seven statements, however much is on record."""
        self._require(actor, Action.VIEW_REQUESTS)
        day = day or self.today()
        with self.store.reading() as db:
            counted = today.numbers(db, day, day + timedelta(days=AT_RISK_DAYS + 1), self.clock.now())
            waiting, waiting_total = requests.find(
                db, RequestFilter(states=(RequestState.NEEDS_PERSON,), order="due"), limit=SHOWN
            )
            nearest, _ = requests.find(db, RequestFilter(due_before=date.max, order="due"), limit=SHOWN)
        return Overview(
            needs_person=tuple(waiting),
            needs_person_total=waiting_total,
            overdue=counted.overdue,
            at_risk=counted.at_risk,
            awaiting_approval=counted.open.get(RequestState.AWAITING_APPROVAL, 0),
            on_hold=counted.open.get(RequestState.ON_HOLD, 0),
            in_grace=counted.in_grace,
            in_flight=counted.open.get(RequestState.IN_PROGRESS, 0),
            queued=counted.open.get(RequestState.QUEUED, 0),
            closed_last_7_days=counted.closed_last_7_days,
            nearest_deadlines=tuple(nearest),
            batches_under_way=counted.batches_under_way,
            dead_letters=counted.dead_letters,
            empty=not counted.any_request,
        )
