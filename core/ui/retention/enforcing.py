"""Enforcing: the preview with the exact PUTs and its confirmation, and the progress until every change has ended."""

import math
import uuid
from dataclasses import dataclass, field

import streamlit as st

from core.desk import DeskError
from core.desk.purposes import EnforcementPreview, PlannedChange
from core.model.enforcements import SUCCESSFUL, UNSUCCESSFUL, ChangeState
from core.model.people import Action, Actor, NotAllowedError
from core.model.purposes import differences
from core.store.enforcements import Enforcement
from core.ui import code_blocks, session
from core.ui.findings import escape
from core.ui.retention.words import (
    CHANGE_COLORS,
    CHANGE_ICONS,
    CHANGE_WORDS,
    FIELD_WORDS,
    difference_words,
    value_words,
)
from core.ui.session import desk
from core.ui.words import minute, number

PAGE_SIZE, SHOWN = 6, 20
_PREVIEW, _FOLLOWED, _SEEN = "retention_preview", "retention_followed", "retention_finished"


@dataclass
class _Open:
    """The preview in the dialog. Its intent is one for any number of clicks."""

    preview: EnforcementPreview
    intent: str = field(default_factory=lambda: uuid.uuid4().hex)
    problem: str = ""

    def key(self, name: str) -> str:
        return f"retention_{name}_{self.intent}"


def preview(connection: str, names: list[str] | None) -> None:
    """Open the dialog on these purposes, or on all that drifted."""
    st.session_state[_PREVIEW] = _Open(desk().preview_enforcement(session.actor(), connection, names))


def is_open() -> bool:
    return _PREVIEW in st.session_state


def _close() -> None:
    st.session_state.pop(_PREVIEW, None)


def dialog(person: Actor) -> None:
    """The preview, if one is open."""
    opened: _Open | None = st.session_state.get(_PREVIEW)
    if opened is None:
        return
    count = len(opened.preview.changes)
    what = "1 purpose" if count == 1 else f"{number(count)} purposes"
    show = st.dialog(f"Enforce {what} at {escape(opened.preview.connection)}", width="large", on_dismiss=_close)(_show)
    show(person)


