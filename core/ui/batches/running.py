"""What becomes of an accepted batch: how many tasks stand where, and what can be done about the rest of it."""

import streamlit as st

from core.model.batches import TYPE_THE_COUNT_FROM, Batch, BatchState, Work
from core.model.people import Action, Actor
from core.model.privacy_requests import TERMINAL, TaskState
from core.ui import links, session, waiting
from core.ui.batches import deciding, moves
from core.ui.batches.words import WORK_WORDS, rows, tasks
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import STATE_ICONS, STATE_WORDS, number


def show(person: Actor, batch: Batch) -> None:
    """Counts that keep themselves up to date, the switches, the result, and what was left out."""
    moving = bool(batch.work) or not batch.is_over
    st.fragment(_counts, run_every="2s" if moving else None)(batch.id, batch.work, was_over=batch.is_over)
    _switches(person, batch)
    _files(batch)
    if batch.findings and person.may(Action.SUBMIT):
        with st.expander(f"{rows(batch.rejected + batch.duplicates)} left out"):
            deciding.findings(person, batch)


def _counts(batch_id: str, was: Work, *, was_over: bool) -> None:
    person = require(Action.VIEW_REQUESTS)
    batch = desk().batch(person, batch_id)
    assert batch is not None  # noqa: S101 - batches are never deleted
    if (batch.work, batch.is_over) != (was, was_over):
        st.rerun()  # the switches are not the same any more
    total = sum(batch.states.values())
    ended = sum(count for state, count in batch.states.items() if state in TERMINAL)
    if batch.work and batch.state is BatchState.ACCEPTED:
        st.caption(f"{WORK_WORDS[batch.work]} …")
    if batch.state is BatchState.ACCEPTED:
        st.progress(ended / total if total else 1.0, f"{number(ended)} of {tasks(total)} ended")
        st.caption(f"{rows(batch.accepted)} accepted by {escape(batch.accepted_by_name or '')}.")
    for note in _notes(person, batch):
        st.info(escape(note), icon=":material/hourglass:")
    with st.container(gap="xxsmall"):
        for state in TaskState:
            if count := batch.states.get(state):
                st.page_link(
                    links.PAGES / "track_requests.py",
                    label=f"{number(count)} {STATE_WORDS[state].lower()}",
                    icon=STATE_ICONS[state],
                    query_params={"batch": batch.id},
                )


def _notes(person: Actor, batch: Batch) -> list[str]:
    """Why the batch stands still, or goes slowly, where it does."""
    if batch.is_over:
        waits = batch.states.get(TaskState.AWAITING_APPROVAL)
        return ["Its erasures wait for a second person's approval, as one decision."] if waits else []
    notes = []
    if batch.paused_at:
        notes.append("Paused: nothing more is sent until it is resumed. What the vendor has goes on.")
    elif batch.limit_per_hour and batch.states.get(TaskState.QUEUED):
        notes.append(f"At most {tasks(batch.limit_per_hour)} are sent within an hour.")
    if batch.states.get(TaskState.QUEUED):
        notes += dict.fromkeys(waiting.reasons(person, set(desk().connections())).values())
    return notes


def _switches(person: Actor, batch: Batch) -> None:
    open_tasks = sum(count for state, count in batch.states.items() if state not in TERMINAL)
    if batch.cancelled_at or (batch.state is BatchState.ACCEPTED and not open_tasks):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if batch.paused_at and (person.may(Action.RESUME_SENDING) or person.id == batch.paused_by):
            st.button("Resume", key="batch_resume", icon=":material/play_arrow:", on_click=_resume, args=(batch.id,))
        elif not batch.paused_at and person.may(Action.STOP_SENDING):
            st.button("Pause", key="batch_pause", icon=":material/pause:", on_click=_pause, args=(batch.id,))
        if person.may(Action.SUBMIT):
            with st.popover("Limit per hour", icon=":material/speed:"):
                st.number_input(
                    "Tasks within an hour at the most",
                    min_value=1,
                    value=batch.limit_per_hour,
                    step=1,
                    key=f"batch_new_limit_{batch.id}",
                    placeholder="As fast as the vendors allow",
                )
                st.button("Set the limit", key="batch_limit", on_click=_limit, args=(batch.id,))
        if person.may(Action.CANCEL):
            with st.popover("Cancel what was not sent", icon=":material/cancel:"):
                st.markdown("Everything that no vendor has, or may have, is cancelled. It cannot be undone.")
                if sum(batch.states.values()) >= TYPE_THE_COUNT_FROM:
                    st.text_input(f"Type {batch.id} to confirm", key=f"batch_cancel_{batch.id}", autocomplete="off")
                st.button("Cancel it", key="batch_cancel", type="primary", on_click=_cancel, args=(batch.id,))


def _files(batch: Batch) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if batch.accepted:
            links.to_requests("Find its requests", {"batch": batch.id})
        if batch.state is BatchState.ACCEPTED and batch.accepted:
            st.download_button(
                "Result, row by row",
                lambda: desk().batch_result(session.actor(), batch.id).encode("utf-8-sig"),
                f"{batch.id}-result.csv",
                "text/csv",
                key="batch_result",
                icon=":material/download:",
                help="No identifier is in it. Who takes it is written into the audit log.",
                on_click="ignore",
            )


def _pause(batch_id: str) -> None:
    moves.do(lambda: desk().pause_batch(session.actor(), batch_id))


def _resume(batch_id: str) -> None:
    moves.do(lambda: desk().resume_batch(session.actor(), batch_id))


def _limit(batch_id: str) -> None:
    limit = st.session_state.get(f"batch_new_limit_{batch_id}")
    moves.do(lambda: desk().limit_batch(session.actor(), batch_id, limit))


def _cancel(batch_id: str) -> None:
    typed = st.session_state.get(f"batch_cancel_{batch_id}") or ""
    moves.do(lambda: desk().cancel_batch(session.actor(), batch_id, typed=typed))
