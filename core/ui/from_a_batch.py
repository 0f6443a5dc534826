"""The list of requests of one batch: what the address asks for, in words, and the way out of it."""

import re

import streamlit as st

from core.ui import links

_BATCH = re.compile(r"B-(\d{6,12})", re.ASCII)


def asked_for() -> int | None:
    """The number of the batch in the address, said above the list."""
    found = _BATCH.fullmatch(st.query_params.get("batch", ""))
    if found is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        links.to_batch(f"Requests of {found[0]}", found[0])
        st.button("Show all requests", key="batch_forget", icon=":material/filter_alt_off:", on_click=forget)
    return int(found[1])


def forget() -> None:
    """Take it out of the address."""
    if "batch" in st.query_params:
        del st.query_params["batch"]
