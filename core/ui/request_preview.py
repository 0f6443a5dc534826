"""What a draft would become, drawn beside the form: its dates, the body, and the HTTP request to the byte."""

import streamlit as st

from core.desk import Preview
from core.ui import code_blocks, due_dates
from core.ui.findings import escape
from core.ui.session import desk


def show(preview: Preview) -> None:
    """The preview follows the form; what cannot be reckoned yet says why."""
    with st.container(border=True):
        st.header("Deadlines", anchor=False)
        if preview.deadlines:
            due_dates.show(preview.deadlines, desk().today())
        else:
            st.caption("The dates appear once law, region and day of receipt are right.")
    with st.container(border=True):
        st.header("What goes to the vendor", anchor=False)
        if any(finding.blocks for finding in preview.findings):
            st.caption("As it stands now. Nothing is sent before you submit, and only once nothing is missing.")
        else:
            st.caption(":material/check_circle: Complete. Nothing is sent before you submit.")
        body, http = st.tabs(["JSON body", "HTTP request"], key="submit_preview")
        with body:
            code_blocks.show_json(preview.payload)
        with http:
            if not preview.http:
                st.caption("Choose a system to see the request.")
            for name, text in preview.http.items():
                st.caption(escape(name))
                code_blocks.show(text)
            st.caption("The token is a placeholder here. The idempotency key is made when the request is filed.")
