"""The list of requests: what to look for, a page of rows that are links, and what to do where there are none."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Literal

import streamlit as st

from core.desk.records import AT_RISK_DAYS
from core.model.people import Action, Actor
from core.model.privacy_requests import CLOSED, RequestState, RequestType
from core.store.requests import RequestFilter, RequestSummary
from core.ui import behind_a_number, from_a_batch, links, request_form
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import STATE_ICONS, STATE_WORDS, TYPE_WORDS, counted, day, days_left

PAGE_SIZE = 20
COUNT_CAP = 10_000

# What the filters are called in the URL. The text searched for is not among them: it may be a person's identifier.
STATE, TYPE, SYSTEM, WHEN, ORDER = "state", "type", "system", "when", "order"
_TEXT = "requests_text"
_SEARCHES = "requests_searches"

ANY = "Any"  # and not None: on the way back through the history the browser would show that as nothing chosen
ANY_TIME = "Any time"
OVERDUE = "Overdue"
AT_RISK = f"Due within {AT_RISK_DAYS} days"
CLOSED_LATELY = "Closed in the last 7 days"
IN_GRACE = "In its grace period"
NEWEST, NEAREST = "Newest first", "Nearest deadline first"

Color = Literal["orange", "red", "green", "gray", "blue"]

BADGE_COLORS: Mapping[str, Color] = {
    RequestState.NEEDS_PERSON: "orange",
    RequestState.PARTLY_COMPLETED: "orange",
    RequestState.FAILED: "red",
    RequestState.REFUSED: "red",
    RequestState.COMPLETED: "green",
    RequestState.NOTHING_FOUND: "green",
    RequestState.CANCELLED: "gray",
}


def show(person: Actor) -> None:
    """Filters, rows and pages. Looks again every few seconds while a row on the page is not closed."""
    where = replace(_filters(), behind=behind_a_number.asked_for(), batch=from_a_batch.asked_for())
    total = desk().find(person, where, page_size=0).total
    if total == 0:
        _nothing(person)
        return
    count, rows = st.container(), st.container()
    pages = math.ceil(min(total, COUNT_CAP) / PAGE_SIZE)
    page = st.pagination(pages, key=f"requests_page_{st.session_state.get(_SEARCHES, 0)}", persist_state="page")
    first = (page - 1) * PAGE_SIZE + 1
    last = min(first + PAGE_SIZE - 1, total)
    kept_out = " that are open" if where.due_from == date.min else ""
    count.caption("One request" if total == 1 else f"{first}–{last} of {counted(total)}{kept_out}")
    found = desk().find(person, where, page=page, page_size=PAGE_SIZE).rows
    moving = any(row.state not in CLOSED for row in found)
    with rows:
        st.fragment(_rows, run_every="5s" if moving else None)(where, page)


def _filters() -> RequestFilter:
    st.text_input(
        "Find by request id, your reference, the vendor's id, or the person's identifier",
        type="search",
        key=_TEXT,
        live=True,
        persist_state="page",
        placeholder="PR-000123",
        help="Whole values only. What you type here stays out of the address and out of every log.",
        on_change=_first_page,
    )
    with st.grid(5, min_column_width=170):
        states = st.multiselect(
            "State",
            list(RequestState),
            format_func=lambda state: STATE_WORDS[state],
            key=STATE,
            bind="query-params",
            placeholder="Any",
            on_change=_first_page,
        )
        kind = st.selectbox(
            "Type",
            [ANY, *RequestType],
            format_func=lambda kind: TYPE_WORDS.get(kind, kind),
            key=TYPE,
            bind="query-params",
            on_change=_first_page,
        )
        system = st.selectbox(
            "System",
            [ANY, *request_form.systems()],
            key=SYSTEM,
            bind="query-params",
            on_change=_first_page,
        )
        when = st.selectbox(
            "When",
            [ANY_TIME, OVERDUE, AT_RISK, IN_GRACE, CLOSED_LATELY],
            key=WHEN,
            bind="query-params",
            on_change=_first_page,
        )
        order = st.selectbox("Order", [NEWEST, NEAREST], key=ORDER, bind="query-params", on_change=_first_page)
    where = RequestFilter(
        states=tuple(states),
        type=None if kind == ANY else kind,
        connection=None if system == ANY else system,
        text=(st.session_state[_TEXT] or "").strip(),
        order="due" if order == NEAREST else "newest",
    )
    return _in_time(where, when)


def _in_time(where: RequestFilter, when: str) -> RequestFilter:
    today = desk().today()
    if when == ANY_TIME and where.order == "due" and not where.states:
        return replace(where, due_from=date.min)  # open ones: a closed one has no deadline ahead
    if when == OVERDUE:
        return replace(where, due_before=today)
    if when == AT_RISK:
        return replace(where, due_from=today, due_before=today + timedelta(days=AT_RISK_DAYS + 1))
    if when == IN_GRACE:
        return replace(where, in_grace_at=desk().clock.now())
    if when == CLOSED_LATELY:
        return replace(where, closed_since=desk().clock.now() - timedelta(days=7))
    return where


def _first_page() -> None:
    """Another search has pages of its own, and begins with the first."""
    st.session_state[_SEARCHES] = st.session_state.get(_SEARCHES, 0) + 1


def _rows(where: RequestFilter, page: int) -> None:
    person, today = require(Action.VIEW_REQUESTS), desk().today()  # asked again: roles change while a page is open
    with st.container(gap="xsmall"):
        for row in desk().find(person, where, page=page, page_size=PAGE_SIZE).rows:
            with st.container(border=True, gap="xxsmall"):
                _row(row, today)


def _row(row: RequestSummary, today: date) -> None:
    """One line where there is room, each thing below the one of the row above; it wraps on a phone."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(links.PAGES / "track_requests.py", label=row.id, query_params={"request": row.id}, width=105)
        color = BADGE_COLORS.get(row.state, "blue")
        st.markdown(f":{color}-badge[{STATE_ICONS[row.state]} {STATE_WORDS[row.state]}]", width=195)
        st.markdown(f"{TYPE_WORDS[row.type]} · {escape(', '.join(row.connections))}", width=160)
        st.markdown(f"Filed {_date(row.submitted_at)}", width=150)
        st.markdown(_due(row, today), width=270)
        st.text(row.reference, width="stretch")
    if row.error:
        st.caption(escape(row.error))


