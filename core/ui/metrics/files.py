"""The metrics as files: the report of the meeting, and the tables."""

import streamlit as st

from core.desk.reports.parts import Asked
from core.model.people import Action, Actor
from core.store.exports import Export
from core.ui.session import desk


def offer(person: Actor, asked: Asked) -> None:
    """Both are made when they are asked for, from the same queries as the page."""
    if not person.may(Action.EXPORT):
        return
    days = asked.where.days
    name = f"metrics-{days.first:%Y-%m-%d}-{days.last:%Y-%m-%d}"
    st.header("As a file", anchor=False)
    st.caption(
        "Everything on this page, all parts, for the period and filters above. Each file is noted in the audit log."
    )
    at = desk()
    with st.container(horizontal=True):
        st.download_button(
            "Report for the meeting",
            lambda: _content(at.report(person, asked)),
            f"{name}.html",
            "text/html",
            key="metrics_report",
            icon=":material/description:",
            help="One HTML file that needs no network and prints on A4.",
            on_click="ignore",
        )
        st.download_button(
            "Tables as CSV",
            lambda: _content(at.tables(person, asked)),
            f"{name}.zip",
            "application/zip",
            key="metrics_tables",
            icon=":material/table:",
            help="One CSV file for each table, in a zip. Times are in milliseconds, shares from 0 to 1.",
            on_click="ignore",
        )


def _content(made: Export) -> bytes:
    return made.path.read_bytes() if made.path else b""
