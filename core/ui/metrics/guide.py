"""What the metrics page says while there is nothing to measure."""

import streamlit as st

from core.model.people import Action, Actor
from core.ui import links
from core.ui.session import desk


def nothing_ever(person: Actor) -> None:
    """No request was ever filed: what to do first."""
    st.header("No requests yet", anchor=False)
    st.markdown("Success rates, latency and deadlines stand here once a request has been filed.")
    if person.may(Action.SUBMIT):
        st.page_link(links.PAGES / "submit_request.py", label="Submit the first request", icon=":material/edit_square:")
    if desk().settings.in_sandbox and person.may(Action.FILL_SANDBOX):
        st.page_link(
            links.PAGES / "overview.py", label="Or fill in sample history on the Overview", icon=":material/home:"
        )
