"""When a page fails: what the person may know of it, and for what nobody foresaw a number that the log has too."""

import logging
import secrets

import streamlit as st

from core.model.people import NotAllowedError, SessionEndedError
from core.ui import sign_in

log = logging.getLogger(__name__)


def show_error_id(error: Exception) -> bool:
    """Log where a page failed (see `core.logs.describe`), and show the number to ask for.

    Somebody whose session is over, or who lost a role while the page was open, is told that instead: the desk said
    no before anything was done. Returns True: Streamlit then shows and logs nothing of its own.
    """
    if isinstance(error, SessionEndedError):
        st.warning(f"{error} Nothing was changed. Sign in again to go on where you were.", icon=":material/timer_off:")
        sign_in.again()
        return True
    if isinstance(error, NotAllowedError):
        st.error(f"{error} Nothing was changed.", icon=":material/lock:")
        return True
    error_id = secrets.token_hex(4)
    log.error("a page failed", exc_info=error, extra={"error_id": error_id})
    st.error(
        "Something went wrong, and this page stopped here. Reload it to try again. If it happens again, "
        f"give your administrator the number {error_id}: the log says more under it.",
        icon=":material/error:",
    )
    return True
