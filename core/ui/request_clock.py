"""A request's dates on its page: each with its rule and arithmetic, and what people may change about them."""

from collections.abc import Callable

import streamlit as st

from core.desk import ChangedError, DeskError
from core.desk.deadlines import ClockView
from core.model.deadlines import laws
from core.model.people import Action, Actor, NotAllowedError
from core.model.privacy_requests import CLOSED, PrivacyRequest
from core.store.extensions import ChangeKind, DeadlineChange
from core.ui import due_dates, session
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import day, minute

_SAID = "clock_said"

_PAUSES_THE_CLOCK = (
    "While you wait for the person to say what they ask for, the days do not count: from the day you asked them to the "
    "day they answer, both included (UK GDPR Art. 12A)."
)
_PAUSES_BY_SETTING = (
    "You ask the person who they are. Whether the days until they answer count is not settled; this desk is set up "
    "not to count them."
)
_PAUSES_NOTHING = (
    "You ask the person who they are. Whether the days until they answer count is not settled, so the date stays as it "
    "is, and a second one is shown beside it."
)

_WHAT = {
    ChangeKind.EXTENDED: ":material/update: Extended",
    ChangeKind.PAUSED: ":material/pause_circle: Clock paused",
    ChangeKind.IDENTITY_ESTABLISHED: ":material/badge: Identity established",
}


def show(person: Actor, request: PrivacyRequest, clock: ClockView | None) -> None:
    """The dates, what was changed about them, and the changes that are open to this person."""
    today = desk().today()
    _said(request)
    due_dates.show(request.deadlines, None if request.state in CLOSED else today)
    if clock is None:
        return
    for change in clock.changes:
        _change(change)
    if clock.paused_since:
        since = f":material/pause_circle: Waiting for the person since {day(clock.paused_since)}."
        then = clock.if_answered_today and f" Were they to answer today, you would by {day(clock.if_answered_today)}."
        st.caption(f"{since}{then or ''}")
    if not person.may(Action.EXTEND) or request.state in CLOSED:
        return
    with st.container(horizontal=True):
        if clock.can_extend:
            with st.popover("Extend", icon=":material/update:", key="clock_extend"):
                _extend(request)
        if clock.can_pause:
            with st.popover("Pause the clock", icon=":material/pause_circle:", key="clock_pause"):
                _pause(request)
        if clock.can_resume:
            with st.popover("Let the clock run again", icon=":material/play_circle:", key="clock_resume"):
                _resume(request)
        if clock.can_set_identity:
            with st.popover("Identity established", icon=":material/badge:", key="clock_identity"):
                _identity(request)
    if not clock.can_extend and clock.why_not_extend:
        st.caption(escape(clock.why_not_extend))


def _what_a_pause_does(request: PrivacyRequest) -> str:
    if any(law.id == request.law and law.clock_stops for law in laws()):
        return _PAUSES_THE_CLOCK
    return _PAUSES_BY_SETTING if desk().settings.identity_pause == "clock_stops" else _PAUSES_NOTHING


def _change(change: DeadlineChange) -> None:
    days = ""
    if change.what is ChangeKind.PAUSED and change.first_day:
        until = f"to {day(change.last_day)}" if change.last_day else "and not yet running again"
        days = f", from {day(change.first_day)} {until}"
    elif change.first_day:
        days = f", on {day(change.first_day)}"
    moved = (
        f"Due {day(change.due_before)} before, {day(change.due_after)} since."
        if change.due_before != change.due_after
        else f"Due {day(change.due_after)} as before."
    )
    with st.container(gap="xxsmall"):
        st.markdown(f"{_WHAT[change.what]}{escape(days)}")
        st.caption(escape(f"{moved} {minute(change.at)} by {change.actor_name}."))
        if change.reason:
            st.text(change.reason)


