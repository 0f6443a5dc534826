"""Checking an uploaded list of people against the ledger of erasures: who of them was erased, told by line."""

import math

import streamlit as st

from core.desk import LedgerEntry
from core.model.people import Action, Actor, NotAllowedError
from core.ui.contract_words import category_words
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import STATE_WORDS, counted, minute, number
from core.validation.identifier_files import IdentifierFileError, identifiers_in

PAGE_SIZE = 50
MOST_SHOWN = 10_000
_FOUND = "ledger_found"


def show(person: Actor) -> None:
    """What the ledger is, the upload, and the lines that name somebody who was erased."""
    st.markdown(
        "The desk remembers whom it had erased, as keyed fingerprints that name nobody. Before you restore a backup or "
        "import a list, check it here: who is in the ledger must not come back. The list is not stored."
    )
    if not person.may(Action.CHECK_LEDGER):
        st.caption("Ask an administrator for a role that may check the ledger.")
        return
    with st.form("ledger_form", border=True):
        file = st.file_uploader(
            "List of people",
            type=["csv", "txt", "tsv"],
            key="ledger_file",
            help="CSV with a column such as subjectId, or one identifier a line.",
        )
        column = st.text_input("Column of the identifier (optional)", key="ledger_column", placeholder="subjectId")
        asked = st.form_submit_button(
            "Check the list", type="primary", icon=":material/fact_check:", key="ledger_check"
        )
    if asked:
        st.session_state.pop(_FOUND, None)
        if file is None:
            st.error("Choose the file first.", icon=":material/error:")
        else:
            _check(person, file.getvalue(), column.strip() or None)
    if _FOUND in st.session_state:
        _found(*st.session_state[_FOUND])


def _check(person: Actor, content: bytes, column: str | None) -> None:
    looked_up = 0
    with st.status("Checking the list …", type="compact") as status:
        try:
            identifiers = list(identifiers_in(content, column))
            looked_up = len(identifiers)
            status.update(label=f"Looking up {number(looked_up)} identifiers …")
            found: list[LedgerEntry] = []
            total = 0
            for entry in desk().check_ledger(person, identifiers):
                total += 1
                if total <= MOST_SHOWN:
                    found.append(entry)
        except (IdentifierFileError, NotAllowedError) as error:
            status.update(label="Not checked", state="error")
            st.error(escape(str(error).replace(", with --column", " in the field above")), icon=":material/error:")
            return
        status.update(label="Checked", state="complete")
    st.session_state[_FOUND] = (looked_up, total, found)


def _found(looked_up: int, total: int, found: list[LedgerEntry]) -> None:
    of = "one identifier" if looked_up == 1 else f"{number(looked_up)} identifiers"
    if not total:
        st.success(f"Nobody of {of} was erased at this desk.", icon=":material/check_circle:")
        return
    people = "One was" if total == 1 else f"{number(total)} were"
    st.warning(
        f"**{people} erased**, of {of}. Take these lines out before you import the list, or have them erased again.",
        icon=":material/warning:",
    )
    pages = math.ceil(len(found) / PAGE_SIZE)
    page = st.pagination(pages, key="ledger_page") if pages > 1 else 1
    rows = [
        (entry.line, erasure)
        for entry in found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        for erasure in entry.erasures
    ]
    st.dataframe(
        {
            "Line": [line for line, _ in rows],
            "Erased": [minute(erasure.at) for _, erasure in rows],
            "System": [erasure.connection for _, erasure in rows],
            "How it ended": [STATE_WORDS.get(erasure.state, erasure.state) for _, erasure in rows],
            "Categories": [category_words(tuple(erasure.categories)) for _, erasure in rows],
            "Task": [erasure.task for _, erasure in rows],
        },
        hide_index=True,
        placeholder="",
        column_config={"Line": st.column_config.NumberColumn(width="small", format="%d")},
        alt="Lines of the list that name somebody who was erased",
        key=f"ledger_rows_{page}",
    )
    if total > MOST_SHOWN:
        st.caption(
            f"The first {counted(MOST_SHOWN)} are shown; `privacy-desk ledger check FILE --json` lists every one."
        )
