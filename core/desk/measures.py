"""The numbers of the meeting, for whoever may see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.desk.base import DeskBase
from core.model.measures import Days, Filter, Grain
from core.model.people import Action, Actor
from core.model.privacy_requests import RequestType
from core.store import measures
from core.store.measures import (
    Choices,
    Day,
    Headline,
    Measures,
    Period,
    Section7102,
    Totals,
    choices,
    deadlines,
    drift,
    submissions,
)

LATENCY_EDGES_MS = (60_000, 3_600_000, 6 * 3_600_000, 86_400_000, 3 * 86_400_000, 7 * 86_400_000)
LATENCY_LABELS = ("1 minute", "1 hour", "6 hours", "1 day", "3 days", "7 days", "longer")
DEFAULT_DAYS = 30


@dataclass(frozen=True)
class Metrics:
    """Totals of a period, of each connection in it, by day, and how latency and errors spread."""

    period: Period
    totals: Totals
    by_connection: dict[str, Totals]
    days: tuple[Day, ...]
    latency_bands: tuple[int, ...]
    errors: tuple[tuple[str, int], ...]


class MeasureActions(DeskBase):
    """The part of the desk that measures."""

    def lately(self) -> Filter:
        """Everything in the last 30 days, today included."""
        return Filter(Days.up_to(self.today(), DEFAULT_DAYS))

    def measures(self, actor: Actor, where: Filter | None = None, *, grain: Grain | None = None) -> Measures:
        """Everything for one filter, by default `lately`; over time by `grain`, by default one that fits a chart."""
        self._require(actor, Action.VIEW_METRICS)
        where, today = where or self.lately(), self.today()
        grain = grain or fitting_grain(where.days)
        with self.store.reading() as db:
            return Measures(
                where=where,
                today=today,
                grain=grain,
                totals=submissions.totals(db, where),
                by_connection=submissions.totals_by(db, where, "connection"),
                by_type={RequestType(k): v for k, v in submissions.totals_by(db, where, "type").items()},
                by_category=submissions.totals_by(db, where, "category"),
                by_law=submissions.totals_by(db, where, "law"),
                by_state=submissions.by_state(db, where),
                over_time=submissions.over_time(db, where, grain),
                phases=submissions.phases(db, where),
                effort=submissions.effort(db, where),
                errors=tuple(submissions.errors(db, where)),
                bands=tuple(submissions.bands(db, where)),
                drift=drift.drift(db, where, grain),
                queue_depth=submissions.queue_depth(db, where),
                deadlines=deadlines.deadlines(db, where, today),
            )

    def headline(self, actor: Actor, where: Filter) -> Headline:
        """The few numbers that are compared with the same period before: ask for `where.before()`."""
        self._require(actor, Action.VIEW_METRICS)
        with self.store.reading() as db:
            closed = deadlines.closed_in_time(db, where)
            return Headline(
                totals=submissions.totals(db, where),
                effort=submissions.effort(db, where),
                received=deadlines.received(db, where),
                met=closed["met"],
                missed=closed["missed"],
            )

    def choices(self, actor: Actor) -> Choices:
        """What there is to filter by."""
        self._require(actor, Action.VIEW_METRICS)
        with self.store.reading() as db:
            return choices.choices(db)

    def section_7102(self, actor: Actor, year: int, law: str | None = "ccpa") -> Section7102:
        """The table of 11 CCR 7102 for a calendar year; without a law, for all individuals."""
        self._require(actor, Action.VIEW_METRICS)
        with self.store.reading() as db:
            return deadlines.section_7102(db, year, law)

    def metrics(
        self,
        actor: Actor,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        connection: str | None = None,
    ) -> Metrics:
        """The measures of a period, by default the last 30 days up to now."""
        self._require(actor, Action.VIEW_METRICS)
        until = until or self.clock.now()
        period = Period(since or until - timedelta(days=30), until, connection)
        with self.store.reading() as db:
            names = measures.connections_with_ends(db, period)
            return Metrics(
                period=period,
                totals=measures.totals_of_period(db, period),
                by_connection={n: measures.totals_of_period(db, Period(period.since, period.until, n)) for n in names},
                days=tuple(measures.by_day(db, period)),
                latency_bands=tuple(measures.latencies_by_band(db, period, list(LATENCY_EDGES_MS))),
                errors=tuple(measures.errors_of_period(db, period)),
            )


def fitting_grain(days: Days) -> Grain:
    """Days up to a quarter of a year, weeks up to two years, else months: what a chart can carry."""
    if days.count <= 92:
        return Grain.DAY
    return Grain.WEEK if days.count <= 731 else Grain.MONTH
