"""The upload, what a file has to look like, and the batches there are."""

import math

import streamlit as st

from core.desk import DeskError
from core.desk.batches.files import TEMPLATE_CSV, TEMPLATE_JSONL
from core.model.batches import FIELDS, MOST_BYTES, MOST_ROWS, Batch
from core.model.people import Action, Actor, NotAllowedError
from core.model.privacy_requests import TERMINAL
from core.ui import links, request_form
from core.ui.batches import moves
from core.ui.batches.words import rows, standing
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import minute, number

PAGE_SIZE = 10
_UPLOADS = "batch_uploads"

_HINTS = {
    "subject": "Needed. The person's id at the vendor; several of the same person with ; between them.",
    "type": "Needed. ERASURE or ACCESS.",
    "categories": "Needed. One or more of CONTACT, CONVERSATION, SURVEY, INTERACTION, IVR, CHAT, EMAIL, SMS, with ;.",
    "scope": "Needed. ACCOUNT, CONTACT, CONVERSATION or ALL.",
    "description": "Goes to the vendor; at most 255 characters.",
    "connection": "The system; several with ;. Where it is empty, those chosen after the upload.",
    "law": "Whose deadlines count, such as gdpr. Where it is empty, the house's.",
    "region": "Whose public holidays count, such as DE or DE-BE.",
    "received": "The day it reached you, like 2026-01-31. Where it is empty, today.",
    "reference": "Your own case number.",
}


def show(person: Actor) -> None:
    st.title("Batches", anchor=False)
    st.caption(
        f"Many requests from one file, to {number(MOST_ROWS)} rows. Every line is checked first, and nothing is filed "
        "before you have seen what becomes of each."
    )
    moves.problem()
    if person.may(Action.SUBMIT):
        _upload(person)
    st.fragment(_list, run_every="5s")()


def _upload(person: Actor) -> None:
    if not request_form.systems():
        st.info("No connected system takes privacy requests yet, so no file can be checked.", icon=":material/hub:")
        st.page_link(links.PAGES / "connections.py", label="See the connections", icon=":material/arrow_forward:")
        return
    generation = st.session_state.get(_UPLOADS, 0)
    uploaded = st.file_uploader(
        "File of requests, CSV or JSON lines",
        type=["csv", "txt", "tsv", "jsonl", "ndjson", "json"],
        key=f"batch_file_{generation}",
        max_upload_size=MOST_BYTES // 1024**2,
        help="Commas, semicolons, tabs or vertical bars; UTF-8, UTF-16 or Windows-1252. It is stored encrypted.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Template, CSV", TEMPLATE_CSV, "batch.csv", "text/csv", key="batch_csv", icon=":material/download:"
        )
        st.download_button(
            "Template, JSON lines",
            TEMPLATE_JSONL,
            "batch.jsonl",
            "application/jsonl",
            key="batch_jsonl",
            icon=":material/download:",
        )
    with st.expander("What the file has to look like"):
        st.table(
            {"Column": list(FIELDS), "What it holds": [escape(_HINTS[field]) for field in FIELDS]},
            border="horizontal",
            hide_index=True,
            alt="The columns of a batch file",
        )
        st.caption("Columns may be called otherwise and stand in any order: after the upload you say which is which.")
    if uploaded is None:
        return
    try:
        batch = desk().upload_batch(person, uploaded.getvalue(), uploaded.name)
    except (DeskError, NotAllowedError) as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.session_state[_UPLOADS] = generation + 1
    moves.open_batch(batch.id)
    st.rerun()


def _list() -> None:
    person = require(Action.VIEW_REQUESTS)  # asked again: roles change while a page is open
    page = st.session_state.get("batches_page", 1)
    found = desk().batches(person, page=page, page_size=PAGE_SIZE)
    if not found.total:
        st.header("No batches yet", anchor=False)
        st.markdown("Once a file is uploaded, you find it here with everything that becomes of it.")
        return
    st.header("Uploaded so far", anchor=False)
    with st.container(gap="xsmall"):
        for batch in found.rows:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                _row(batch)
    if found.total > PAGE_SIZE:
        st.pagination(math.ceil(found.total / PAGE_SIZE), key="batches_page")


def _row(batch: Batch) -> None:
    st.page_link(links.PAGES / "submit_batch.py", label=batch.id, query_params={moves.BATCH: batch.id}, width=105)
    st.markdown(standing(batch), width=190)
    total = sum(batch.states.values())
    ended = sum(count for state, count in batch.states.items() if state in TERMINAL)
    st.markdown(rows(batch.accepted if batch.accepted_at else batch.rows), width=100)
    st.markdown(f"{number(ended)} of {number(total)} tasks ended" if total else "Nothing filed", width=200)
    st.text(f"{batch.created_by_name}, {minute(batch.created_at)}", width="stretch")
