"""The holds in force, the ones due for review first: what each keeps and why, keeping it on, and releasing it."""

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from core.desk import DeskError, HeldBack
from core.model.holds import Hold
from core.model.people import Action, Actor, NotAllowedError
from core.ui import links, session
from core.ui.contract_words import category_words
from core.ui.findings import escape
from core.ui.holds import erasing
from core.ui.request_detail import facts_grid
from core.ui.session import desk
from core.ui.words import day, days_left, minute, number

PAGE_SIZE = 20
REVIEW_DAYS = 180
_SAID = "hold_release_said"


def show(person: Actor) -> None:
    """The list; released holds too, if asked for."""
    _released()
    with_released = st.checkbox("Show released holds too", key="holds_released", bind="query-params")
    holds = desk().holds(person)
    if with_released:
        holds += desk().holds(person, released=True)
    if not holds:
        st.header("No hold is in force", anchor=False)
        st.markdown(
            "A legal hold keeps data from being erased while a claim, an inquiry or a legal duty needs it. Place one, "
            "and erasures that it covers are held back until it is released."
        )
        return
    today = desk().today()
    holds = sorted(holds, key=lambda hold: (not hold.is_active, hold.review_on, hold.id))
    due = sum(hold.is_active and hold.review_on <= today for hold in holds)
    if due:
        st.warning(
            "One hold is due for review." if due == 1 else f"{number(due)} holds are due for review.",
            icon=":material/event_busy:",
        )
    pages = -(-len(holds) // PAGE_SIZE)
    page = st.pagination(pages, key="holds_page") if pages > 1 else 1
    held = desk().held_back(person)
    for hold in holds[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        with st.container(border=True):
            _one(person, hold, held)


def what(hold: Hold) -> str:
    """What a hold keeps, in words."""
    kept = category_words(hold.categories) if hold.categories else "Every category"
    whom = "everybody" if hold.pseudonym is None else hold.subject or hold.masked_subject or "a person"
    return f"{kept} of {whom}"


def _one(person: Actor, hold: Hold, held: Sequence[HeldBack]) -> None:
    today = desk().today()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{hold.id}** · {escape(what(hold))}", width="stretch")
        if not hold.is_active:
            st.badge("Released", icon=":material/lock_open:", color="gray")
        elif hold.review_on <= today:
            st.badge("Review due", icon=":material/event_busy:", color="orange")
        else:
            st.badge("In force", icon=":material/gavel:", color="blue")
    review = f"{day(hold.review_on)}, {days_left(hold.review_on, today)}" if hold.is_active else ""
    released = f"{minute(hold.released_at)} by {hold.released_by}" if hold.released_at else ""
    facts = {
        "Ground": hold.ground.words,
        "Matter": hold.matter,
        "Owner": hold.owner,
        "Review": review,
        "Placed": f"{minute(hold.placed_at)} by {hold.placed_by}",
        "Released": released,
    }
    facts_grid({name: value for name, value in facts.items() if value})
    if hold.is_active:
        _held_back([one.request.id for one in held if hold.id in one.holds], hold)
        with st.container(horizontal=True):
            if person.may(Action.PLACE_HOLDS):
                _review_button(hold)
            if person.may(Action.RELEASE_HOLDS):
                _release_button(hold)


def _held_back(request_ids: Sequence[str], hold: Hold) -> None:
    if not request_ids:
        st.caption("It holds nothing back at present.")
        return
    count = len(request_ids)
    with st.expander(
        "It holds one request back" if count == 1 else f"It holds {number(count)} requests back",
        icon=":material/pause_circle:",
        key=f"hold_keeps_{hold.id}",
        type="compact",
    ):
        for request_id in request_ids:
            links.to_request(request_id)


def _review_button(hold: Hold) -> None:
    with (
        st.popover("Keep", icon=":material/event_repeat:", key=f"review_{hold.id}"),
        st.form(f"review_form_{hold.id}", border=False),
    ):
        st.markdown("You looked at it, and it is still needed.")
        st.date_input(
            "Look at it again on",
            value=desk().today() + timedelta(days=REVIEW_DAYS),
            min_value="2000-01-01",
            max_value="2199-12-31",
            key=f"review_on_{hold.id}",
            format="YYYY-MM-DD",
        )
        st.form_submit_button(
            f"Yes, keep {hold.id}",
            key=f"review_yes_{hold.id}",
            type="primary",
            on_click=_review,
            args=(hold.id, hold.version),
        )


def _review(hold_id: str, version: int) -> None:
    review_on = st.session_state.get(f"review_on_{hold_id}")
    if review_on is None:
        st.session_state[_SAID] = "Not kept. Say when it is looked at again."
        return
    try:
        st.session_state[_SAID] = session.desk().review_hold(session.actor(), hold_id, review_on, version=version)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_SAID] = f"Not kept. {error}"


def _release_button(hold: Hold) -> None:
    with (
        st.popover("Release", icon=":material/lock_open:", key=f"release_{hold.id}"),
        st.form(f"release_form_{hold.id}", border=False),
    ):
        st.markdown("What it held back is then offered for erasure. Nothing is sent by itself.")
        st.text_area("Why it is not needed any more", key=f"release_reason_{hold.id}", max_chars=1000)
        st.form_submit_button(
            f"Yes, release {hold.id}",
            key=f"release_yes_{hold.id}",
            type="primary",
            on_click=_release,
            args=(hold.id, hold.version),
        )


def _release(hold_id: str, version: int) -> None:
    reason = str(st.session_state.get(f"release_reason_{hold_id}") or "")
    try:
        st.session_state[_SAID] = session.desk().release_hold(session.actor(), hold_id, reason, version=version)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_SAID] = f"Not released. {error}"


def _released() -> None:
    said = st.session_state.get(_SAID)
    if said is None:
        return
    if isinstance(said, str):
        st.error(escape(said), icon=":material/error:")
    elif isinstance(said, Hold):
        st.success(f"{said.id} is kept. It is looked at again on {day(said.review_on)}.", icon=":material/gavel:")
    else:
        count = len(said.free)
        then = "Nothing was held back by it alone."
        if count:
            them = "One request was" if count == 1 else f"{number(count)} requests were"
            then = f"{them} held back by it alone; find and erase under **{erasing.TAB}**."
        st.success(f"{said.hold.id} is released. {then}", icon=":material/lock_open:")
    st.button("Close this message", key="hold_release_close", type="tertiary", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_SAID, None)
