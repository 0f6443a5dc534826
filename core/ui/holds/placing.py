"""Placing a legal hold: what must not be erased, why, who answers for it, and when it is looked at again."""

from datetime import date, timedelta

import streamlit as st

from core.desk import DeskError
from core.model.findings import Finding
from core.model.holds import HoldDraft, HoldGround
from core.model.people import Action, Actor, NotAllowedError
from core.ui import findings, links, session
from core.ui.contract_words import CATEGORIES
from core.ui.findings import escape
from core.ui.session import desk

_GENERATION, _TOUCHED, _SAID = "hold_generation", "hold_touched", "hold_said"
FIELD_WORDS = {
    "subject": "Subject id",
    "categories": "Categories",
    "ground": "Ground",
    "matter": "Matter",
    "owner": "Owner",
    "review_on": "Look at it again on",
}
_REVIEW_DAYS = 180


def show(person: Actor) -> None:
    """The form, checked as it is filled in, and what the last hold that was placed keeps."""
    _placed()
    if not person.may(Action.PLACE_HOLDS):
        return
    with st.expander("Place a hold", icon=":material/add:", key="hold_form_open", on_change="rerun"):
        if st.session_state.get("hold_form_open"):
            _form(person)


def _key(name: str) -> str:
    return f"hold_{name}_{st.session_state.setdefault(_GENERATION, 1)}"


def _form(person: Actor) -> None:
    places = {}

    def slot(name: str) -> None:
        places[name] = st.container(gap="xsmall")

    what, why = st.columns(2, gap="large")
    with what:
        st.text_input(
            "Subject id",
            key=_key("subject"),
            live=True,
            autocomplete="off",
            placeholder="USR-8847291",
            help="Whose data must be kept. Empty: the hold is about everybody. It is stored encrypted.",
            on_change=_touch,
            args=("subject",),
        )
        slot("subject")
        st.multiselect(
            "Categories",
            list(CATEGORIES),
            format_func=lambda category: CATEGORIES[category][0],
            key=_key("categories"),
            placeholder="Every category",
            on_change=_touch,
            args=("categories",),
        )
        slot("categories")
        st.date_input(
            "Look at it again on",
            value=desk().today() + timedelta(days=_REVIEW_DAYS),
            key=_key("review_on"),
            format="YYYY-MM-DD",
            min_value="2000-01-01",
            max_value="2199-12-31",
            help="A hold that nobody looks at again outlives its reason. From this day on it is listed as due.",
            on_change=_touch,
            args=("review_on",),
        )
        slot("review_on")
    with why:
        st.selectbox(
            "Ground",
            list(HoldGround),
            index=None,
            format_func=lambda ground: HoldGround(ground).words,
            key=_key("ground"),
            placeholder="Choose the ground",
            on_change=_touch,
            args=("ground",),
        )
        slot("ground")
        st.text_input(
            "Matter",
            key=_key("matter"),
            live=True,
            placeholder="Case 4711, labour court",
            help="The case or inquiry that it is for. Not the person's name.",
            on_change=_touch,
            args=("matter",),
        )
        slot("matter")
        st.text_input(
            "Owner",
            value=person.name,
            key=_key("owner"),
            live=True,
            help="Who answers for the hold and is asked when it is due.",
            on_change=_touch,
            args=("owner",),
        )
        slot("owner")
    found = desk().check_hold(person, _draft())
    shown = _visible(found)
    for name, place in places.items():
        with place:
            findings.show(shown, name, key=_key("finding"))
    for name in dict.fromkeys(finding.field for finding in shown if finding.field not in places):
        findings.show(shown, name, key=_key("finding"))
    st.button("Place the hold", type="primary", icon=":material/gavel:", key=_key("place"), on_click=_place)


def _visible(found: tuple[Finding, ...]) -> list[Finding]:
    """The findings of the fields that were touched; after the button was pressed, all."""
    touched = st.session_state.get(_TOUCHED, set())
    return [f for f in found if "all" in touched or f.field in touched]


def _draft() -> HoldDraft:
    state = st.session_state
    review_on = state.get(_key("review_on"))
    return HoldDraft(
        subject=str(state.get(_key("subject")) or "").strip(),
        categories=tuple(category for category in CATEGORIES if category in (state.get(_key("categories")) or ())),
        ground=str(state.get(_key("ground")) or ""),
        matter=str(state.get(_key("matter")) or "").strip(),
        owner=str(state.get(_key("owner")) or "").strip(),
        review_on=review_on if isinstance(review_on, date) else None,
    )


def _touch(name: str) -> None:
    st.session_state.setdefault(_TOUCHED, set()).add(name)


def _place() -> None:
    try:
        placed = session.desk().place_hold(session.actor(), _draft())
    except (DeskError, NotAllowedError) as error:
        st.session_state[_SAID] = str(error)
        return
    if placed.hold is None:
        _touch("all")
        fields = dict.fromkeys(FIELD_WORDS.get(f.field, f.field) for f in placed.findings if f.blocks)
        st.session_state[_SAID] = f"Look at these fields again: {', '.join(fields)}."
        return
    for name in (*FIELD_WORDS, "place"):
        st.session_state.pop(_key(name), None)
    st.session_state[_GENERATION] += 1
    st.session_state[_TOUCHED] = set()
    st.session_state[_SAID] = placed


def _placed() -> None:
    said = st.session_state.get(_SAID)
    if said is None:
        return
    if isinstance(said, str):
        st.error(escape(f"Not placed. {said}"), icon=":material/error:")
    else:
        st.success(f"{said.hold.id} is in force.", icon=":material/gavel:")
        if said.held_back:
            st.markdown("Held back from now on, until it is released:")
            for request_id in said.held_back:
                links.to_request(request_id)
        if said.already_sent:
            st.warning(
                "The vendor has these already, or may have them, and offers no way to take them back. Ask there:",
                icon=":material/warning:",
            )
            for request_id in said.already_sent:
                links.to_request(request_id)
    st.button("Close this message", key="hold_said_close", type="tertiary", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_SAID, None)
