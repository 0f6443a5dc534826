"""How well and how fast submissions end: rates, latency and errors of a period."""

import streamlit as st

from core.model.people import Action
from core.ui import metrics
from core.ui.links import PAGES
from core.ui.retention.measures import section
from core.ui.session import desk, require
from core.ui.words import minute

person = require(Action.VIEW_METRICS)

st.title("Metrics")
chosen = metrics.choose()
measured = desk().metrics(person, since=chosen.since, until=chosen.until, connection=chosen.connection)
st.caption(
    f"Submissions that ended from {minute(chosen.since)} to {minute(chosen.until)}. A request to two systems is two "
    "submissions."
)

if not measured.totals.total:
    st.header("Nothing ended in this period")
    st.markdown("Choose a longer period or all connections, or look at what is still under way.")
    st.page_link(PAGES / "track_requests.py", label="Track requests", icon=":material/search:")
    section(person, chosen.since, chosen.until, chosen.connection)
    st.stop()

metrics.cards(measured.totals)
metrics.over_time(measured, chosen)
metrics.spread(measured)
metrics.by_connection(measured)
section(person, chosen.since, chosen.until, chosen.connection)
