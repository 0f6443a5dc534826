"""The measures of one filter, each read when it is first asked for, all from one state of the store."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

from sqlite_utils import Database

from core.model.measures import Filter, Grain, Phase
from core.model.privacy_requests import RequestType, TaskState
from core.store.measures import deadlines, drift, submissions
from core.store.measures.meeting import fitting_grain
from core.store.measures.results import Deadlines, DriftPoint, Effort, PhaseTime, Span, Totals


class Reading:
    """The fields of `Measures`, with the same meaning."""

    def __init__(self, db: Database, where: Filter, grain: Grain | None, today: date) -> None:
        self.where = where
        self.grain = grain or fitting_grain(where.days)
        self.today = today
        self._db = db

    @cached_property
    def totals(self) -> Totals:
        return submissions.totals(self._db, self.where)

    @cached_property
    def by_connection(self) -> Mapping[str, Totals]:
        return submissions.totals_by(self._db, self.where, "connection")

    @cached_property
    def by_type(self) -> Mapping[RequestType, Totals]:
        found = submissions.totals_by(self._db, self.where, "type")
        return {RequestType(name): totals for name, totals in found.items()}

    @cached_property
    def by_category(self) -> Mapping[str, Totals]:
        return submissions.totals_by(self._db, self.where, "category")

    @cached_property
    def by_law(self) -> Mapping[str, Totals]:
        return submissions.totals_by(self._db, self.where, "law")

    @cached_property
    def by_state(self) -> Mapping[TaskState, int]:
        return submissions.by_state(self._db, self.where)

    @cached_property
    def over_time(self) -> tuple[Span, ...]:
        return submissions.over_time(self._db, self.where, self.grain)

    @cached_property
    def phases(self) -> Mapping[Phase, PhaseTime]:
        return submissions.phases(self._db, self.where)

    @cached_property
    def effort(self) -> Effort:
        return submissions.effort(self._db, self.where)

    @cached_property
    def errors(self) -> tuple[tuple[str, int], ...]:
        return tuple(submissions.errors(self._db, self.where))

    @cached_property
    def bands(self) -> tuple[int, ...]:
        return tuple(submissions.bands(self._db, self.where))

    @cached_property
    def drift(self) -> tuple[DriftPoint, ...]:
        return drift.drift(self._db, self.where, self.grain)

    @cached_property
    def queue_depth(self) -> Mapping[str, Mapping[TaskState, int]]:
        return submissions.queue_depth(self._db, self.where)

    @cached_property
    def deadlines(self) -> Deadlines:
        return deadlines.deadlines(self._db, self.where, self.today)
