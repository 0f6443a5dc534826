"""One page of events, newest first, and the way to the older and the newer ones."""

import streamlit as st

from core.model.people import Actor
from core.store.audit import EventFilter
from core.ui.audit import exporting, place
from core.ui.audit.filters import namer
from core.ui.session import desk
from core.ui.words import KIND_WORDS, counted, number, outcome_words

PAGE_SIZE = 50


def show(person: Actor, where: EventFilter) -> None:
    """The table. Nothing but the rows on it leaves the server."""
    before, after = place.present()
    page = desk().audit(person, where, before_seq=before, after_seq=after, limit=PAGE_SIZE)
    if not page.rows:
        _nothing(where, somewhere=(before, after) != (None, None))
        return
    rows, named = page.rows, namer(person)
    st.caption(
        f"Events {number(rows[0].seq)} to {number(rows[-1].seq)}, newest first; {counted(page.total)} match. "
        "Select a row to see it in full."
    )
    seqs = [row.seq for row in rows]
    key = f"audit_rows_{seqs[0]}"
    st.dataframe(
        {
            "No.": seqs,
            "When (UTC)": [row.at[:19].replace("T", " ") for row in rows],
            "What happened": [KIND_WORDS.get(row.kind, row.kind) for row in rows],
            "Request": [row.request for row in rows],
            "Connection": [row.connection for row in rows],
            "Outcome": [outcome_words(row.outcome) for row in rows],
            "Who": [named(row.actor) for row in rows],
        },
        hide_index=True,
        height=430 if len(rows) > 10 else "content",
        placeholder="",
        column_config={
            "No.": st.column_config.NumberColumn(width="small", format="%d"),
            "Outcome": st.column_config.TextColumn(width="medium"),
        },
        on_select=lambda: _pick(key, seqs),
        selection_mode="single-row",
        alt="Audit events, newest first",
        key=key,
    )
    with st.container(horizontal=True):
        at_newest = page.next_after is None
        st.button("Newest", key="newest", icon=":material/first_page:", disabled=at_newest, on_click=place.newest)
        st.button(
            "Newer",
            key="newer",
            icon=":material/chevron_left:",
            disabled=at_newest,
            on_click=place.newer_than,
            args=(page.next_after,),
        )
        st.button(
            "Older",
            key="older",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page.next_before is None,
            on_click=place.older_than,
            args=(page.next_before,),
        )
        exporting.offer(person, where, page.total)
    exporting.progress(person, with_file=True)


def _nothing(where: EventFilter, *, somewhere: bool) -> None:
    if somewhere:
        st.header("No event on this page")
        st.markdown("The address leads to a place where no event of this search is.")
        st.button("Newest", key="newest", icon=":material/first_page:", on_click=place.newest)
    elif where.pseudonym and where == EventFilter(pseudonym=where.pseudonym):
        st.header("No event is about this person")
        st.markdown(
            "Nothing was ever filed about them at this desk, or the identifier is spelt differently: capitals count, "
            "and each system may know a person by another one."
        )
    elif where != EventFilter():
        st.header("No event matches")
        st.markdown("Change a filter, or clear them all. Days are counted in UTC.")
    else:
        st.header("Nothing has happened yet")
        st.markdown("Everything that people, the worker and the vendors do at this desk will be listed here.")


def _pick(key: str, seqs: list[int]) -> None:
    picked = st.session_state[key].selection.rows
    st.session_state.event = seqs[picked[0]] if picked else None
