"""How well and how fast requests are answered: the numbers of the meeting, with the requests behind each."""

import streamlit as st

from core.desk.reports.numbers import period_words
from core.desk.reports.parts import Asked, Part, filter_words
from core.model.people import Action
from core.ui.findings import escape
from core.ui.metrics import choice, figures, files, guide
from core.ui.session import desk, require

person = require(Action.VIEW_METRICS)
figures.follow_click()

st.title("Metrics", anchor=False)
there = desk().choices(person)
if there.first_day is None:
    guide.nothing_ever(person)
    for section in desk().part(person, Asked(desk().lately(), None, desk().today().year), Part.RETENTION):
        if not section.nothing:  # a desk may keep purposes and have no request yet
            figures.show(section)
    st.stop()

asked = choice.choose(there)
only = filter_words(asked.where)
st.caption(
    f"{period_words(asked.where.days)}, whole days in {desk().settings.time_zone}"
    f"{f'; only {escape(only)}' if only else ''}. A request to two systems is two submissions."
)
for part, tab in zip(Part, st.tabs(list(Part), key="part", bind="query-params"), strict=True):
    if not tab.open:
        continue
    with tab:
        if part is Part.SECTION_7102:
            asked = choice.year(asked, there)
        for section in desk().part(person, asked, part):
            figures.show(section)
files.offer(person, asked)
