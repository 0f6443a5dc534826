"""Who is at the page, and the desk they talk to."""

import streamlit as st

from core.desk import Desk
from core.model.people import LOCAL, Action, Actor
from core.ui import acting, sign_in


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """The one desk of this server. It opens a short connection for each question, so that sharing it is safe."""
    return Desk.open()


def actor(*, at_the_door: bool = False) -> Actor:
    """The person at the page, with the roles they have now; without one, the page ends here (see `sign_in.visit`).

    Where no sign-in is configured the server is for one machine, and its user is the administrator; in the sandbox
    they may act as somebody else.
    """
    here = desk()
    if here.settings.sign_in is not None:
        return sign_in.visit(here, at_the_door=at_the_door).actor
    return acting.person() if here.settings.in_sandbox else LOCAL


def require(action: Action) -> Actor:
    """The person at the page, if they may do what the page is for; else the page ends here and says so.

    Hiding is a courtesy: the desk checks each action again.
    """
    person = actor()
    if not person.may(action):
        st.title("Not for your role", anchor=False)  # a page without a heading is lost to a screen reader
        st.error("You do not have access to this page. Ask an administrator for a role.", icon=":material/lock:")
        st.stop()
    return person
