"""What the desk has to tell: failures, deadlines, vendors that do not answer, and what to do about each."""

import streamlit as st

from core.model.people import Action
from core.ui import notices
from core.ui.session import require

person = require(Action.VIEW_NOTICES)

st.title("Notices")
notices.show(person)
