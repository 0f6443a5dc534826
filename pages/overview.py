"""What needs a person today."""

import streamlit as st

from core.model.people import Action
from core.ui import overview
from core.ui.retention import overview as retention
from core.ui.session import desk, require

person = require(Action.VIEW_REQUESTS)

st.title("Overview")
if desk().overview(person, desk().today()).empty:
    overview.first_steps(person)
else:
    overview.today(person)
retention.card(person)
