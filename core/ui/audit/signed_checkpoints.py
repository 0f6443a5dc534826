"""The signed checkpoints, newest first, a page of them at a time, each with its key and whether its signature holds."""

import math

import streamlit as st

from core.clock import from_text
from core.model.people import Actor
from core.store.checkpoint_pages import CheckedCheckpoint
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import minute, number

PAGE_SIZE = 25
_PAGE = "checkpoint_page"

_HOLDS = {
    True: "Holds",
    False: "Does not hold: the line was changed",
    None: "Another key: cannot be said here",
}


def show(person: Actor) -> None:
    """What a checkpoint is, and the list."""
    st.header("Signed checkpoints", anchor=False)
    wanted = int(st.session_state.get(_PAGE) or 1)
    try:
        rows, total = desk().audit_checkpoints(person, first=(wanted - 1) * PAGE_SIZE, count=PAGE_SIZE)
    except OSError as error:
        st.error(
            f"The checkpoint file cannot be read ({escape(error.strerror or 'unknown')}). Check its rights, beside the "
            "database, then reload this page.",
            icon=":material/error:",
        )
        return
    if not total:
        st.markdown("There is none yet: the desk signs the first one with the first event.")
        return
    count = "One checkpoint" if total == 1 else f"{number(total)} checkpoints"
    st.caption(
        f"{count}, newest first. Each says how many events the log had at that time and what the newest one's "
        "fingerprint was. Copy their file to where this server cannot write."
    )
    st.dataframe(
        {
            "Signed": [_at(row) for row in rows],
            "Events": [row.checkpoint.size if row.checkpoint else None for row in rows],
            "Signature": [_HOLDS[row.holds] if row.checkpoint else "The line is no checkpoint" for row in rows],
            "Key": [row.checkpoint.key_id if row.checkpoint else None for row in rows],
            "Fingerprint of the newest event": [row.checkpoint.head if row.checkpoint else None for row in rows],
            "Line": [row.line for row in rows],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "Events": st.column_config.NumberColumn(width="small", format="%d"),
            "Line": st.column_config.NumberColumn(width="small", format="%d"),
        },
        alt="Signed checkpoints, newest first",
        key=f"audit_checkpoints_{wanted}",
    )
    if total > PAGE_SIZE:
        st.pagination(math.ceil(total / PAGE_SIZE), key=_PAGE, persist_state="page")


def _at(row: CheckedCheckpoint) -> str:
    return minute(from_text(row.checkpoint.at)) if row.checkpoint else "–"
