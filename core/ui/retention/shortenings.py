"""Shortened retention periods that wait for a second person: what would be deleted, and the decision."""

import streamlit as st

from core.desk import DeskError
from core.desk.purposes import PendingShortening
from core.model.people import Action, Actor, NotAllowedError
from core.ui import session
from core.ui.findings import escape
from core.ui.retention.words import days_words
from core.ui.session import desk
from core.ui.words import minute, number

SHOWN = 20
_PROBLEM = "retention_decision_problem"


def show(person: Actor) -> None:
    """What waits; nothing at all where nothing does."""
    pending = desk().pending_shortenings(person)
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(escape(problem), icon=":material/error:")
    if not pending:
        return
    st.header("Waiting for a second person", anchor=False)
    for one in pending:
        with st.container(border=True):
            _one(person, one)


def _one(person: Actor, one: PendingShortening) -> None:
    approval, count = one.approval, len(one.changes)
    what = "a retention period" if count == 1 else f"{number(count)} retention periods"
    st.markdown(
        f":material/delete_forever: **{escape(approval.asked_by_name)} asks to shorten {what} at "
        f"{escape(one.connection)}**, {minute(approval.asked_at)}. The vendor then deletes what is older."
    )
    lines = [
        f"* {escape(c.name)}: {escape(days_words(c.before['retention_days']))} :material/arrow_forward: "
        f"**{escape(days_words(c.wanted['retention_days']))}**"
        for c in one.changes[:SHOWN]
    ]
    st.markdown("\n".join(lines))
    if count > SHOWN:
        st.caption(f"And {number(count - SHOWN)} more.")
    if approval.asked_by == person.id:
        st.caption("You asked for it, so somebody else decides.")
    elif not person.may(Action.APPROVE):
        st.caption("Somebody with the role of an approver decides.")
    else:
        _decision(one)


def _decision(one: PendingShortening) -> None:
    approval = one.approval
    with st.container(horizontal=True):
        st.button(
            f"Approve {approval.id}",
            key=f"retention_approve_{approval.id}",
            type="primary",
            icon=":material/how_to_reg:",
            on_click=_decide,
            args=(approval.id, approval.version, True),
        )
        with st.popover(f"Deny {approval.id}", icon=":material/block:", key=f"retention_deny_{approval.id}"):
            st.text_input("Why is it denied?", key=f"retention_ground_{approval.id}", max_chars=500)
            st.button(
                "Deny it",
                key=f"retention_denied_{approval.id}",
                type="primary",
                on_click=_decide,
                args=(approval.id, approval.version, False),
            )


def _decide(approval_id: str, version: int, approve: bool) -> None:
    ground = st.session_state.get(f"retention_ground_{approval_id}", "")
    try:
        desk().decide_shortening(session.actor(), approval_id, version=version, approve=approve, ground=ground)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)