def _due(row: RequestSummary, today: date) -> str:
    if row.closed_at:
        return f"Closed {_date(row.closed_at)}"
    left = days_left(row.due_on, today)
    if row.due_on < today:
        left = f":red[**{left}**]"
    elif row.due_on <= today + timedelta(days=AT_RISK_DAYS):
        left = f":orange-badge[{left}]"
    return f"Due {day(row.due_on)}, {left}"


def _date(instant: datetime) -> str:
    return f"{instant.day} {instant:%b %Y}"


def _nothing(person: Actor) -> None:
    if desk().find(person, RequestFilter(), page_size=0).total:
        st.info("No request matches. Change the search or the filters, or clear them.", icon=":material/search_off:")
        st.button("Clear search and filters", key="requests_clear", icon=":material/filter_alt_off:", on_click=_clear)
        return
    st.header("No requests yet", anchor=False)
    st.markdown("Once a request is filed, you find it here with everything that happens to it.")
    if person.may(Action.SUBMIT):
        st.page_link(links.PAGES / "submit_request.py", label="Submit the first request", icon=":material/edit_square:")
    if desk().settings.in_sandbox and person.may(Action.FILL_SANDBOX):
        st.page_link(
            links.PAGES / "overview.py", label="Or fill in sample history on the Overview", icon=":material/home:"
        )


def _clear() -> None:
    for name, value in ((_TEXT, ""), (STATE, []), (TYPE, ANY), (SYSTEM, ANY), (WHEN, ANY_TIME), (ORDER, NEWEST)):
        st.session_state[name] = value
    behind_a_number.forget()
    _first_page()
