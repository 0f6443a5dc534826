"""What the check has found, and the decision: nothing, the good rows, or all of them."""

import math

import streamlit as st

from core.model.batches import TYPE_THE_COUNT_FROM, Batch
from core.model.people import Action, Actor
from core.ui import session
from core.ui.batches import columns, moves
from core.ui.batches.words import FIELD_WORDS, rows
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import number

PAGE_SIZE = 10
_COLUMNS = "batch_columns_again"


def show(person: Actor, batch: Batch) -> None:
    """The check's result, its findings by line, and the way on."""
    if st.session_state.get(_COLUMNS) == batch.id:
        columns.show(batch)
        return
    with st.container(horizontal=True):
        st.metric("Good", number(batch.good), border=True, help="Rows that can be accepted.")
        st.metric("Rejected", number(batch.rejected), border=True, help="Rows with something to put right.")
        st.metric(
            "Duplicates",
            number(batch.duplicates),
            border=True,
            help="Rows that another row, or an open request, asks the same of for the same person and system.",
        )
    if batch.findings:
        findings(person, batch)
    else:
        st.success("Every row is in order.", icon=":material/check_circle:")
    _decide(batch)


def findings(person: Actor, batch: Batch) -> None:
    """Every finding by line, a page at a time, and the rows behind them as a file."""
    st.header("What is wrong", anchor=False)
    if batch.rules:
        counts = [
            f"{FIELD_WORDS.get(field, field)}: {_rule(rule)} ({number(count)})" for field, rule, count in batch.rules
        ]
        st.caption(escape(" · ".join(counts[:8])))
    pages = math.ceil(batch.findings / PAGE_SIZE)
    page = st.pagination(pages, key=f"findings_{batch.id}") if pages > 1 else 1
    found = desk().batch_findings(person, batch.id, page=page, page_size=PAGE_SIZE)
    if not found:
        st.caption("The findings were kept for a week and are gone.")
        return
    st.table(
        {
            "Line": [str(one.line) for one in found],
            "Field": [escape(FIELD_WORDS.get(one.finding.field, one.finding.field)) for one in found],
            "What is wrong": [escape(one.finding.message) for one in found],
            "What to do": [escape(one.finding.fix) for one in found],
        },
        border="horizontal",
        hide_index=True,
        alt="Findings by line of the file",
    )
    if (batch.rejected or batch.duplicates) and person.may(Action.SEE_IDENTIFIERS):
        st.download_button(
            "Rejected rows, to correct and upload again",
            lambda: desk().rejected_rows(session.actor(), batch.id).encode("utf-8-sig"),
            f"{batch.id}-rejected.csv",
            "text/csv",
            key="batch_rejected",
            icon=":material/download:",
            on_click="ignore",
        )


def _decide(batch: Batch) -> None:
    st.header("What to do", anchor=False)
    bad = batch.rejected + batch.duplicates
    if batch.good:
        if bad:
            st.markdown(f"{rows(batch.good)} can be accepted, {rows(bad)} cannot and are left out.")
        limit = st.number_input(
            "Tasks within an hour at the most (optional)",
            min_value=1,
            value=None,
            step=1,
            key=f"batch_limit_{batch.id}",
            placeholder="As fast as the vendors allow",
            help="Bounds what a mistake can do before somebody stops it. It can be changed later.",
        )
        _pace(batch, limit)
        if batch.good >= TYPE_THE_COUNT_FROM:
            st.text_input(
                f"Type {batch.good} to confirm the number of rows", key=f"batch_typed_{batch.id}", autocomplete="off"
            )
    with st.container(horizontal=True, vertical_alignment="center"):
        if batch.good:
            label = (
                f"Accept the {rows(batch.good)} that are good"
                if bad and batch.good > 1
                else f"Accept {rows(batch.good)}"
            )
            st.button(
                label,
                type="primary",
                icon=":material/playlist_add_check:",
                key="batch_accept",
                on_click=_accept,
                args=(batch,),
            )
        else:
            st.info("No row can be accepted. Correct the file and upload it again.", icon=":material/info:")
        st.button("Change the columns", key="batch_columns", on_click=_columns_again, args=(batch.id,))
        st.button("Discard the file", type="tertiary", key="batch_discard", on_click=_discard, args=(batch,))


def _pace(batch: Batch, limit: int | None) -> None:
    """How long sending takes at the slowest limit."""
    known = desk().connections()
    limits = [known[name].limit_per_minute for name in batch.connections if name in known]
    per_hour = min([60 * one for one in limits] + ([limit] if limit else []), default=0)
    hours = batch.good / per_hour if per_hour else 0
    if hours >= 0.1:
        unit = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
        st.caption(f"At {number(per_hour)} an hour, sending takes about {unit}.")


def _accept(batch: Batch) -> None:
    state = st.session_state
    moves.do(
        lambda: desk().accept_batch(
            session.actor(),
            batch.id,
            only_good=True,
            typed=state.get(f"batch_typed_{batch.id}") or "",
            limit_per_hour=state.get(f"batch_limit_{batch.id}"),
            version=batch.version,
        )
    )


def _columns_again(batch_id: str) -> None:
    st.session_state[_COLUMNS] = batch_id


def _discard(batch: Batch) -> None:
    if moves.do(lambda: desk().discard_batch(session.actor(), batch.id, version=batch.version)):
        st.query_params.clear()


def _rule(rule: str) -> str:
    return rule.replace("_", " ")
