"""What the metrics are asked for: period, cut and filters, all in the address so that a view can be sent on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

from core.desk.reports.parts import CALIFORNIA, Asked, section_7102_year
from core.model.measures import Days, Filter, Grain
from core.model.wording import STATE_WORDS, TYPE_WORDS
from core.store.measures import Choices
from core.ui.session import desk

CUSTOM = "Custom"
AUTOMATIC = "Automatic"
# As many bars as can still be told apart on a projector, and drawn without waiting.
MOST_SPANS = 400
_EARLIEST = date(2000, 1, 1)


def _quarter(today: date) -> Days:
    return Days(date(today.year, today.month - (today.month - 1) % 3, 1), today)


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - timedelta(days=1)
    return Days(last.replace(day=1), last)


# Each period ends today or earlier; it is counted in whole days, today included.
PERIODS: Mapping[str, Callable[[date], Days]] = {
    "7 days": lambda today: Days.up_to(today, 7),
    "30 days": lambda today: Days.up_to(today, 30),
    "90 days": lambda today: Days.up_to(today, 90),
    "365 days": lambda today: Days.up_to(today, 365),
    "This month": lambda today: Days(today.replace(day=1), today),
    "Last month": _last_month,
    "This quarter": _quarter,
    "This year": lambda today: Days(today.replace(month=1, day=1), today),
    "Last year": lambda today: Days.of_year(today.year - 1),
}
_DEFAULT = "30 days"
_ANY = "Any"  # and not None: on the way back through the history the browser would show that as nothing chosen
_LAWS = {"California law": CALIFORNIA, "All individuals": None}


def choose(there: Choices) -> Asked:
    """The controls, with a note where the address asked for what there is not."""
    today = desk().today()
    notes = st.container()
    misunderstood: list[str] = []
    with st.grid(7, min_column_width=140):
        period = _one("Period", "period", [*PERIODS, CUSTOM], _DEFAULT, misunderstood)
        cut = _one("Over time by", "cut", [AUTOMATIC, *(one.capitalize() for one in Grain)], AUTOMATIC, misunderstood)
        filters = _filters(there, misunderstood)
    days = _custom(today, misunderstood) if period == CUSTOM else PERIODS[period](today)
    grain = _grain(days, cut, misunderstood)
    if misunderstood:
        notes.warning(
            f"The address asked for something that is not there: {', '.join(dict.fromkeys(misunderstood)).lower()}. "
            "What is chosen below is shown instead.",
            icon=":material/link_off:",
        )
    return Asked(Filter(days, **filters), grain, section_7102_year(today, there.first_day))


def _filters(there: Choices, misunderstood: list[str]) -> dict[str, Any]:
    return {
        "connection": _any("Connection", "connection", there.connections, misunderstood),
        "type": _any("Type", "request_type", there.types, misunderstood, TYPE_WORDS),
        "category": _any("Category", "category", there.categories, misunderstood),
        "law": _any("Law", "law", there.laws, misunderstood),
        "state": _any("State", "in_state", there.states, misunderstood, STATE_WORDS),
    }


def _one(label: str, key: str, options: Sequence[str], default: str, misunderstood: list[str]) -> str:
    _check(label, key, options, misunderstood)
    chosen: str = st.selectbox(label, options, index=options.index(default), key=key, bind="query-params")
    return chosen


def _any(
    label: str, key: str, options: Sequence[Any], misunderstood: list[str], words: Mapping[Any, str] | None = None
) -> Any:
    """One of what is on record, or any."""

    def named(option: Any) -> str:
        return (words or {}).get(option, str(option))

    options = [_ANY, *options]
    _check(label, key, [named(option) for option in options], misunderstood)
    chosen = st.selectbox(label, options, format_func=named, key=key, bind="query-params")
    return None if chosen == _ANY else chosen


def _check(label: str, key: str, options: Sequence[str], misunderstood: list[str]) -> None:
    """Note what the address asks for in vain: Streamlit takes the default then, and that out of the address."""
    given = st.query_params.get_all(key)
    if any(one not in options for one in given):
        misunderstood.append(label)


def _custom(today: date, misunderstood: list[str]) -> Days:
    first_of_all, found = today - timedelta(days=29), []
    with st.container(horizontal=True):
        for label, key, default in (("First day", "first_day", first_of_all), ("Last day", "last_day", today)):
            given = st.query_params.get_all(key)
            if given and not _is_day(given, today):
                misunderstood.append(label)
            found.append(
                st.date_input(
                    label,
                    default,
                    min_value=_EARLIEST,
                    max_value=today,
                    key=key,
                    bind="query-params",
                    format="YYYY-MM-DD",
                    width=160,
                )
            )
    first, last = found
    if last < first:
        st.error("The last day lies before the first. Choose a later last day.", icon=":material/error:")
        st.stop()
    return Days(first, last)


def _is_day(given: Sequence[str], today: date) -> bool:
    try:
        return len(given) == 1 and _EARLIEST <= date.fromisoformat(given[0]) <= today
    except ValueError:
        return False


def _grain(days: Days, cut: str, misunderstood: list[str]) -> Grain | None:
    """As chosen, unless that makes more bars than anybody can read; None is what fits."""
    if cut == AUTOMATIC:
        return None
    grain = Grain(cut.lower())
    if len(days.spans(grain)) > MOST_SPANS:
        misunderstood.append(f"so long a period by {grain}")
        return None
    return grain


def year(asked: Asked, there: Choices) -> Asked:
    """The controls of the section 7102 table."""
    today = desk().today()
    with st.container(horizontal=True):
        chosen = st.selectbox(
            "Calendar year",
            years(today, there),
            index=years(today, there).index(asked.year),
            key="year",
            bind="query-params",
            width=160,
        )
        whose = st.radio("Requests of", list(_LAWS), key="whose", bind="query-params", horizontal=True, width="content")
    return replace(asked, year=chosen, law=_LAWS[whose])


def years(today: date, there: Choices) -> list[int]:
    """The calendar years on record, the newest first."""
    first = min(there.first_day.year, today.year) if there.first_day else today.year
    return list(range(today.year, first - 1, -1))
