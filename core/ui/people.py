"""The people page: who signed in, who waits for a role, and what an administrator changes about it."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from core.desk import DeskError, PersonView
from core.model.people import Action, Actor, Role
from core.ui import code_blocks
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import ago, minute, number

ROLE_WORDS: Final = {
    Role.REQUESTER: "Requester",
    Role.APPROVER: "Approver",
    Role.AUDITOR: "Auditor",
    Role.ADMINISTRATOR: "Administrator",
}
ROLE_HELP: Final = {
    Role.REQUESTER: "Files requests and retention purposes, and follows them",
    Role.APPROVER: "Decides what others asked for, never what they asked for themselves",
    Role.AUDITOR: "Reads everything, the audit log too, with identifiers masked",
    Role.ADMINISTRATOR: "Everything, and who may do what",
}
_SAID: Final = "people_said"


def no_sign_in() -> None:
    """What stands here where nobody can sign in."""
    st.header("Nobody signs in here yet", anchor=False)
    st.markdown(
        "This desk serves its own machine, and whoever uses that is its administrator. To work with others, connect "
        "it to your organisation's sign-in (OpenID Connect: Entra ID, Keycloak, Okta, Google and others) with these "
        "settings, and restart it. The README says how, step by step."
    )
    code_blocks.show(
        "PRIVACY_DESK_PUBLIC_URL=https://desk.example.com\n"
        "PRIVACY_DESK_SIGN_IN__METADATA_URL=https://login.example.com/.well-known/openid-configuration\n"
        "PRIVACY_DESK_SIGN_IN__CLIENT_ID=privacy-desk\n"
        "PRIVACY_DESK_SIGN_IN__CLIENT_SECRET=…\n"
        "PRIVACY_DESK_SIGN_IN__COOKIE_SECRET=…          # openssl rand -hex 32\n"
        'PRIVACY_DESK_SIGN_IN__ADMINISTRATORS=["…"]    # your own subject id, to begin with'
    )
    if desk().settings.in_sandbox:
        st.markdown("In the sandbox, **Act as** in the sidebar shows what each role sees.")


def waiting(views: list[PersonView]) -> None:
    """Those who signed in and can do nothing yet."""
    count = sum(view.waits for view in views)
    if count:
        who = "One person waits" if count == 1 else f"{number(count)} people wait"
        st.info(f"{who} for a role. They stand first in the list.", icon=":material/hourglass:")


def table(views: list[PersonView]) -> None:
    """Everybody, with each role and where it comes from."""
    now = desk().clock.now()
    rows = [
        {
            "Name": view.person.name,
            "Account": view.person.account,
            "Access": _access(view),
            "Last sign-in": ago(view.person.last_seen_at, now),
            "First sign-in": minute(view.person.first_seen_at),
            "Subject": view.person.subject,
        }
        for view in views
    ]
    st.dataframe(rows, hide_index=True, alt="People, their access and their sign-ins", key="people_table")


def change(person: Actor, views: list[PersonView]) -> None:
    """One person's roles, and whether they may come in at all."""
    if not person.may(Action.MANAGE_PEOPLE):
        return
    st.header("Change access", anchor=False)
    _said()
    by_id = {view.person.id: view for view in views}
    chosen = st.selectbox("Person", list(by_id), format_func=lambda key: _label(by_id[key]), key="people_person")
    view = by_id[chosen]
    with st.form("people_roles", border=False):
        ticked = {role: _tick(view, role) for role in Role}
        st.form_submit_button(
            f"Save the roles of {escape(view.person.name)}",
            type="primary",
            key="people_save",
            on_click=_do,
            args=[lambda: _save(person, view), f"The roles of {view.person.name} are saved."],
        )
    for role, source in ticked.items():
        if source:
            st.caption(f"{ROLE_WORDS[role]} comes from {source}; change it there.")
    if view.person.suspended_at:
        st.button(
            "End the suspension",
            icon=":material/lock_open:",
            key="people_reinstate",
            on_click=_do,
            args=[lambda: desk().reinstate(person, chosen), f"{view.person.name} may come in again."],
        )
    else:
        st.button(
            "Suspend",
            icon=":material/block:",
            key="people_suspend",
            help="From their next click on they can do nothing, whatever the sign-in provider says.",
            on_click=_do,
            args=[lambda: desk().suspend(person, chosen), f"{view.person.name} is suspended."],
        )


def _tick(view: PersonView, role: Role) -> str | None:
    """A box for the role. Returns where the role comes from, if not from here."""
    elsewhere = _elsewhere(view, role)
    st.checkbox(
        ROLE_WORDS[role],
        value=elsewhere is not None or role in view.person.given,
        disabled=elsewhere is not None,
        help=ROLE_HELP[role],
        key=_key(view, role),
    )
    return elsewhere


def _elsewhere(view: PersonView, role: Role) -> str | None:
    if role in view.person.claimed:
        return "the sign-in provider"
    return "the desk's settings" if view.bootstrap and role is Role.ADMINISTRATOR else None


def _save(person: Actor, view: PersonView) -> None:
    for role in Role:
        if _elsewhere(view, role):
            continue
        wanted = bool(st.session_state.get(_key(view, role)))
        if wanted and role not in view.person.given:
            desk().give_role(person, view.person.id, role)
        elif not wanted and role in view.person.given:
            desk().take_role(person, view.person.id, role)


def _do(action: Callable[[], None], done: str) -> None:
    try:
        action()
    except DeskError as refused:
        st.session_state[_SAID] = (False, str(refused))
    else:
        st.session_state[_SAID] = (True, done)


def _said() -> None:
    """What came of the last change; names are people's own text, and no markdown."""
    done, text = st.session_state.pop(_SAID, (True, ""))
    if text:
        icon = ":material/check_circle:" if done else ":material/error:"
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(icon, width="content")
            st.text(text)


def _access(view: PersonView) -> str:
    if view.person.suspended_at:
        return "Suspended"
    return ", ".join(ROLE_WORDS[role] for role in Role if role in view.roles) or "Waits for a role"


def _label(view: PersonView) -> str:
    known = view.person.account if view.person.account != view.person.name else ""
    return " · ".join(filter(None, [view.person.name, known, _access(view)]))


def _key(view: PersonView, role: Role) -> str:
    # With what was given, so that a box shows what is true again after somebody else changed it.
    return f"people_{role}_{role in view.person.given}_{view.person.id}"
