"""Who signs in at the desk, and what each may do."""

import streamlit as st

from core.model.people import Action
from core.ui import people
from core.ui.session import desk, require

person = require(Action.VIEW_PEOPLE)

st.title("People", anchor=False)
if desk().settings.sign_in is None:
    people.no_sign_in()
    st.stop()
st.caption(
    "People are known by the id that the sign-in provider has for them, never by their e-mail address. Whoever files "
    "something does not approve it, whatever their roles."
)
views = desk().people(person)
people.waiting(views)
people.table(views)
people.change(person, views)
