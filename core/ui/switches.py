"""What a person does with a connection: test its token, pause it with a reason, resume it."""

from collections.abc import Callable

import streamlit as st

from core.desk import ConnectionView, DeskError, TokenTest
from core.model.people import Action, Actor, NotAllowedError
from core.ui.connections import pause_words
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import minute


def token_test(person: Actor, view: ConnectionView) -> None:
    """A button that asks the vendor for a token now, and what came of it."""
    if not person.may(Action.OPERATE_CONNECTIONS):
        st.caption("Ask an administrator to test the token of this connection.")
        return
    key = f"token_test_{view.name}"
    if st.button("Test the token", key=f"test_{view.name}", icon=":material/key:"):
        longest = f"{view.settings.timeout_seconds:g} seconds"
        with st.spinner(f"Asking for a token; this takes {longest} at most …"):
            try:
                st.session_state[key] = (desk().test_token(person, view.name), desk().clock.now())
            except (DeskError, NotAllowedError) as error:
                st.error(escape(str(error)), icon=":material/error:")
    if key in st.session_state:
        test, at = st.session_state[key]
        _result(test, minute(at))


def _result(test: TokenTest, at: str) -> None:
    took = f"Tested {at}, in {test.elapsed_ms} ms."
    if test.ok:
        until = f" It is good until {minute(test.valid_until)}." if test.valid_until else ""
        st.success(f"{escape(test.message)}{until} {took}", icon=":material/check_circle:")
    else:
        st.error(f"**{escape(test.message)}** {escape(test.advice)} {took}", icon=":material/error:")


def pause(person: Actor, view: ConnectionView) -> None:
    """The pause switch; a reason is needed, so that colleagues know."""
    if view.paused:
        st.markdown(f"Paused: {escape(pause_words(view))}.")
    name = view.name
    if view.settings.paused:
        st.caption("Take PAUSED out of the settings of this connection and start the server again to resume it.")
    elif view.paused and not person.may(Action.RESUME_SENDING):
        st.caption("An approver or administrator can let it go on.")
    elif not view.paused and not person.may(Action.STOP_SENDING):
        return
    elif view.paused:
        st.button("Resume", key=f"resume_{name}", icon=":material/play_arrow:", on_click=_resume, args=(person, name))
    else:
        with st.popover("Pause", icon=":material/pause:"), st.form(f"pausing_{name}", border=False):
            st.text_input(
                "Why is it paused?", key=f"reason_{name}", max_chars=200, help="Shown to colleagues. No personal data."
            )
            _problem(name)
            st.form_submit_button(
                "Pause now", key=f"pause_{name}", type="primary", on_click=_pause, args=(person, name)
            )
        return
    _problem(name)


def _pause(person: Actor, name: str) -> None:
    reason = st.session_state[f"reason_{name}"].strip()
    if reason:
        _attempt(name, lambda: desk().pause(person, name, reason=reason))
    else:
        st.session_state[f"problem_{name}"] = "Say why, so that colleagues know what to wait for."


def _resume(person: Actor, name: str) -> None:
    _attempt(name, lambda: desk().resume(person, name))


def _attempt(name: str, action: Callable[[], None]) -> None:
    st.session_state.pop(f"problem_{name}", None)
    try:
        action()
    except (DeskError, NotAllowedError) as error:
        st.session_state[f"problem_{name}"] = str(error)


def _problem(name: str) -> None:
    if problem := st.session_state.get(f"problem_{name}"):
        st.error(escape(problem), icon=":material/error:")
