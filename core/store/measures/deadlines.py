"""Requests against their legal dates, what the present pace comes to, and the table of 11 CCR 7102."""

from collections import Counter
from datetime import date, timedelta
from typing import Final

from sqlite_utils import Database

from core.model.denials import DenialClass
from core.model.measures import AT_RISK_DAYS, PACE_DAYS, Days, Filter
from core.model.privacy_requests import RequestState, RequestType
from core.store.measures import slices
from core.store.measures.results import Deadlines, DueDay, Forecast, Section7102, Section7102Row

_COUNTED: Final = "FROM request_slices s CROSS JOIN request_counts c ON c.slice = s.id AND"

# The regulation's types of request, and which of them the desk takes.
_TYPES: Final = {
    "delete": RequestType.ERASURE,
    "correct": None,
    "know": RequestType.ACCESS,
    "opt_out": None,
    "limit": None,
}


def deadlines(db: Database, where: Filter, today: date) -> Deadlines:
    """Met and missed are of the requests that were closed in the period; the others are open today."""
    closed = closed_in_time(db, where)
    due = _open_by_due_day(db, where)
    soon = today + timedelta(days=AT_RISK_DAYS)
    pace_where = Filter(
        Days.up_to(today - timedelta(days=1), PACE_DAYS),
        where.connection, where.type, where.category, where.law, where.state,
    )  # fmt: skip
    return Deadlines(
        met=closed["met"],
        missed=closed["missed"],
        overdue=sum(n for day, n in due.items() if day < today),
        at_risk=sum(n for day, n in due.items() if today <= day <= soon),
        ahead=sum(n for day, n in due.items() if day > soon),
        forecast=forecast(due, closed_in_time(db, pace_where).total(), today),
    )


def closed_in_time(db: Database, where: Filter) -> Counter[str]:
    """How many requests were closed in the period in time, `met`, and how many late, `missed`; none cancelled."""
    if slices.names_no_request(where):
        return Counter()
    return Counter(
        {
            row["what"]: row["n"]
            for row in db.query(
                f"SELECT c.what, sum(c.n) AS n {_COUNTED} c.what IN ('met', 'missed') "
                f"AND c.day BETWEEN :first AND :last WHERE {slices.REQUESTS} GROUP BY 1",
                slices.parameters(where),
            )
        }
    )


def received(db: Database, where: Filter) -> int:
    """How many requests came in in the period."""
    if slices.names_no_request(where):
        return 0
    (row,) = db.query(
        f"SELECT coalesce(sum(c.n), 0) AS n {_COUNTED} c.what = 'received' AND c.day BETWEEN :first AND :last "
        f"WHERE {slices.REQUESTS_OF_EACH_STATE}",
        slices.parameters(where),
    )
    return int(row["n"])


def on_record(db: Database) -> dict[RequestState, int]:
    """Every request, by state."""
    return {
        RequestState(row["state"]): row["n"]
        for row in db.query(
            f"SELECT s.state, sum(c.n) AS n {_COUNTED} c.what = 'received' "
            "WHERE s.category = '' AND s.connection = '' GROUP BY 1 HAVING sum(c.n) > 0"
        )
    }


def forecast(due: dict[date, int], closed_lately: int, today: date) -> Forecast:
    """Which open requests miss their date if as many close each day as did lately, nearest date first.

    `due` is how many are open by due date, `closed_lately` how many closed in the last PACE_DAYS whole days. On a
    date d, today included, so many are closed as fit into the days until then; overdue ones go first.
    """
    by_date, line = [], 0
    for day, n in sorted(due.items()):
        # In whole numbers: closures until the end of that day.
        done = max(0, (day - today).days + 1) * closed_lately // PACE_DAYS
        late = max(0, line + n - max(line, done))
        line += n
        if day >= today:
            by_date.append(DueDay(day, n, late))
    return Forecast(sum(one.will_miss for one in by_date), closed_lately / PACE_DAYS, line, tuple(by_date))


def section_7102(db: Database, year: int, law: str | None) -> Section7102:
    """The table for the requests that were received in a calendar year; `law` None is all individuals."""
    counted: dict[str, list[tuple[RequestState, str, int, int]]] = {}
    for row in db.query(
        "SELECT type, state, denial, days, sum(n) AS n FROM answer_counts WHERE year = :year "
        "AND (:law IS NULL OR law = :law) GROUP BY 1, 2, 3, 4 HAVING sum(n) > 0",
        {"year": year, "law": law},
    ):
        counted.setdefault(row["type"], []).append((RequestState(row["state"]), row["denial"], row["days"], row["n"]))
    rows = {name: _row(counted.get(kind, []) if kind else []) for name, kind in _TYPES.items()}
    return Section7102(year, law, rows, tuple(name for name, kind in _TYPES.items() if kind is None))


_ANSWERED: Final = frozenset(
    {RequestState.COMPLETED, RequestState.NOTHING_FOUND, RequestState.PARTLY_COMPLETED, RequestState.REFUSED}
)


def _row(counted: list[tuple[RequestState, str, int, int]]) -> Section7102Row:
    states: Counter[RequestState] = Counter()
    denials: Counter[DenialClass] = Counter(dict.fromkeys(DenialClass, 0))
    days: Counter[int] = Counter()
    for state, denial, took, n in counted:
        states[state] += n
        if state is RequestState.REFUSED:
            denials[DenialClass(denial) if denial else DenialClass.OTHER] += n
        if state in _ANSWERED:
            days[took] += n
    whole = states[RequestState.COMPLETED] + states[RequestState.NOTHING_FOUND]
    ended = _ANSWERED | {RequestState.FAILED, RequestState.CANCELLED}
    return Section7102Row(
        received=states.total(),
        complied_in_whole=whole,
        complied_in_part=states[RequestState.PARTLY_COMPLETED],
        denied=states[RequestState.REFUSED],
        failed=states[RequestState.FAILED],
        withdrawn=states[RequestState.CANCELLED],
        pending=sum(n for state, n in states.items() if state not in ended),
        median_days=_median(days),
        mean_days=sum(took * n for took, n in days.items()) / days.total() if days else None,
        denials=dict(denials),
    )


def _median(days: Counter[int]) -> float | None:
    """The middle of all values; of an even number of them, the mean of the two in the middle."""
    if not days:
        return None
    half, seen, lower = days.total() / 2, 0, None
    for value in sorted(days):
        seen += days[value]
        if lower is not None:
            return (lower + value) / 2
        if seen > half:
            return float(value)
        if seen == half:
            lower = value
    return None


def _open_by_due_day(db: Database, where: Filter) -> dict[date, int]:
    if slices.names_no_request(where):
        return {}
    return {
        slices.day_of(row["day"]): row["n"]
        for row in db.query(
            f"SELECT c.day, sum(c.n) AS n {_COUNTED} c.what = 'open' WHERE {slices.REQUESTS_OF_EACH_STATE} "
            "GROUP BY 1 HAVING sum(c.n) > 0",
            slices.parameters(where),
        )
    }
