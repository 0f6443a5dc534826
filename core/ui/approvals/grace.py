"""Erasures in their grace period: how long each can still be stopped, and sending one now."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from core.desk import DeskError
from core.model.people import Action, Actor, NotAllowedError
from core.ui import links, session
from core.ui.contract_words import category_words
from core.ui.findings import escape
from core.ui.next_step import at
from core.ui.session import desk, require
from core.ui.words import number

SHOWN = 50
_SAID = "approvals_grace_said"


def show(person: Actor) -> None:
    """What waits to be sent; nothing at all where nothing does. Looks again by itself."""
    waiting = desk().in_grace(person, limit=SHOWN + 1)
    if waiting or st.session_state.get(_SAID):
        st.fragment(_list, run_every="5s")()


def one(person: Actor, request_id: str, until: datetime) -> None:
    """On the request's own page: until when it waits, and sending it now."""
    sent = at(until, desk().clock.now())
    st.info(f"It is in its grace period: sent {sent}, unless it is stopped before.", icon=":material/timer:")
    if person.may(Action.SEND_NOW):
        _send_button(request_id)


def _list() -> None:
    person = require(Action.VIEW_REQUESTS)  # asked again: roles change while a page is open
    waiting = desk().in_grace(person, limit=SHOWN + 1)
    st.header("About to be sent", anchor=False)
    if said := st.session_state.get(_SAID):
        st.info(escape(said), icon=":material/info:")
    if not waiting:
        st.markdown("Nothing is in its grace period any more.")
        return
    st.caption("Nothing has reached a vendor yet. Stop what is a mistake, or send it without waiting.")
    now = desk().clock.now()
    for one in waiting[:SHOWN]:
        request = one.request
        with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
            links.to_request(request.id)
            systems = dict.fromkeys(task.connection for task in request.tasks)
            st.text(
                f"{category_words(request.categories)} at {', '.join(systems)}, sent {at(one.until, now)}",
                width="stretch",
            )
            if person.may(Action.CANCEL):
                st.button(
                    f"Stop {request.id}",
                    key=f"grace_cancel_{request.id}",
                    icon=":material/cancel:",
                    on_click=_do,
                    args=("cancel", request.id),
                )
            if person.may(Action.SEND_NOW):
                _send_button(request.id)
    if len(waiting) > SHOWN:
        st.caption(f"And more than these {number(SHOWN)}.")


def _send_button(request_id: str) -> None:
    with st.popover("Send now", icon=":material/send:", key=f"grace_send_{request_id}"):
        st.markdown("It goes to the vendor at once and cannot be stopped any more.")
        st.button(
            f"Yes, send {request_id} now",
            key=f"grace_send_yes_{request_id}",
            type="primary",
            on_click=_do,
            args=("send", request_id),
        )


def _do(what: str, request_id: str) -> None:
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "cancel": (
            lambda: session.desk().cancel(session.actor(), request_id),
            f"{request_id} is cancelled. It will not be sent.",
        ),
        "send": (lambda: session.desk().send_now(session.actor(), request_id), f"{request_id} is sent now."),
    }
    act, done = acts[what]
    try:
        act()
    except (DeskError, NotAllowedError) as error:
        st.session_state[_SAID] = str(error)
    else:
        st.session_state[_SAID] = done
