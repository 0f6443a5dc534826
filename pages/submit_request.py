"""One request, checked as it is typed."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.model.people import Action
from core.ui import kept_drafts, links, request_form, request_preview, request_under_hold
from core.ui.session import desk, require

person = require(Action.SUBMIT)

st.title("Submit a request", anchor=False)
st.caption("Ask a vendor to erase or hand over one person's data. What you enter is checked as you type.")

if not request_form.systems():
    if desk().settings.in_sandbox:
        st.info("The sandbox has not started yet. Wait a moment, then reload this page.", icon=":material/hub:")
    else:
        st.info(
            "No connected system takes privacy requests yet. Configure one, for example with "
            "`PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_ID`, and restart the server.",
            icon=":material/hub:",
        )
    st.page_link(links.PAGES / "connections.py", label="See the connections", icon=":material/arrow_forward:")
    st.stop()

filling = request_form.current()
form_side, preview_side = st.columns([3, 2], gap="large")
places: dict[str, DeltaGenerator] = {}
with form_side:
    request_form.fields(filling, lambda name: places.setdefault(name, st.container(gap="xsmall")))
filling.follow()
preview = desk().preview(person, filling.draft)
shown = request_form.visible(filling, preview.findings)
for name, place in places.items():
    with place:
        request_form.show_findings(filling, shown, name)
with form_side:
    elsewhere = {*places, "underHold", "reason"}
    for name in dict.fromkeys(finding.field for finding in shown if finding.field not in elsewhere):
        request_form.show_findings(filling, shown, name)
    request_under_hold.show(filling, shown)
    request_form.send(filling, preview.findings)
    request_form.filed(filling)
    kept_drafts.show(filling)
with preview_side:
    request_preview.show(preview)
