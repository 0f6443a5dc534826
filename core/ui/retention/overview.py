"""Retention on the overview: whether the vendors are set to what is declared, and when that was last checked."""

import streamlit as st

from core.model.people import Action, Actor
from core.model.purposes import PurposeStatus
from core.store.purpose_comparisons import COUNTED
from core.ui.findings import escape
from core.ui.links import PAGES
from core.ui.retention.words import STATUS_WORDS
from core.ui.session import desk
from core.ui.words import ago, minute, number


def card(person: Actor) -> None:
    """One card for each connection whose purposes were declared or compared; before that there is nothing to tell."""
    if not person.may(Action.VIEW_PURPOSES):
        return
    now = desk().clock.now()
    glances = [g for g in desk().purposes_at_a_glance(person) if g.newest or g.declared]
    if not glances:
        return
    st.header("Retention", anchor=False)
    waiting = len(desk().pending_shortenings(person))
    grid = st.grid(3, min_column_width=280)
    for glance in glances:
        counts = glance.counts
        off = counts[PurposeStatus.DRIFTED] + counts[PurposeStatus.MISSING] + counts[PurposeStatus.AMBIGUOUS]
        with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{escape(glance.connection)}**", width="content")
                if glance.last_good is None:
                    st.badge("Never compared", icon=":material/schedule:", color="gray")
                elif off:
                    st.badge(f"{number(off)} not as declared", icon=":material/difference:", color="orange")
                elif glance.declared:
                    st.badge("In force", icon=":material/check_circle:", color="green")
                else:
                    st.badge("Nothing declared", icon=":material/help:", color="gray")
            said = ", ".join(
                f"{number(counts[status])} {STATUS_WORDS[status].lower()}"
                for status in COUNTED
                if status is not PurposeStatus.AMBIGUOUS or counts[status]
            )
            checked = glance.last_good.ended_at if glance.last_good else None
            when = f"Last check: {minute(checked)}, {ago(checked, now)}" if checked else "Not checked yet"
            failed = glance.newest.error if glance.newest else None
            lines = [said, when] + ([f"The newest check failed: {escape(failed.message)}"] if failed else [])
            st.caption("  \n".join(lines))
            if waiting:
                words = "1 shortening waits" if waiting == 1 else f"{number(waiting)} shortenings wait"
                st.caption(f":material/how_to_reg: {words} for a second person")
            st.page_link(PAGES / "retention.py", label="Open retention", icon=":material/arrow_forward:")
