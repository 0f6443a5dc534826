"""Requests prepared for later: the other halves of a split, and when each can go."""

import re

import streamlit as st

from core.model.people import Action, Actor
from core.ui import links
from core.ui.contract_words import category_words
from core.ui.findings import escape
from core.ui.request_draft import Form, Kept
from core.ui.session import desk, require


def show(filling: Form) -> None:
    """The prepared requests; looks by itself whether one can go."""
    if filling.kept:
        st.fragment(_list, run_every="2s")(filling)


def _list(filling: Form) -> None:
    person = require(Action.SUBMIT)  # asked again: roles change while a page is open
    with st.container(border=True):
        st.header("Prepared for later", anchor=False)
        st.caption("Kept in this browser tab only: closing or reloading it forgets them.")
        for index, kept in enumerate(filling.kept):
            _one(filling, kept, index, person)


def _one(filling: Form, kept: Kept, index: int, person: Actor) -> None:
    st.text(f"{category_words(kept.draft.categories)} for {kept.draft.subject or 'the same person'}")
    if kept.left_out:
        st.caption(f"Left out, because it is protected: {category_words(kept.left_out)}.")
    linked = kept in filling.other_halves()
    if linked:
        st.caption(
            "The other half of the request in the form. A person can have one open request of a type at a system, so "
            "this one can go once that one is closed. What you change in the form changes here too."
        )
        free = True
    else:
        free = _can_go(kept, person)
    with st.container(horizontal=True):
        st.button(
            "Send this half first" if linked else "Put it into the form",
            key=f"kept_use_{index}",
            icon=":material/swap_vert:" if linked else ":material/edit_square:",
            type="primary" if free and not linked else "secondary",
            disabled=not free,
            on_click=_use,
            args=(filling, kept, filling.generation),
        )
        st.button("Discard it", key=f"kept_drop_{index}", type="tertiary", on_click=_drop, args=(filling, kept))


def _can_go(kept: Kept, person: Actor) -> bool:
    """Whether nothing of the same person is open; says what it waits for otherwise."""
    for finding in desk().check(person, kept.draft):
        if finding.rule == "already_open":
            found = re.search(r"PR-\d{6,}", finding.message)
            st.markdown(f":material/hourglass: {escape('It can go once this request is closed:')}")
            if found:
                links.to_request(found[0])
            return False
    st.markdown(":material/check_circle: It can go now.")
    return True


def _use(filling: Form, kept: Kept, generation: int) -> None:
    filling.exchange(kept, generation)
    st.rerun()


def _drop(filling: Form, kept: Kept) -> None:
    if kept in filling.kept:
        filling.kept.remove(kept)
    st.rerun()
