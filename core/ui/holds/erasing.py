"""What holds keep from being erased, request by request; and what is free again, offered for erasure."""

from collections.abc import Sequence

import streamlit as st

from core.desk import DeskError, HeldBack
from core.model.people import Action, Actor, NotAllowedError
from core.ui import links, session
from core.ui.contract_words import category_words
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import day, days_left, number

TAB = "Held back"
SHOWN = 100
_SAID = "held_back_said"


def show(person: Actor) -> None:
    """First what is free to be erased, then what is still held."""
    _erased()
    every = desk().held_back(person)
    free = [one for one in every if not one.holds]
    held = [one for one in every if one.holds]
    if not every:
        st.header("Nothing is held back", anchor=False)
        st.markdown("Erasures that a legal hold stops are listed here, and offered for erasure once it is released.")
    if free:
        st.header("Free to be erased", anchor=False)
        st.caption("The holds that kept these are released. They wait until somebody decides; nothing is sent before.")
        may_erase = person.may(Action.RELEASE_HOLDS)
        if may_erase:
            _offer(free[:SHOWN])
        _rows(free, tick=may_erase)
    if held:
        st.header("Held back", anchor=False)
        _rows(held, tick=False)


def _rows(rows: Sequence[HeldBack], *, tick: bool) -> None:
    today = desk().today()
    for one in rows[:SHOWN]:
        request = one.request
        with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
            if tick:
                st.checkbox(f"Erase {request.id}", key=_tick(request.id), label_visibility="collapsed")
            links.to_request(request.id)
            systems = dict.fromkeys(task.connection for task in request.tasks)
            by = f", kept by {', '.join(one.holds)}" if one.holds else ""
            st.text(
                f"{category_words(request.categories)} at {', '.join(systems)}{by}; "
                f"due {day(request.due_on)}, {days_left(request.due_on, today)}",
                width="stretch",
            )
    if len(rows) > SHOWN:
        st.caption(f"And {number(len(rows) - SHOWN)} more.")


def _tick(request_id: str) -> str:
    return f"erase_chosen_{request_id}"


def _offer(free: Sequence[HeldBack]) -> None:
    ids = [one.request.id for one in free]
    chosen = [request_id for request_id in ids if st.session_state.get(_tick(request_id))]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Tick none" if len(chosen) == len(ids) else "Tick all",
            key="held_back_tick",
            icon=":material/done_all:",
            on_click=_tick_all,
            args=(ids, len(chosen) < len(ids)),
        )
        if not chosen:
            st.caption("Tick what is to be erased.")
            return
        label = f"Erase {chosen[0]}" if len(chosen) == 1 else f"Erase {number(len(chosen))}"
        with (
            st.popover(label, icon=":material/delete_forever:", key="held_back_erase"),
            st.form("held_back_form", border=False),
        ):
            st.markdown("They go on as erasures do: to a second person where approvals are on, else to the vendor.")
            if len(chosen) > 1:
                st.text_input(f"Type {len(chosen)} to confirm", key="held_back_typed", autocomplete="off", max_chars=10)
            st.form_submit_button(
                f"Yes, {label[0].lower()}{label[1:]}",
                key="held_back_yes",
                type="primary",
                on_click=_erase,
                args=(tuple(chosen),),
            )


def _tick_all(ids: Sequence[str], value: bool) -> None:
    for request_id in ids:
        st.session_state[_tick(request_id)] = value


def _erase(chosen: Sequence[str]) -> None:
    typed = str(st.session_state.get("held_back_typed") or "").strip()
    if len(chosen) > 1 and typed != str(len(chosen)):
        st.session_state[_SAID] = f"Nothing was done. Type {len(chosen)} to confirm."
        return
    try:
        st.session_state[_SAID] = session.desk().erase_held_back(session.actor(), chosen)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_SAID] = str(error)


def _erased() -> None:
    said = st.session_state.get(_SAID)
    if said is None:
        return
    if isinstance(said, str):
        st.error(escape(said), icon=":material/error:")
    else:
        for one in said:
            box, icon = (st.success, ":material/check_circle:") if one.done else (st.warning, ":material/error:")
            box(escape(one.message), icon=icon)
    st.button("Close this message", key="held_back_close", type="tertiary", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_SAID, None)
