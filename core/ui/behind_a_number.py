"""The list of requests behind a number of the metrics: what the address asks for, in words, and the way out of it."""

import streamlit as st

from core.model.behind import Behind, Counted
from core.ui.findings import escape


def asked_for() -> Behind | None:
    """What the address asks for, said above the list; None, with a note, where it cannot be understood."""
    try:
        behind = Behind.parse(st.query_params.to_dict())
    except ValueError:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(
                "The address of this list is not one of ours. All requests are shown.", icon=":material/link_off:"
            )
            _way_out()
        return None
    if behind is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Requests behind a number of the metrics: **{escape(behind.words())}**.", width="stretch")
        _way_out()
    if behind.counted in {Counted.ENDED, Counted.WAITING}:
        st.caption("The number counts submissions. A request with several of them stands here once.")
    return behind


def forget() -> None:
    """Take it out of the address."""
    for name in Behind.NAMES:
        if name in st.query_params:
            del st.query_params[name]


def _way_out() -> None:
    st.button("Show all requests", key="behind_forget", icon=":material/filter_alt_off:", on_click=forget)
