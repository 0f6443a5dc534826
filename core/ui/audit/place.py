"""Which page of events is shown: a place in the log, kept in the address so that it can be passed on."""

import re

import streamlit as st

BEFORE, AFTER = "before", "after"
_NUMBER = re.compile(r"[0-9]{1,15}")


def present() -> tuple[int | None, int | None]:
    """The numbers below which, or above which, the page lies; both None on the newest page."""
    before, after = _number(BEFORE), _number(AFTER)
    return (before, None) if before is not None else (None, after)


def newest() -> None:
    """Go to the newest page, where another question begins."""
    for name in (BEFORE, AFTER):
        st.query_params.pop(name, None)


def older_than(seq: int) -> None:
    newest()
    st.query_params[BEFORE] = str(seq)


def newer_than(seq: int) -> None:
    newest()
    st.query_params[AFTER] = str(seq)


def _number(name: str) -> int | None:
    text = st.query_params.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else None
