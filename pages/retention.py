"""Purposes: declared against live, the difference, and enforcing it."""

import streamlit as st

from core.model.people import Action
from core.ui.retention import declaring, detail, enforcing, glance, importing, measures, record, shortenings, standings
from core.ui.session import require

person = require(Action.VIEW_PURPOSES)

st.title("Retention", anchor=False)
st.caption(
    "What you promise about how long personal data is kept, compared with what the vendor is really set to. "
    "Nothing is changed at a vendor before you have seen the exact difference."
)
now = glance.choose(person)
if now is None:
    st.stop()

glance.compared(person, now)
shortenings.show(person)
busy = enforcing.progress(person, now.connection)

compare, declare, upload, processing = st.tabs(
    ["Compare and enforce", declaring.TAB, "Import", "Record of processing"], key=declaring.VIEW, bind="query-params"
)
if compare.open:
    with compare:
        glance.cards(now)
        glance.chart(person, now)
        standings.show(person, now, busy=busy)
        measures.lately(person, now.connection)
if declare.open:
    with declare:
        declaring.show(person, now.connection)
if upload.open:
    with upload:
        importing.show(person, now.connection)
if processing.open:
    with processing:
        record.show(person, now)

# One dialog at a time: the preview, or else the purpose that is open.
if enforcing.is_open():
    enforcing.dialog(person)
else:
    detail.drawer(person, now.connection)
