"""The pieces of the audit log's page: filters, the table, one event in full."""

import json
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.model.events import EventKind
from core.model.people import DESK, Actor
from core.model.privacy_requests import TaskState
from core.store.audit import EventFilter, StoredEvent
from core.ui import facts
from core.ui.findings import escape
from core.ui.links import to_request
from core.ui.session import desk
from core.ui.words import KIND_WORDS, counted, number, who

PAGE_SIZE = 50
ANY = "Any"


def filters(person: Actor) -> EventFilter:
    """The controls, kept in the address of the page."""
    with st.grid(4, min_column_width=150, vertical_alignment="bottom"):
        kind = st.selectbox(
            "What happened",
            [ANY, *EventKind],
            format_func=lambda kind: KIND_WORDS.get(kind, kind),
            key="kind",
            bind="query-params",
        )
        request = st.text_input("Request", key="audit_request", bind="query-params", placeholder="PR-000001")
        connection = st.selectbox(
            "Connection", [ANY, *desk().connections()], key="audit_connection", bind="query-params"
        )
        actor = st.selectbox(
            "Who",
            [ANY, DESK.id, person.id],
            format_func=lambda actor: _named(actor, person),
            key="audit_actor",
            bind="query-params",
            accept_new_options=True,
            help="Somebody else: type their id, as an event in full shows it.",
        )
        outcome = st.selectbox(
            "Outcome",
            [ANY, *TaskState],
            format_func=str,
            key="audit_outcome",
            bind="query-params",
            accept_new_options=True,
            help="As the log has it; other words than these can be typed.",
        )
        since = st.date_input("From", None, key="audit_from", bind="query-params", format="YYYY-MM-DD")
        until = st.date_input("To", None, key="audit_to", bind="query-params", format="YYYY-MM-DD")
        st.button(
            "Clear filters", key="clear_filters", type="tertiary", icon=":material/filter_alt_off:", on_click=_clear
        )
    return EventFilter(
        kind=_chosen(kind),
        actor=_chosen(actor),
        request=request.strip().upper() or None,
        connection=_chosen(connection),
        outcome=_chosen(outcome),
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _clear() -> None:
    st.session_state.update(
        kind=ANY,
        audit_request="",
        audit_connection=ANY,
        audit_actor=ANY,
        audit_outcome=ANY,
        audit_from=None,
        audit_to=None,
    )


def _named(actor_id: str, person: Actor) -> str:
    return person.name if actor_id == person.id else who(actor_id)


def _chosen(value: str | None) -> str | None:
    return None if value in (None, ANY) else str(value)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def table(person: Actor, where: EventFilter) -> None:
    """One page of events, newest first, and the way to the older ones."""
    state = st.session_state
    if state.get("audit_where") != where:  # another question: begin at its newest answer
        state.audit_where, state.audit_trail = where, [None]
    before = state.audit_trail[-1]
    page = desk().audit(person, where, before_seq=before, limit=PAGE_SIZE)
    if not page.rows:
        st.header("No event matches" if where != EventFilter() else "Nothing has happened yet")
        if where != EventFilter():
            st.markdown("Change a filter, or clear them all. Days are counted in UTC.")
        else:
            st.markdown("Everything that people, the worker and the vendors do at this desk will be listed here.")
        return
    rows = page.rows
    st.caption(
        f"Events {number(rows[0].seq)} to {number(rows[-1].seq)}, newest first; {counted(page.total)} match. "
        "Select a row to see it in full."
    )
    seqs = [row.seq for row in rows]
    st.dataframe(
        {
            "No.": seqs,
            "When (UTC)": [row.at[:19].replace("T", " ") for row in rows],
            "What happened": [KIND_WORDS.get(row.kind, row.kind) for row in rows],
            "Request": [row.request for row in rows],
            "Connection": [row.connection for row in rows],
            "Outcome": [row.outcome for row in rows],
            "Who": [_named(row.actor, person) for row in rows],
        },
        hide_index=True,
        height=430,
        placeholder="",
        column_config={"No.": st.column_config.NumberColumn(width="small", format="%d")},
        on_select=lambda: _pick(f"audit_rows_{before}", seqs),
        selection_mode="single-row",
        alt="Audit events, newest first",
        key=f"audit_rows_{before}",
    )
    with st.container(horizontal=True):
        st.button("Newest", key="newest", icon=":material/first_page:", disabled=before is None, on_click=_to_newest)
        st.button("Newer", key="newer", icon=":material/chevron_left:", disabled=before is None, on_click=_to_newer)
        st.button(
            "Older",
            key="older",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page.next_before is None,
            on_click=_to_older,
            args=(page.next_before,),
        )


def _pick(key: str, seqs: list[int]) -> None:
    chosen = st.session_state[key].selection.rows
    st.session_state.event = seqs[chosen[0]] if chosen else None


def _to_newest() -> None:
    st.session_state.audit_trail = [None]


def _to_newer() -> None:
    st.session_state.audit_trail = st.session_state.audit_trail[:-1]


def _to_older(before: int | None) -> None:
    st.session_state.audit_trail = [*st.session_state.audit_trail, before]


def one_event(person: Actor) -> None:
    """One event in full, with its place in the chain."""
    st.header("One event in full")
    seq = st.number_input(
        "Number of the event",
        min_value=1,
        max_value=2**53 - 1,
        value=None,
        step=1,
        key="event",
        bind="query-params",
        width=220,
    )
    if seq is None:
        st.caption("Select a row above, or enter its number.")
        return
    found = desk().audit(person, EventFilter(), before_seq=seq + 1, limit=1).rows
    if not found or found[0].seq != seq:
        st.warning(f"There is no event {number(seq)} in the log.", icon=":material/search_off:")
        return
    with st.container(border=True):
        _in_full(found[0])


def _in_full(event: StoredEvent) -> None:
    st.markdown(f"**{escape(KIND_WORDS.get(event.kind, event.kind))}**")
    what, place = st.columns(2, gap="large")
    with what:
        rows = {
            "When": f"{event.at[:19].replace('T', ' ')} UTC",
            "Kind": event.kind,
            "Who": event.actor,
            "Task": event.task,
            "Connection": event.connection,
            "Outcome": event.outcome,
        }
        there = {name: value for name, value in rows.items() if value}
        facts.show(there, alt=f"Event {event.seq}", literal=there.keys() - {"When"})
        if event.request:
            to_request(event.request)
        st.caption("Details")
        st.code(json.dumps(dict(event.detail), indent=2, ensure_ascii=False), language="json", wrap_lines=True)
    with place:
        st.caption(f"Its place in the chain: number {number(event.seq)}")
        for label, value in (
            ("Fingerprint of the event before", event.prev),
            ("Its own fingerprint: SHA-256 of the event and of the fingerprint before", event.hash),
            ("Made with the key, over its fingerprint: HMAC-SHA-256", event.mac),
        ):
            st.caption(label)
            st.code(value, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.button(
            "Event before",
            key="event_before",
            icon=":material/chevron_left:",
            disabled=event.seq == 1,
            on_click=_step,
            args=(-1,),
        )
        st.button(
            "Event after",
            key="event_after",
            icon=":material/chevron_right:",
            icon_position="right",
            on_click=_step,
            args=(1,),
        )


def _step(by: int) -> None:
    st.session_state.event = st.session_state.event + by
