"""One batch, as far as it is: its columns, its check, the decision, and what becomes of its rows."""

import streamlit as st

from core.model.batches import Batch, BatchState
from core.model.people import Action, Actor
from core.ui.batches import columns, deciding, moves, running
from core.ui.batches.words import WORK_WORDS, rows, standing
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import minute, number


def show(person: Actor, batch_id: str) -> None:
    batch = desk().batch(person, batch_id.strip().upper())
    if batch is None:
        st.title("Batches", anchor=False)
        st.error(f"There is no batch {escape(batch_id[:40])}. Check the address.", icon=":material/error:")
        moves.to_batches()
        return
    moves.to_batches()
    st.title(batch.id, anchor=False)
    st.text(_about(batch))
    moves.problem()
    if batch.problem:
        st.error(escape(batch.problem), icon=":material/error:")
    if batch.state is BatchState.DISCARDED:
        st.info(
            "This batch was discarded, and what was in the file is gone. Nothing of it was filed.",
            icon=":material/delete:",
        )
    elif batch.work and batch.state is not BatchState.ACCEPTED:
        st.fragment(_work, run_every="1s")(batch.id)
        if batch.state is BatchState.ACCEPTING:
            running.show(person, batch)
    elif batch.state is BatchState.ACCEPTED:
        running.show(person, batch)
    elif not person.may(Action.SUBMIT):
        st.info(
            "Somebody who may submit requests decides about this batch. Nothing of it is filed yet.",
            icon=":material/hourglass:",
        )
    elif batch.state is BatchState.UPLOADED:
        columns.show(batch)
    else:
        deciding.show(person, batch)


def _work(batch_id: str) -> None:
    """How far the work is; the page is drawn anew once it is done."""
    batch = desk().batch(require(Action.VIEW_REQUESTS), batch_id)
    if batch is None or not batch.work:
        st.rerun()
        return
    total = max(1, batch.rows if batch.state is BatchState.CHECKING else batch.good)
    share = min(1.0, batch.done / total)
    st.progress(share, f"{WORK_WORDS[batch.work]}: {number(min(batch.done, total))} of {rows(total)}")
    if not desk().worker_is_alive():
        st.warning(
            "The worker is not running, so nothing goes on until it is started again. Nothing is lost meanwhile.",
            icon=":material/warning:",
        )
    else:
        st.caption("You can leave this page or close it; the work goes on.")


def _about(batch: Batch) -> str:
    name = f"{' '.join((batch.file_name or '').split())[:80]}, " if batch.file_name else ""
    return f"{standing(batch)}. {name}uploaded by {batch.created_by_name}, {minute(batch.created_at)}"
