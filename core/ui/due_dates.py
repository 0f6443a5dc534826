"""The dates the law sets for a request, each with its explanation and its source."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from core.model.deadlines import Deadline
from core.ui.findings import escape
from core.ui.words import day, days_left

WHAT_WORDS: Mapping[str, str] = {
    "acknowledge": "Confirm receipt by",
    "respond": "Answer the person by",
    "respond_if_paused": "If waiting for proof of identity does not count, by",
    "extension_notice": "Announce an extension by",
    "extended": "With an extension, answer by",
    "opt_out": "Stop selling or sharing by",
}


def show(deadlines: Sequence[Deadline], today: date | None) -> None:
    """Every date with how it was reckoned; `today` adds the days left (None: the request is closed)."""
    for deadline in deadlines:
        left = f" · {days_left(deadline.due, today)}" if today else ""
        with st.container(gap="xxsmall"):
            st.markdown(f"{WHAT_WORDS.get(deadline.what, deadline.what)} **{day(deadline.due)}**{left}")
            st.caption(escape(f"{deadline.explanation} ({deadline.article}; rule {deadline.rule})"))
    st.caption("Reckoned from published rules; not legal advice.")
