"""All measures of one filter together: what page, report, command line and monitor tell the same of."""

from datetime import date

from sqlite_utils import Database

from core.model.measures import Days, Filter, Grain
from core.model.privacy_requests import RequestType
from core.store.measures import deadlines, drift, submissions
from core.store.measures.results import Measures


def measured(db: Database, where: Filter, today: date, grain: Grain | None = None) -> Measures:
    """Every measure for one filter; over time by `grain`, by default one that fits a chart."""
    grain = grain or fitting_grain(where.days)
    return Measures(
        where=where,
        today=today,
        grain=grain,
        totals=submissions.totals(db, where),
        by_connection=submissions.totals_by(db, where, "connection"),
        by_type={RequestType(name): found for name, found in submissions.totals_by(db, where, "type").items()},
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


def fitting_grain(days: Days) -> Grain:
    """Days up to a quarter of a year, weeks up to two years, else months: what a chart can carry."""
    if days.count <= 92:
        return Grain.DAY
    return Grain.WEEK if days.count <= 731 else Grain.MONTH
