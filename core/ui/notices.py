"""Notices as people see them: the bell on every page, and the list with what to do next about each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import streamlit as st

from core.desk import DeskError
from core.model.notices import Notice, NoticeKind
from core.model.people import Action, Actor, NotAllowedError
from core.store.notices import NoticeFilter
from core.ui import links, session
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import ago, counted, minute

PAGE_SIZE = 20
OPEN, ACKNOWLEDGED = "Open", "Acknowledged"
_WHICH: Mapping[str, Literal["open", "acknowledged"]] = {OPEN: "open", ACKNOWLEDGED: "acknowledged"}
_PROBLEM = "notices_problem"

# The page behind a notice whose cause is no list of requests.
_BEHIND: Mapping[NoticeKind, tuple[str, str]] = {
    NoticeKind.VENDOR_DOWN: ("connections", "See how it stands"),
    NoticeKind.RETENTION_DRIFT: ("retention", "See the differences"),
    NoticeKind.HOLD_REVIEW_DUE: ("holds", "Open the legal holds"),
    NoticeKind.BATCH_FINISHED: ("submit_batch", "Open the batches"),
    NoticeKind.AUDIT_NOT_SOUND: ("audit_log", "Open the audit log"),
    NoticeKind.WEBHOOK_CONFLICT: ("audit_log", "Open the audit log"),
}


def bell(person: Actor) -> None:
    """How many notices nobody has acknowledged, as the link to them; it keeps itself up to date."""
    if person.may(Action.VIEW_NOTICES):
        _bell()


@st.fragment(run_every="10s")
def _bell() -> None:
    person = session.actor()
    if not person.may(Action.VIEW_NOTICES):
        return  # the role was taken away meanwhile; the page itself says so
    count = desk().open_notices(person)
    label = "No notices" if not count else "1 notice" if count == 1 else f"{counted(count)} notices"
    icon = ":material/notifications_unread:" if count else ":material/notifications:"
    st.page_link(links.PAGES / "notices.py", label=label, icon=icon, width="content")


def show(person: Actor) -> None:
    """The list, by whether somebody acknowledged them."""
    which = st.radio("Show", [OPEN, ACKNOWLEDGED], key="which", horizontal=True, bind="query-params")
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(escape(problem), icon=":material/error:")
    where = NoticeFilter(_WHICH[which])
    total = desk().notices(person, where, limit=1).total
    if not total:
        _nothing(which)
        return
    pages = -(-min(total, 10_000) // PAGE_SIZE)
    rows = st.container()
    page = st.pagination(pages, key=f"notices_page_{which}") if pages > 1 else 1
    with rows:
        _rows(where, page)


@st.fragment(run_every="10s")
def _rows(where: NoticeFilter, page: int) -> None:
    person, now = require(Action.VIEW_NOTICES), desk().clock.now()
    with st.container(gap="small"):
        for notice in desk().notices(person, where, limit=PAGE_SIZE, page=page).rows:
            with st.container(border=True, gap="xsmall"):
                _row(person, notice, now)


def _row(person: Actor, notice: Notice, now: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if notice.severe:
            st.badge("Urgent", color="red", icon=":material/error:")
        else:
            st.badge("To note", color="orange", icon=":material/info:")
        st.markdown(f"**{escape(notice.title)}**", width="stretch")
        st.caption(f"{minute(notice.raised_at)} · {ago(notice.raised_at, now)}", width="content")
    st.markdown(escape(notice.next_step))
    if notice.count > 1 and notice.last_at > notice.raised_at:
        st.caption(f"Last time: {ago(notice.last_at, now)}.")
    if notice.over_at:
        st.caption(f":material/check_circle: Over by itself since {minute(notice.over_at)}.")
    with st.container(horizontal=True, vertical_alignment="center"):
        _link(person, notice)
        if notice.acknowledged_at:
            st.caption(f"Acknowledged by {escape(notice.acknowledged_by_name or '')}, {minute(notice.acknowledged_at)}")
        elif person.may(Action.ACKNOWLEDGE_NOTICES):
            st.button(
                "Acknowledge",
                key=f"acknowledge_{notice.id}",
                icon=":material/done:",
                help="Says that you have seen it and deal with it; your name and the time stay with it.",
                on_click=_acknowledge,
                args=(person, notice.id),
            )


def _link(person: Actor, notice: Notice) -> None:
    """The way to what it is about."""
    kind = notice.kind
    if notice.latest and (notice.count == 1 or kind is NoticeKind.WEBHOOK_CONFLICT):
        links.to_request(notice.latest)
    elif kind is NoticeKind.TASKS_FAILED:
        links.to_requests("Show those that failed", {**links.FAILED, **links.of_system(notice.about)})
    elif kind is NoticeKind.TASKS_NEED_PERSON:
        links.to_requests("Show those that wait", {**links.NEEDS_PERSON, **links.of_system(notice.about)})
    elif kind is NoticeKind.REQUESTS_OVERDUE:
        links.to_requests("Show overdue ones", links.OVERDUE)
    elif kind is NoticeKind.REQUESTS_AT_RISK:
        links.to_requests("Show those at risk", links.AT_RISK)
    elif kind is NoticeKind.DEAD_LETTERS and notice.about == "vault":
        st.page_link(links.PAGES / "overview.py", label="See what was given up on", icon=":material/arrow_forward:")
    elif kind in _BEHIND:
        page, label = _BEHIND[kind]
        if page != "audit_log" or person.may(Action.VIEW_AUDIT):
            st.page_link(links.PAGES / f"{page}.py", label=label, icon=":material/arrow_forward:")


def _acknowledge(person: Actor, notice_id: int) -> None:
    try:
        desk().acknowledge(person, notice_id)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)


def _nothing(which: str) -> None:
    if which == OPEN:
        st.caption(
            ":material/check_circle: Nothing needs anybody's attention. Failures, deadlines that come near, vendors "
            "that do not answer and retention that drifts are told of here."
        )
    else:
        st.caption("Nobody has acknowledged a notice yet.")
