"""Everything that happened, in an order that nobody can change unseen."""

import streamlit as st

from core.model.people import Action
from core.ui import audit_log, verification
from core.ui.session import require

person = require(Action.VIEW_AUDIT)

st.title("Audit log")
verification.explain()
verification.button(person)
audit_log.table(person, audit_log.filters(person))
audit_log.one_event(person)
