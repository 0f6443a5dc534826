"""Deciding what waits for a second person: one or many at once, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import streamlit as st

from core.desk import DeskError
from core.desk.approvals import CONFIRM_ABOVE, Choice, Decided, PendingApproval
from core.model.denials import MAY_REACH_THE_PERSON, DenialCode
from core.model.people import NotAllowedError
from core.model.privacy_requests import RequestType
from core.ui import session
from core.ui.findings import escape
from core.ui.words import number

_OUTCOME = "approvals_outcome"
_NOTE_LENGTH = 1000


@dataclass(frozen=True)
class Item:
    """Something to decide, as it is shown; `type` is None for what is no request: a retention period."""

    about: str
    version: int
    type: RequestType | None
    size: int = 1  # requests that it decides

    @classmethod
    def of(cls, one: PendingApproval) -> Self:
        kind = one.request.type if one.request else RequestType.ERASURE
        return cls(one.about, one.version, None if one.shortening else kind, one.size)


@dataclass(frozen=True)
class Outcome:
    """What to say about the last decision: what was done, item by item, or why nothing was."""

    done: str
    asked: tuple[str, ...]
    decided: tuple[Decided, ...] = ()
    refused: str = ""


def outcome(about: str | None = None) -> None:
    """What came of the last decision, until it is closed or another one is made; `about`: of that thing alone."""
    last: Outcome | None = st.session_state.get(_OUTCOME)
    if last is None or (about is not None and about not in last.asked):
        return
    if last.refused:
        st.error(escape(f"Nothing was decided. {last.refused}"), icon=":material/error:")
    done = [one.about for one in last.decided if one.done]
    if done:
        st.success(escape(f"{last.done}: {', '.join(done)}."), icon=":material/check_circle:")
    for one in last.decided:
        if not one.done:
            icon = ":material/sync:" if one.changed else ":material/error:"
            message = one.message if one.about in one.message else f"{one.about}: {one.message}"
            st.warning(escape(f"Not decided. {message}"), icon=icon)
    st.button("Close this message", key="approvals_outcome_close", type="tertiary", on_click=_forget)


def approve_button(items: Sequence[Item], key: str) -> None:
    """Approve, after a second click that says what of; of several the number is typed."""
    many = len(items) > 1 or _total(items) > CONFIRM_ABOVE
    label = f"Approve {number(_total(items))}" if many else "Approve"
    with st.popover(label, icon=":material/check:", key=f"approve_{key}"), st.form(f"approve_form_{key}", border=False):
        if many:
            st.markdown(f"**{number(_total(items))} decisions at once.** Each is carried out; none can be taken back.")
            _typed(items, f"approve_{key}")
        else:
            st.markdown("It is then carried out as said here, and cannot be taken back once it is sent.")
        st.form_submit_button(
            f"Yes, approve {number(_total(items)) if many else items[0].about}",
            key=f"approve_yes_{key}",
            type="primary",
            on_click=_approve,
            args=(_choices(items), key),
        )


def deny_button(items: Sequence[Item], key: str) -> None:
    """Deny, with the legal ground and a note that may reach the person."""
    many = len(items) > 1 or _total(items) > CONFIRM_ABOVE
    label = f"Deny {number(_total(items))}" if many else "Deny"
    with st.popover(label, icon=":material/block:", key=f"deny_{key}"), st.form(f"deny_form_{key}", border=False):
        st.selectbox(
            "Ground",
            grounds(items),
            index=None,
            format_func=lambda code: DenialCode(code).words,
            key=f"deny_code_{key}",
            placeholder="Choose the ground",
        )
        st.text_area(
            "Note", key=f"deny_note_{key}", max_chars=_NOTE_LENGTH, help="Stored encrypted, shown with the request."
        )
        if any(item.type for item in items):
            st.caption(f":material/warning: {escape(MAY_REACH_THE_PERSON)}")
        if many:
            _typed(items, f"deny_{key}")
        st.form_submit_button(
            f"Yes, deny {number(_total(items)) if many else items[0].about}",
            key=f"deny_yes_{key}",
            type="primary",
            on_click=_deny,
            args=(_choices(items), key),
        )


def grounds(items: Sequence[Item]) -> list[DenialCode]:
    """The grounds that fit every one of them; to keep a retention period as it is, one's own words."""
    types = {item.type for item in items}
    return [
        code
        for code in DenialCode
        if all(code.applies_to(kind) if kind else code is DenialCode.OTHER for kind in types)
    ]


def _total(items: Sequence[Item]) -> int:
    return sum(item.size for item in items)


def _typed(items: Sequence[Item], key: str) -> None:
    st.text_input(f"Type {_total(items)} to confirm", key=f"typed_{key}", autocomplete="off", max_chars=10)


def _choices(items: Sequence[Item]) -> tuple[Choice, ...]:
    return tuple(Choice(item.about, item.version) for item in items)


def _approve(choices: Sequence[Choice], key: str) -> None:
    typed = str(st.session_state.get(f"typed_approve_{key}") or "").strip()
    _decide("Approved", choices, lambda: session.desk().approve(session.actor(), choices, typed=typed))


def _deny(choices: Sequence[Choice], key: str) -> None:
    state = st.session_state
    code, note = state.get(f"deny_code_{key}"), str(state.get(f"deny_note_{key}") or "")
    typed = str(state.get(f"typed_deny_{key}") or "").strip()

    def act() -> list[Decided]:
        if code is None:
            raise DeskError("Choose the ground of the denial.")
        return session.desk().deny(session.actor(), choices, code=str(code), note=note, typed=typed)

    _decide("Denied", choices, act)


def _decide(done: str, choices: Sequence[Choice], act: Callable[[], list[Decided]]) -> None:
    asked = tuple(choice.about for choice in choices)
    try:
        st.session_state[_OUTCOME] = Outcome(done, asked, tuple(act()))
    except (DeskError, NotAllowedError) as error:
        st.session_state[_OUTCOME] = Outcome(done, asked, refused=str(error))


def _forget() -> None:
    st.session_state.pop(_OUTCOME, None)
