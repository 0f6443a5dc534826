"""What needs a person today."""

import streamlit as st

from core.model.people import Action
from core.ui import kill_switch, overview
from core.ui.retention import overview as retention
from core.ui.session import desk, require

person = require(Action.VIEW_REQUESTS)

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Overview", width="stretch")
    kill_switch.panel(person)
if desk().overview(person).empty:
    overview.first_steps(person)
else:
    overview.today(person)
retention.card(person)
