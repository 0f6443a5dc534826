"""Signing in: what stands on a page for somebody who is not signed in, may not come in, or has no role yet."""

from typing import Final, NoReturn

import streamlit as st

from core.desk import Desk, Visit
from core.model.people import Actor, NotAllowedError, SessionEndedError
from core.ui import code_blocks
from core.ui.words import minute

TITLE: Final = "Privacy Desk"


def _begin_anew() -> NoReturn:
    st.rerun(scope="app")


def visit(desk: Desk, *, at_the_door: bool = False) -> Visit:
    """Who is signed in. Without anybody the page ends here.

    At the door, where each run of the whole page begins, the way in is then shown, and nothing else. Anywhere else
    (a part that refreshes by itself, a button's callback) the run ends and the whole page begins anew: at the door.
    """
    if st.user.get("is_logged_in"):
        try:
            found = desk.enter(st.user.to_dict())
        except SessionEndedError as ended:
            if at_the_door:
                _ask_again(str(ended))
        except NotAllowedError as refused:
            if at_the_door:
                _turn_away(str(refused))
        else:
            if found.actor.roles or at_the_door:
                return found
    elif at_the_door:
        _ask()
    _begin_anew()


def check_role(desk: Desk, person: Actor) -> None:
    """The page ends here for somebody who is signed in and has no role; it says whom to ask, and with what."""
    if person.roles:
        return
    st.title("You have no role yet", anchor=False)
    st.markdown(
        "You are signed in, and an administrator now sees you on the **People** page among those who wait. "
        "Ask them for a role; it counts from your next click, without signing in again."
    )
    st.text(f"You are {person.name}, and the sign-in provider knows you as")
    code_blocks.show(person.subject)
    with st.container(horizontal=True):
        st.button("Look again", icon=":material/refresh:", key="look_again")
        _sign_out(desk, person)
    st.stop()


def card(desk: Desk, person: Actor) -> None:
    """Who is signed in, as what, until when, and the way out."""
    st.text(person.name)
    st.caption(", ".join(sorted(role.capitalize() for role in person.roles)))
    st.caption(f"Signed in until {minute(visit(desk).until)}")
    _sign_out(desk, person)


def again() -> None:
    """The button that leads to the provider and back to this page."""
    st.button("Sign in again", on_click=st.login, type="primary", icon=":material/login:", key="sign_in_again")


def _ask() -> NoReturn:
    st.title(TITLE, anchor=False)
    st.markdown("Sign in with your organisation's account to go on.")
    st.button("Sign in", on_click=st.login, type="primary", icon=":material/login:", key="sign_in")
    st.stop()


def _ask_again(why: str) -> NoReturn:
    st.title(TITLE, anchor=False)
    st.warning(f"{why} Sign in again to go on where you were.", icon=":material/timer_off:")
    again()
    st.stop()


def _turn_away(why: str) -> NoReturn:
    st.title(TITLE, anchor=False)
    st.error(f"{why} Ask the desk's administrator.", icon=":material/lock:")
    st.button("Sign out", on_click=st.logout, icon=":material/logout:", key="sign_out")
    st.stop()


def _sign_out(desk: Desk, person: Actor) -> None:
    def leave() -> None:
        desk.leave(person)
        st.logout()

    st.button("Sign out", on_click=leave, icon=":material/logout:", key="sign_out")