def _show(person: Actor) -> None:
    opened: _Open | None = st.session_state.get(_PREVIEW)
    if opened is None:
        st.rerun()  # a button in here has closed it
        return
    seen = opened.preview
    for name, why in list(seen.left_out.items())[:SHOWN]:
        st.caption(escape(f"Left out: {name} is {why}."))
    if not seen.changes:
        st.info("Nothing to change: what is declared is in force.", icon=":material/check_circle:")
        return
    st.markdown(
        "This is what the vendor had when it was last asked. What was changed there since is left alone and shown to "
        "you. Each change is read back."
    )
    _shortening(seen)
    pages = math.ceil(len(seen.changes) / PAGE_SIZE)
    page = st.pagination(pages, key=opened.key("page")) if pages > 1 else 1
    for change in seen.changes[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        _planned(seen.connection, change)
    _confirmation(person, opened)


def _shortening(seen: EnforcementPreview) -> None:
    count = len(seen.shortening)
    if not count:
        return
    which = "One change shortens" if count == 1 else f"{number(count)} changes shorten"
    then = (
        "A second person has to approve before it is sent." if seen.needs_second_person else "It cannot be taken back."
    )
    st.warning(
        f"**{which} a retention period: the vendor then deletes what is older.** {then}",
        icon=":material/delete_forever:",
    )


def _planned(connection: str, change: PlannedChange) -> None:
    with st.container(border=True, gap="xsmall"):
        badge = " :red-badge[:material/delete_forever: Shortens]" if change.shortens else ""
        st.markdown(f"**{escape(change.name)}**{badge}")
        for difference in change.differences:
            declared = value_words(difference.field, difference.declared)
            live = value_words(difference.field, difference.live)
            st.markdown(
                f"{FIELD_WORDS[difference.field]}: {escape(live)} :material/arrow_forward: **{escape(declared)}**"
            )
        with st.expander(
            "The exact PUT", icon=":material/code:", key=f"retention_put_{change.vendor_id}", type="compact"
        ):
            code_blocks.show(desk().put_text(connection, change))


def _confirmation(person: Actor, opened: _Open) -> None:
    seen, count = opened.preview, len(opened.preview.changes)
    sure = True
    if seen.needs_typing:
        typed = st.text_input(
            f"Type {count} to confirm that {number(count)} purposes are changed at once",
            key=opened.key("typed"),
            live=True,
        )
        sure = (typed or "").strip() == str(count)
    elif seen.shortening and not seen.needs_second_person:
        sure = st.checkbox("I know that data is deleted at the vendor", key=opened.key("sure"))
    if opened.problem:
        st.error(escape(opened.problem), icon=":material/error:")
    with st.container(horizontal=True):
        st.button(
            "Enforce" if count == 1 else f"Enforce {number(count)} purposes",
            key="retention_enforce",
            type="primary",
            icon=":material/gavel:",
            disabled=not (sure and person.may(Action.ENFORCE_PURPOSES)),
            on_click=_enforce,
        )
        st.button("Cancel", key="retention_enforce_cancel", on_click=_close)


def _enforce() -> None:
    opened: _Open | None = st.session_state.get(_PREVIEW)
    if opened is None:
        return  # the second click of a double click
    typed = str(st.session_state.get(opened.key("typed"), "")).strip()
    confirmed = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
    try:
        asked = desk().enforce(session.actor(), opened.preview, intent=opened.intent, confirmed=confirmed)
    except (DeskError, NotAllowedError) as error:
        opened.problem = str(error)
        return
    st.session_state[_FOLLOWED] = asked.enforcement
    _close()


def progress(person: Actor, connection: str) -> bool:
    """The enforcement that this session follows, and those under way; each moves by itself until it has ended.

    Returns whether one is under way.
    """
    newest = desk().newest_enforcements(person, connection, limit=3)
    followed = st.session_state.get(_FOLLOWED)
    shown = [e for e in newest if e.id == followed or e.under_way]
    for enforcement in shown[:2]:
        moving = bool(enforcement.under_way)
        st.fragment(_progress, run_every="1s" if moving else None)(person, enforcement.id, moving=moving)
    return any(enforcement.under_way for enforcement in newest)


def _progress(person: Actor, enforcement_id: str, *, moving: bool) -> None:
    enforcement = desk().enforcement(person, enforcement_id)
    if enforcement is None:
        return
    if moving and not enforcement.under_way:
        st.session_state[_FOLLOWED] = enforcement_id
        st.rerun(scope="app")  # it has ended: the table below has changed as well
    with st.container(border=True):
        total, ended = enforcement.total, enforcement.ended
        by = f"asked for by {enforcement.asked_by_name}, {minute(enforcement.asked_at)}"
        st.markdown(f"**Enforcement {enforcement.id}**, {escape(by)}")
        if enforcement.under_way:
            st.progress(ended / total, text=f"{number(ended)} of {number(total)} purposes done …")
            if not desk().worker_is_alive():
                st.warning("The worker is not running, so nothing moves until it is started again.")
        _states(enforcement)
        _needy(person, enforcement)
        with st.container(horizontal=True):
            if ended < total and person.may(Action.ENFORCE_PURPOSES):
                st.button(
                    "Cancel what has not been sent",
                    key=f"retention_cancel_{enforcement.id}",
                    icon=":material/cancel:",
                    on_click=_cancel,
                    args=(enforcement.id,),
                )
            if not enforcement.under_way:
                st.button("Put away", key=f"retention_away_{enforcement.id}", type="tertiary", on_click=_put_away)


def _states(enforcement: Enforcement) -> None:
    badges = [
        f":{CHANGE_COLORS[state]}-badge[{CHANGE_ICONS[state]} {CHANGE_WORDS[state]}: {number(count)}]"
        for state in ChangeState
        if (count := enforcement.states.get(state))
    ]
    st.markdown(" ".join(badges))


def _needy(person: Actor, enforcement: Enforcement) -> None:
    """What did not come out as wanted, with what to do; of the good ones a word is enough."""
    wrong = desk().changes_of(person, enforcement.id, states=UNSUCCESSFUL, limit=SHOWN)
    for change in wrong:
        said = f"{change.error.message} {change.error.advice}".strip() if change.error else ""
        if change.found is not None:
            now = "; ".join(difference_words(d) for d in differences(change.wanted, change.found))
            said = f"{said} Now: {now}."
        st.error(
            f"**{escape(change.name)}: {CHANGE_WORDS[change.state].lower()}.** {escape(said)}", icon=":material/error:"
        )
    if not wrong and enforcement.ended == enforcement.total and set(enforcement.states) <= SUCCESSFUL:
        st.success(
            "Everything that was asked for is in force, read back from the vendor.", icon=":material/check_circle:"
        )


def _cancel(enforcement_id: str) -> None:
    try:
        desk().cancel_enforcement(session.actor(), enforcement_id)
    except (DeskError, NotAllowedError) as error:  # the last one has just ended; what is drawn next shows it
        st.toast(escape(str(error)), icon=":material/info:")


def _put_away() -> None:
    st.session_state.pop(_FOLLOWED, None)
