"""The kill switch as people see it: the banner on every page while it is on, and the switch itself on the overview."""

from collections.abc import Callable

import streamlit as st

from core.desk import DeskError
from core.desk.connections import RESUME_WORD
from core.model.people import Action, Actor, NotAllowedError
from core.store.kill_switch import KillSwitch
from core.ui import session
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import minute

_REASON, _TYPED, _PROBLEM = "stop_reason", "resume_typed", "stop_problem"


def banner(person: Actor) -> None:
    """Red, on every page, while everything is stopped; it appears and goes by itself within seconds."""
    if person.may(Action.VIEW_CONNECTIONS):
        _banner()


@st.fragment(run_every="5s")
def _banner() -> None:
    person = session.actor()
    switch = desk().kill_switch(person) if person.may(Action.VIEW_CONNECTIONS) else None
    if switch is None:
        return
    st.error(
        f"**Everything is stopped: nothing is sent to any vendor, and none is asked.** {_by(switch)} "
        f"{_how_to_go_on(person)}",
        icon=":material/front_hand:",
    )


def _by(switch: KillSwitch) -> str:
    return f"{escape(switch.by_name)} stopped it on {minute(switch.at)}: {escape(switch.reason)}."


def _how_to_go_on(person: Actor) -> str:
    if person.may(Action.RESUME_SENDING):
        return 'What waits is kept. To go on, open the Overview and choose "Go on with everything".'
    return "What waits is kept. An approver or administrator can let it go on, from the Overview."


def panel(person: Actor) -> None:
    """The switch: stop with a reason; go on after typing a word."""
    switch = desk().kill_switch(person)
    if switch is not None:
        _resume(person)
    elif person.may(Action.STOP_SENDING):
        with st.popover("Stop everything", icon=":material/front_hand:"), st.form("stopping", border=False):
            st.markdown(
                "Nothing is sent to any vendor from now on, and none is asked, until an approver or administrator "
                "lets it go on. Calls that are out are seen to their end. What waits is kept."
            )
            st.text_input("Why is everything stopped?", key=_REASON, max_chars=200, help="Shown to everybody here.")
            _problem()
            st.form_submit_button("Stop everything now", key="stop_all", type="primary", on_click=_stop, args=(person,))


def _resume(person: Actor) -> None:
    if not person.may(Action.RESUME_SENDING):
        return
    with st.popover("Go on with everything", icon=":material/play_arrow:"), st.form("resuming", border=False):
        st.markdown(
            "Everything that waits goes out as fast as each vendor's limit allows. Connections that are paused by "
            "themselves stay paused."
        )
        st.text_input(f"Type {RESUME_WORD} to confirm", key=_TYPED, max_chars=20)
        _problem()
        st.form_submit_button("Go on", key="resume_all", type="primary", on_click=_go_on, args=(person,))


def _stop(person: Actor) -> None:
    _attempt(lambda: desk().stop_all(person, reason=st.session_state[_REASON]))


def _go_on(person: Actor) -> None:
    _attempt(lambda: desk().resume_all(person, typed=st.session_state[_TYPED]))


def _attempt(action: Callable[[], object]) -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        action()
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)


def _problem() -> None:
    if problem := st.session_state.get(_PROBLEM):
        st.error(escape(problem), icon=":material/error:")
