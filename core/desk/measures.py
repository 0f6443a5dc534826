"""The numbers of the meeting, for whoever may see them."""

from core.desk.base import DeskBase
from core.model.measures import Days, Filter, Grain
from core.model.people import Action, Actor
from core.store.measures import (
    Choices,
    Headline,
    Measures,
    Section7102,
    choices,
    deadlines,
    submissions,
)
from core.store.measures.meeting import measured

DEFAULT_DAYS = 30


class MeasureActions(DeskBase):
    """The part of the desk that measures."""

    def lately(self) -> Filter:
        """Everything in the last 30 days, today included."""
        return Filter(Days.up_to(self.today(), DEFAULT_DAYS))

    def measures(self, actor: Actor, where: Filter | None = None, *, grain: Grain | None = None) -> Measures:
        """Everything for one filter, by default `lately`; over time by `grain`, by default one that fits a chart."""
        self._require(actor, Action.VIEW_METRICS)
        with self.store.reading() as db:
            return measured(db, where or self.lately(), self.today(), grain)

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
