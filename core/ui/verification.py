"""Verifying the audit log from its page: what it proves in words, the check with its progress, and the verdict."""

from datetime import datetime

import streamlit as st

from core.model.people import Actor
from core.store.audit import Verdict
from core.store.snapshot import UnreadableDatabaseError
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import minute, number

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


def button(person: Actor) -> None:
    """A button that checks every event, with progress, and the verdict that stays until the next one."""
    if st.button("Verify the whole log", key="verify", type="primary", icon=":material/verified_user:"):
        _verify(person)
    if "verdict" in st.session_state:
        verdict, at = st.session_state.verdict
        _verdict(verdict, at)


def _verify(person: Actor) -> None:
    bar = st.progress(0.0, text="Checking the chain …")

    def told(checked: int, total: int) -> bool:
        bar.progress(min(1.0, checked / max(total, 1)), text=f"{number(checked)} of {number(total)} events checked …")
        return True

    try:
        st.session_state.verdict = (desk().verify_audit(person, told), desk().clock.now())
    except (UnreadableDatabaseError, OSError) as error:
        st.session_state.pop("verdict", None)
        st.error(
            f"The log could not be read: {escape(str(error))}. Check the disk and the rights of the database and its "
            "checkpoint file, then verify again.",
            icon=":material/error:",
        )
    bar.empty()


def _verdict(verdict: Verdict, at: datetime) -> None:
    if verdict.ok:
        events = "1 event" if verdict.events == 1 else f"{number(verdict.events)} events"
        st.success(
            f"**Every event is as it was written.** {events}, verified {minute(at)}.", icon=":material/verified_user:"
        )
    else:
        rows = "1 event is" if len(verdict.bad) == 1 else f"{number(len(verdict.bad))} events are"
        st.error(
            f"**{rows} not as written**, of {number(verdict.events)} in the log. Verified {minute(at)}. Keep the "
            "database, its checkpoints and the key file as they are, and tell whoever answers for security.",
            icon=":material/gpp_bad:",
        )
        st.dataframe(
            {"No.": [row.seq for row in verdict.bad], "Why": [row.why for row in verdict.bad]},
            hide_index=True,
            column_config={
                "No.": st.column_config.NumberColumn(width="small", format="%d"),
                "Why": st.column_config.TextColumn(width="large"),
            },
            alt="Events that are not as they were written, and why",
        )
    with st.expander("What this verification could not prove, and its fingerprint", icon=":material/rule:"):
        for sentence in verdict.cannot_prove or ["Nothing is left open."]:
            st.markdown(f"* {escape(sentence)}")
        st.caption("Fingerprint of the newest event (the head of the chain). Note it elsewhere to compare later:")
        st.code(verdict.head or "none: the log is empty", language=None, wrap_lines=True)
