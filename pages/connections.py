"""Each vendor system: how it stands, whether its token works, and the switch that pauses it."""

import streamlit as st

from core.model.people import Action
from core.ui import connections, faults, switches
from core.ui.session import desk, require

person = require(Action.VIEW_CONNECTIONS)
now = desk().clock.now()

st.title("Connections")
st.caption(
    "The two standard connections follow a tutorial's contract: neither its privacy requests (NICE CXone) nor its "
    "purposes (Genesys Cloud) are in the vendors' published API. Ask your vendor before you use them on a live system."
)

views = desk().connection_views(person)
if not views:
    st.info("No connection is there yet: the sandbox is still starting. Reload this page in a moment.")
for view in views:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(view.name, width="content", anchor=False)
            connections.badge(connections.health(view, now))
        standing, settings = st.columns([2, 3], gap="large")
        with standing:
            connections.flow(view, now)
            switches.token_test(person, view)
            switches.pause(person, view)
            connections.waiting(view)
            connections.webhook(view, desk().settings)
        with settings:
            connections.settings_table(view)

if desk().settings.in_sandbox:
    st.header("Make the sandbox misbehave")
    st.markdown("Rehearse a vendor's bad day: what is switched on here strikes from the next request on.")
    faults.form(person)
