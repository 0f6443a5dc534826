"""On a request's page: what a second person decides or decided, the holds in its way, and its grace period."""

import streamlit as st

from core.desk import RequestView
from core.model.people import Action, Actor
from core.ui import links
from core.ui.approvals import deciding, grace
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import minute


def show(person: Actor, view: RequestView) -> None:
    """What there is of these, each with what this person may do about it."""
    request = view.request
    deciding.outcome(request.id)
    if view.denial:
        denial = view.denial
        st.error(
            f"**Denied.** {escape(denial.code.words)}. {escape(f'{denial.actor_name}, {minute(denial.at)}')}.",
            icon=":material/block:",
        )
        if denial.note:
            st.text(denial.note)
    if view.holds:
        st.warning(f"Held back by {', '.join(view.holds)}.", icon=":material/gavel:")
        st.page_link(links.PAGES / "holds.py", label="See the legal holds", icon=":material/arrow_forward:")
    if view.in_grace_until:
        grace.one(person, request.id, view.in_grace_until)
    item = deciding.Item(request.id, request.version, request.type)
    if view.approval and view.approval.own:
        st.info("You filed this request, so somebody else has to approve it.", icon=":material/group:")
    elif view.approval and person.may(Action.APPROVE):
        if view.approval.overrides:
            kept = escape(", ".join(view.approval.overrides))
            st.warning(f"It asks to erase although {kept} says that it is to be kept.", icon=":material/gavel:")
            st.text(view.approval.reason)
        with st.container(horizontal=True):
            deciding.approve_button([item], request.id)
            deciding.deny_button([item], request.id)
    elif view.can_deny and not view.denial and (not desk().settings.four_eyes or request.filed_by != person.name):
        deciding.deny_button([item], request.id)
