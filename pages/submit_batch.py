"""Many requests from a file: uploaded, checked line by line, accepted, and followed to the last outcome."""

import streamlit as st

from core.model.people import Action
from core.ui.batches import one, overview
from core.ui.session import require

person = require(Action.VIEW_REQUESTS)

if asked_for := st.query_params.get("batch"):
    one.show(person, asked_for)
else:
    overview.show(person)
