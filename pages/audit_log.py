"""Everything that happened, in an order that nobody can change unseen."""

import streamlit as st

from core.model.people import Action
from core.ui.audit import event, exporting, filters, listing, signed_checkpoints, verifying
from core.ui.session import require

person = require(Action.VIEW_AUDIT)

st.title("Audit log", anchor=False)
st.caption("What people, the worker and the vendors did at this desk, each event bound to the one before it.")

browse, verify, exports = st.tabs(["Events", "Verify", "Exports"], key="audit_view", bind="query-params")
if browse.open:
    with browse:
        listing.show(person, filters.choose(person))
        event.show(person)
if verify.open:
    with verify:
        verifying.explain()
        verifying.show(person)
        signed_checkpoints.show(person)
if exports.open:
    with exports:
        exporting.progress(person)
        exporting.recent(person)
