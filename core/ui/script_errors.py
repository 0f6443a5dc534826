"""When a page fails: a number on the page, and under the same number in the log where it was."""

import logging
import secrets

import streamlit as st

log = logging.getLogger(__name__)


def show_error_id(error: Exception) -> bool:
    """Log where a page failed (see `core.logs.describe`), and show the number to ask for.

    Returns True: Streamlit then shows and logs nothing of its own.
    """
    error_id = secrets.token_hex(4)
    log.error("a page failed", exc_info=error, extra={"error_id": error_id})
    st.error(
        "Something went wrong, and this page stopped here. Reload it to try again. If it happens again, "
        f"give your administrator the number {error_id}: the log says more under it.",
        icon=":material/error:",
    )
    return True