def _extend(request: PrivacyRequest) -> None:
    extended = next((deadline for deadline in request.deadlines if deadline.what == "extended"), None)
    notice = next((deadline for deadline in request.deadlines if deadline.what == "extension_notice"), None)
    with st.form("clock_extend_form", border=False):
        if extended and notice:
            st.markdown(
                f"The answer is then due **{day(extended.due)}**. The person has to be told, with the reasons, by "
                f"{day(notice.due)} ({escape(extended.article)})."
            )
        _reason("clock_extend_reason", "Why more time is needed", "Told to the person, too. Ten characters or more.")
        st.form_submit_button(
            "Yes, extend it",
            key="clock_extend_yes",
            type="primary",
            on_click=_do,
            args=(
                request,
                lambda: session.desk().extend(
                    session.actor(), request.id, _typed("clock_extend_reason"), version=request.version
                ),
                "The date is extended. Tell the person now, with the reasons.",
            ),
        )


def _pause(request: PrivacyRequest) -> None:
    with st.form("clock_pause_form", border=False):
        st.markdown(_what_a_pause_does(request))
        st.date_input("Asked the person on", value=desk().today(), key="clock_pause_first", format="YYYY-MM-DD")
        _reason("clock_pause_reason", "What you asked", "Ten characters or more.")
        st.form_submit_button(
            "Yes, pause it",
            key="clock_pause_yes",
            type="primary",
            on_click=_do,
            args=(
                request,
                lambda: session.desk().pause_clock(
                    session.actor(),
                    request.id,
                    _typed("clock_pause_reason"),
                    first=st.session_state.get("clock_pause_first"),
                    version=request.version,
                ),
                "The clock is paused. Let it run again when the person has answered.",
            ),
        )


def _resume(request: PrivacyRequest) -> None:
    with st.form("clock_resume_form", border=False):
        st.date_input("The person answered on", value=desk().today(), key="clock_resume_last", format="YYYY-MM-DD")
        st.form_submit_button(
            "Yes, let it run",
            key="clock_resume_yes",
            type="primary",
            on_click=_do,
            args=(
                request,
                lambda: session.desk().resume_clock(
                    session.actor(),
                    request.id,
                    last=st.session_state.get("clock_resume_last"),
                    version=request.version,
                ),
                "The clock runs again, and the dates were reckoned anew.",
            ),
        )


def _identity(request: PrivacyRequest) -> None:
    with st.form("clock_identity_form", border=False):
        st.markdown(
            "The month begins with the latest of the day the request came, and the day you had what you needed to "
            "know who the person is (UK GDPR Art. 12A)."
        )
        st.date_input(
            "Identity established on",
            value=desk().today(),
            min_value=request.received,
            max_value=max(desk().today(), request.received),
            key="clock_identity_day",
            format="YYYY-MM-DD",
        )
        _reason("clock_identity_reason", "How it was established", "Ten characters or more; not the document itself.")
        st.form_submit_button(
            "Yes, put it on record",
            key="clock_identity_yes",
            type="primary",
            on_click=_do,
            args=(
                request,
                lambda: session.desk().identity_established(
                    session.actor(),
                    request.id,
                    st.session_state["clock_identity_day"],
                    _typed("clock_identity_reason"),
                    version=request.version,
                ),
                "On record, and the dates were reckoned anew.",
            ),
        )


def _reason(key: str, label: str, hint: str) -> None:
    st.text_area(label, key=key, max_chars=1000, help=f"{hint} Stored encrypted.")


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "").strip()


def _do(request: PrivacyRequest, act: Callable[[], PrivacyRequest], done: str) -> None:
    try:
        act()
    except ChangedError as error:
        st.session_state[_SAID] = (request.id, "changed", str(error))
    except (DeskError, NotAllowedError, ValueError) as error:
        st.session_state[_SAID] = (request.id, "refused", str(error))
    else:
        st.session_state[_SAID] = (request.id, "done", done)


def _said(request: PrivacyRequest) -> None:
    about, kind, text = st.session_state.get(_SAID, ("", "", ""))
    if about != request.id:
        return
    box, icon = {
        "done": (st.success, ":material/check_circle:"),
        "changed": (st.info, ":material/sync:"),
        "refused": (st.error, ":material/error:"),
    }[kind]
    box(escape(text), icon=icon)
    st.button("Close this message", key="clock_said_close", type="tertiary", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_SAID, None)
