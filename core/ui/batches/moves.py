"""From one batch to another and back, and what an action had to say: kept apart from the widgets that it redraws."""

from collections.abc import Callable

import streamlit as st

from core.desk import DeskError
from core.model.people import NotAllowedError
from core.ui.findings import escape

BATCH = "batch"
_PROBLEM = "batch_problem"


def open_batch(batch_id: str) -> None:
    """Show this batch from the next run on."""
    st.query_params[BATCH] = batch_id


def to_batches() -> None:
    """The way back. No link: one to the page that is open would leave the batch in the address."""
    st.button(
        "All batches", key="batch_back", type="tertiary", icon=":material/arrow_back:", on_click=st.query_params.clear
    )


def do(action: Callable[[], object]) -> bool:
    """An action of the desk; what keeps it from being done is said when the page is drawn next."""
    try:
        action()
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)
        return False
    return True


def problem() -> None:
    """What kept the last action from being done."""
    if said := st.session_state.pop(_PROBLEM, None):
        st.error(escape(said), icon=":material/error:")
