"""What there is to filter by, from everything that was ever counted."""

from datetime import date

from sqlite_utils import Database

from core.model.privacy_requests import RequestType, TaskState
from core.store.measures import slices
from core.store.measures.results import Choices


def choices(db: Database) -> Choices:
    rows = list(db.query("SELECT DISTINCT connection, type, law, state, category FROM task_slices"))
    states = {TaskState(row["state"]) for row in rows}
    return Choices(
        connections=tuple(sorted({row["connection"] for row in rows})),
        types=tuple(sorted({RequestType(row["type"]) for row in rows})),
        categories=tuple(sorted({row["category"] for row in rows} - {""})),
        laws=tuple(sorted({row["law"] for row in rows})),
        states=tuple(state for state in TaskState if state in states),
        first_day=_first_day(db),
    )


def _first_day(db: Database) -> date | None:
    """The first day on which a request came in."""
    (row,) = db.query(
        "SELECT min(c.day) AS day FROM request_slices s CROSS JOIN request_counts c ON c.slice = s.id "
        "AND c.what = 'received' AND c.n > 0 WHERE s.category = '' AND s.connection = ''"
    )
    return None if row["day"] is None else slices.day_of(row["day"])
