"""In the sandbox a visitor acts as whom they like, to see what each role sees and to try what takes two people."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from core.model.people import LOCAL, SANDBOX_PEOPLE, Actor, Role

KEY: Final = "act_as"

# Each is a person of their own: what the requester files, the approver may approve.
PEOPLE: Mapping[str, tuple[Actor, str]] = {
    "Administrator": (LOCAL, "Everything, and this machine's own user"),
    "Requester": (SANDBOX_PEOPLE[Role.REQUESTER], "Files requests and follows them"),
    "Approver": (SANDBOX_PEOPLE[Role.APPROVER], "Decides what others asked for"),
    "Auditor": (SANDBOX_PEOPLE[Role.AUDITOR], "Reads everything but identifiers"),
}


def person() -> Actor:
    """Whom the visitor acts as; the administrator until they choose.

    The choice is in the address of each page. On the first run it is there alone: the widget is drawn later.
    """
    chosen = st.session_state.get(KEY) or st.query_params.get(KEY)
    return PEOPLE.get(str(chosen), PEOPLE["Administrator"])[0]


def choose() -> None:
    """The choice; it lasts from page to page."""
    st.radio(
        "Act as",
        list(PEOPLE),
        captions=[caption for _, caption in PEOPLE.values()],
        key=KEY,
        bind="query-params",
        help="In the sandbox only: four different people, so that one visitor can try what takes two.",
    )
