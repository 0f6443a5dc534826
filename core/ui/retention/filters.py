"""What to look for among the purposes: by how they stand and by name, kept in the address of the page."""

import streamlit as st

from core.model.purposes import PurposeStatus
from core.store.purpose_standings import StandingFilter
from core.ui.retention.words import STATUS_WORDS

STATUS, TEXT = "standing", "purpose_text"
_SEARCHES = "retention_searches"


def choose() -> StandingFilter:
    """The controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        statuses = st.multiselect(
            "How it stands",
            list(PurposeStatus),
            format_func=lambda status: STATUS_WORDS[PurposeStatus(status)],
            key=STATUS,
            bind="query-params",
            placeholder="Any",
            on_change=first_page,
            width=360,
        )
        text = st.text_input(
            "Part of its name", type="search", key=TEXT, bind="query-params", live=True, on_change=first_page, width=260
        )
    return StandingFilter(statuses=tuple(PurposeStatus(status) for status in statuses), text=(text or "").strip())


def show_only(status: PurposeStatus) -> None:
    """Look for the purposes that stand so."""
    st.session_state[STATUS] = [status]
    st.session_state[TEXT] = ""
    first_page()


def clear() -> None:
    st.session_state[STATUS] = []
    st.session_state[TEXT] = ""
    first_page()


def first_page() -> None:
    """Another search has pages of its own, and begins with the first."""
    st.session_state[_SEARCHES] = searches() + 1


def searches() -> int:
    return int(st.session_state.get(_SEARCHES, 0))
