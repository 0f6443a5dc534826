"""Decisions that wait for a second person."""

import streamlit as st

from core.model.people import Action
from core.ui.approvals import deciding, grace, waiting_list
from core.ui.session import require

person = require(Action.VIEW_REQUESTS)

st.title("Approvals", anchor=False)
st.caption("What needs a second person. Whoever asked for something never decides it.")
deciding.outcome()
waiting_list.show(person)
grace.show(person)
