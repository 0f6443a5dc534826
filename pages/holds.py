"""Legal holds: what must not be erased, and who must not come back."""

import streamlit as st

from core.model.people import Action
from core.ui.holds import checking, erasing, listing, placing
from core.ui.session import require

person = require(Action.VIEW_HOLDS)

st.title("Legal holds", anchor=False)
st.caption("What must be kept although somebody asks for its erasure, on which ground, and until when.")

in_force, held_back, ledger = st.tabs(["Holds", erasing.TAB, "Check a list"], key="holds_view", bind="query-params")
if in_force.open:
    with in_force:
        placing.show(person)
        listing.show(person)
if held_back.open:
    with held_back:
        erasing.show(person)
if ledger.open:
    with ledger:
        checking.show(person)
