"""Verifying the audit log from its page: what it proves in words, the check with its progress, and the verdict."""

import math

import streamlit as st

from core.desk import DeskError
from core.desk.verification import Verification
from core.model.people import Action, Actor, NotAllowedError
from core.store.background import WorkState
from core.ui import code_blocks, session
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import ago, minute, number

BAD_ROWS = 50
_PROBLEM = "audit_verify_problem"

_PROVES = """
* **Nothing was changed, removed or moved.** Each event carries a fingerprint (SHA-256) of itself and of the event
  before it, so that any change breaks the chain from there on.
* **Nothing was recomputed.** Each fingerprint is vouched for with a key that is not in the database. Whoever can write
  the database but lacks the key file cannot make a new chain that passes.
* **Nothing was cut off the end, and no old copy was put back.** While events are written, the desk signs a checkpoint
  every 100 events or 60 seconds into a file beside the database. Keep copies of that file elsewhere: it is as safe as
  the place it lies in.
* **It cannot prove** anything about the time after the newest checkpoint, nor against somebody who holds the database,
  the key file and every copy of the checkpoints.
* **It names no data subject.** A person appears as a pseudonym that only this desk can compute. Secrets are refused.
"""


def explain() -> None:
    with st.expander("What this log proves, and what it cannot", icon=":material/help:"):
        st.markdown(_PROVES)


def show(person: Actor) -> None:
    """The check that is under way, or the last verdict, whoever asked for it; and the button that asks anew."""
    newest = desk().verification(person)
    every = "1s" if newest and newest.runs else None
    st.fragment(_shown, run_every=every)(newest.id if newest else None, bool(every))


def _shown(known_id: str | None, ran: bool) -> None:
    person = require(Action.VIEW_AUDIT)
    newest = desk().verification(person)
    if (newest.id if newest else None, bool(newest and newest.runs)) != (known_id, ran):
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Verifying …" if ran else "Verify the whole log",
            key="verify",
            type="primary",
            icon=":material/verified_user:",
            disabled=ran,
            on_click=_start,
        )
        if newest and newest.runs:
            st.button("Stop", key="verify_stop", icon=":material/stop_circle:", on_click=_stop, args=(newest.id,))
    if problem := st.session_state.get(_PROBLEM):
        st.error(escape(problem), icon=":material/error:")
    if newest is None:
        st.caption("Nobody has verified the log from this page yet. A million events take a few seconds.")
    elif newest.runs:
        _progress(newest)
    else:
        _ended(person, newest)


def _start() -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        session.desk().start_verification(session.actor())
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)


def _stop(verification_id: str) -> None:
    session.desk().cancel_verification(session.actor(), verification_id)


def _progress(running: Verification) -> None:
    share = min(1.0, running.checked / running.events) if running.events else 0.0
    text = f"{number(running.checked)} of {number(running.events)} events checked …" if running.events else "Starting …"
    st.progress(share, text=text)
    since = ago(running.started_at, desk().clock.now())
    st.caption(
        escape(f"Asked for by {running.asked_by}, {since}.")
        + " It runs beside the server: you can leave the page, and it goes on."
    )


def _ended(person: Actor, last: Verification) -> None:
    by = escape(f"{minute(last.ended_at or last.started_at)}, asked for by {last.asked_by}")
    if last.state is WorkState.CANCELLED:
        st.info(f"The check was stopped, {by}. Half a check has no verdict.", icon=":material/stop_circle:")
    elif last.state is WorkState.FAILED:
        st.error(
            f"**The log could not be verified**, {by}. {escape(last.error)} Check the disk and the rights of the "
            "database and its checkpoint file, then verify again.",
            icon=":material/error:",
        )
    elif last.ok:
        events = "1 event" if last.events == 1 else f"{number(last.events)} events"
        st.success(f"**Every event is as it was written.** {events}, verified {by}.", icon=":material/verified_user:")
    else:
        rows = "1 event is" if last.bad_total == 1 else f"{number(last.bad_total)} events are"
        st.error(
            f"**{rows} not as written**, of {number(last.events)} in the log. Verified {by}. Keep the "
            "database, its checkpoints and the key file as they are, and tell whoever answers for security.",
            icon=":material/gpp_bad:",
        )
        _bad_rows(person, last)
    if last.state is WorkState.DONE:
        _open_ends(last)


def _bad_rows(person: Actor, last: Verification) -> None:
    """Every bad row, a page of them at a time."""
    pages = math.ceil(last.bad_total / BAD_ROWS)
    page = st.pagination(pages, key=f"audit_bad_page_{last.id}") if pages > 1 else 1
    bad = desk().bad_rows(person, (page - 1) * BAD_ROWS, BAD_ROWS)
    st.dataframe(
        {"No.": [row.seq for row in bad], "Why": [row.why for row in bad]},
        hide_index=True,
        column_config={
            "No.": st.column_config.NumberColumn(width="small", format="%d"),
            "Why": st.column_config.TextColumn(width="large"),
        },
        alt="Events that are not as they were written",
        key=f"audit_bad_rows_{last.id}_{page}",
    )


def _open_ends(last: Verification) -> None:
    if last.cannot_prove:
        st.markdown("What this check cannot prove")
        for sentence in last.cannot_prove:
            st.text(sentence)
    if last.head:
        st.caption("The newest event's fingerprint. Compare it with the one that you noted elsewhere.")
        code_blocks.show(last.head)
