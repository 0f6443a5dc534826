"""Finding a person in the audit log: what is typed becomes a pseudonym at once, and is kept nowhere."""

import re

import streamlit as st

from core.ui import session
from core.ui.audit import place

PERSON = "person"
_TYPED, _PROBLEM = "audit_person_typed", "audit_person_problem"
_PSEUDONYM = re.compile(r"subj_[0-9a-f]{32}")

_MEANS = (
    "The log knows people by a pseudonym that only this desk can compute. Type the identifier exactly as it was filed, "
    "capitals included: the desk computes the pseudonym, looks for that, and forgets what you typed. It is not stored, "
    "not logged, and not in the address of the page; the pseudonym is."
)


def chosen() -> str | None:
    """The pseudonym in the address; None where none, or something else, is there."""
    text = st.query_params.get(PERSON, "")
    return text if _PSEUDONYM.fullmatch(text) else None


def forget() -> None:
    st.query_params.pop(PERSON, None)
    st.session_state.pop(_PROBLEM, None)
    place.newest()


def find() -> None:
    """The field, behind a button, with what it does; and whom it found."""
    with (
        st.popover("Find a person", icon=":material/person_search:", key="audit_find_person"),
        st.form("audit_person_form", clear_on_submit=True, border=False),
    ):
        st.markdown(_MEANS)
        st.text_input("Identifier", key=_TYPED, autocomplete="off", placeholder="USR-8847291", max_chars=1000)
        st.form_submit_button(
            "Find", key="audit_person_find", type="primary", icon=":material/search:", on_click=_compute
        )
        if problem := st.session_state.get(_PROBLEM):
            st.error(problem, icon=":material/error:")
    if pseudonym := chosen():
        st.text(f"One person: {pseudonym}", width="content")
        st.button("Everybody", key="audit_everybody", type="tertiary", icon=":material/close:", on_click=forget)


def _compute() -> None:
    typed = str(st.session_state.get(_TYPED) or "").strip()
    st.session_state[_TYPED] = ""  # the form clears the browser's field alone
    forget()
    if typed:
        st.query_params[PERSON] = session.desk().audit_pseudonym(session.actor(), typed)
    else:
        st.session_state[_PROBLEM] = "Type the identifier first."
