"""Find requests; one request whole."""

import re

import streamlit as st

from core.model.people import Action
from core.ui import links, request_detail, request_list
from core.ui.session import require

person = require(Action.VIEW_REQUESTS)

asked_for = st.query_params.get("request", "")
if re.fullmatch(r"PR-[0-9]{6,12}", asked_for):
    # A link within the page leaves the address as it was (Streamlit 1.67); so written, Back and a reload work.
    st.query_params["request"] = asked_for
    request_detail.show(person, asked_for)
elif asked_for:
    request_detail.missing()
else:
    st.title("Track requests", anchor=False)
    request_list.show(person)
    if person.may(Action.SUBMIT):
        st.page_link(links.PAGES / "submit_request.py", label="Submit a request", icon=":material/edit_square:")
