"""One request whole: how it stands and what happens next, its facts, and tabs with everything behind them."""

from collections.abc import Mapping

import streamlit as st

from core.desk import RequestView
from core.model.deadlines import laws
from core.model.events import EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import CLOSED, PrivacyRequest, RequestState, Task
from core.ui import (
    charts,
    code_blocks,
    http_view,
    links,
    next_step,
    request_actions,
    request_clock,
    request_decisions,
    timeline,
    waiting,
)
from core.ui.audit import exporting
from core.ui.contract_words import category_words, scope_words
from core.ui.findings import escape
from core.ui.request_list import BADGE_COLORS
from core.ui.session import desk, require
from core.ui.words import STATE_ICONS, STATE_WORDS, TYPE_WORDS, day, days_left, duration, minute, number

TIMELINE, TASKS, HTTP, PROOF = "Timeline", "Vendor tasks", "HTTP exchanges", "Proof"

_DELIVERY_WORDS = {
    "pending": ":material/schedule: On its way to the vault",
    "delivered": ":material/verified: In the vault",
    "dead": ":material/error: Not delivered; given up",
}


def show(person: Actor, request_id: str) -> None:
    """The request, looked at again by itself while it is open."""
    view = desk().show(person, request_id)
    if view is None:
        missing()
        return
    every = next_step.refresh_seconds(view.request)
    st.fragment(_whole, run_every=every)(request_id, every)


def missing() -> None:
    """The same words whatever was asked for: a made-up id tells nothing."""
    back()
    st.title("No such request", anchor=False)
    st.markdown("There is no request with this id. Check the address, or look for it in the list.")


def back() -> None:
    st.button("All requests", key="track_back", type="tertiary", icon=":material/arrow_back:", on_click=_to_list)


def _to_list() -> None:
    del st.query_params["request"]
    st.rerun()


def _whole(request_id: str, every: float | None) -> None:
    person = require(Action.VIEW_REQUESTS)  # asked again: roles change while a page is open
    view = desk().show(person, request_id)
    if view is None or next_step.refresh_seconds(view.request) != every:
        st.rerun()
    request = view.request
    back()
    _head(request, person)
    request_decisions.show(person, view)
    request_actions.show(view)
    _facts(view, person)
    opened = st.tabs([TIMELINE, TASKS, HTTP, PROOF], key="request_tab", on_change="rerun")
    for tab, draw in zip(opened, (_timeline, _tasks, _exchanges, _proof), strict=True):
        if tab.open:
            with tab:
                draw(view, person)


def _head(request: PrivacyRequest, person: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(request.id, anchor=False, width="content")
        st.badge(
            STATE_WORDS[request.state],
            icon=STATE_ICONS[request.state],
            color=BADGE_COLORS.get(request.state, "blue"),
        )
    present = {task.connection for task in request.tasks if task.superseded_by is None}
    held_up: dict[str, str] = {}
    if request.state not in CLOSED:
        held_up = {**waiting.for_the_limit(person, request.tasks), **waiting.reasons(person, present)}
    for sentence in next_step.sentences(request, held_up, desk().clock.now()):
        st.markdown(escape(sentence))
    if request.state in {RequestState.NEEDS_PERSON, RequestState.FAILED, RequestState.PARTLY_COMPLETED}:
        for task in request.tasks:
            if task.superseded_by is None:
                _problem(task)


def _problem(task: Task) -> None:
    """Why a task does not go on. Vendors write into it, so it is never read as markdown."""
    if task.error:
        st.warning(escape(f"{task.error.message} {task.error.advice}".strip()), icon=":material/person_alert:")


def _facts(view: RequestView, person: Actor) -> None:
    request, today = view.request, desk().today()
    due = day(request.due_on)
    if request.state not in CLOSED:
        due = f"{due}, {days_left(request.due_on, today)}"
    if request.subject is not None:
        subject = request.subject
    elif request.masked_subject is not None:
        subject = f"{request.masked_subject} (your role sees it masked)"
    else:
        subject = "Destroyed after closing, as it should be"
    names = {law.id: law.name for law in laws()}
    region = f", {request.region}" if request.region else ""
    facts = {
        "Due": due,
        "Type": TYPE_WORDS[request.type],
        "Person": "; ".join((subject, *request.also_known_as)),
        "Systems": ", ".join(dict.fromkeys(task.connection for task in request.tasks)),
        "Categories": category_words(request.categories),
        "Scope": scope_words(request.scope),
        "Law": names.get(request.law, request.law) + region,
        "Received": day(request.received),
        "Filed": f"{minute(request.submitted_at)} by {request.filed_by}",
        "Your reference": request.reference,
        "Description": request.description,
    }
    with st.container(border=True):
        facts_grid({name: value for name, value in facts.items() if value})
        if request.batch:
            links.to_batch(f"Came with {request.batch}", request.batch)
        with st.expander("The dates and how they were reckoned", icon=":material/event:", key="request_dates"):
            request_clock.show(person, request, view.clock)


def facts_grid(facts: Mapping[str, str]) -> None:
    """Names and values side by side; values are shown as they are."""
    grid = st.grid(4, min_column_width=145)
    for name, value in facts.items():
        with grid.cell(), st.container(gap=None):
            st.caption(name)
            st.text(value)


def _timeline(view: RequestView, person: Actor) -> None:
    # The log knows people by their ids; the desk knows who signed in, and these two are at hand.
    names = {**desk().person_names(person), person.id: person.name}
    names |= {event.actor: view.request.filed_by for event in view.timeline if event.kind == EventKind.REQUEST_FILED}
    timeline.show(view.timeline, names)
    if person.may(Action.VIEW_AUDIT):
        st.page_link(
            links.PAGES / "audit_log.py",
            label="The same in the audit log",
            icon=":material/arrow_forward:",
            query_params={"audit_request": view.request.id},
        )


def _tasks(view: RequestView, _: Actor) -> None:
    for task in view.request.tasks:
        with st.container(border=True):
            _task(task)


def _task(task: Task) -> None:
    icon, word = STATE_ICONS[task.state], STATE_WORDS[task.state]
    st.markdown(f"**{escape(task.id)}** · {escape(task.connection)} · {icon} {word}")
    if task.superseded_by:
        st.caption(escape(f"Tried again as {task.superseded_by}; kept here as it ended."))
    elif task.error:
        _problem(task)
    next_look = minute(task.next_due_at) if task.next_due_at else ""
    facts = {
        "Vendor's status, as the vendor spells it": task.vendor_status or "",
        "Vendor's id": task.vendor_request_id or "",
        "Records affected": "" if task.records_affected is None else number(task.records_affected),
        "Attempts to send": str(task.attempts),
        "Times asked": str(task.polls),
        "Next look": next_look,
        "Taken by the vendor": minute(task.submitted_at) if task.submitted_at else "",
        "Ended": minute(task.ended_at) if task.ended_at else "",
        "Took": duration(task.latency_ms) if task.latency_ms is not None else "",
    }
    facts_grid({name: value for name, value in facts.items() if value})
    if task.cascade:
        _cascade(task)


def _cascade(task: Task) -> None:
    """What went with it: the linked entities that the vendor removed."""
    st.markdown("What the vendor removed in linked entities")
    names, counts = [entry.entity for entry in task.cascade], [entry.records for entry in task.cascade]
    said = ", ".join(f"{number(count)} in {name}" for name, count in zip(names, counts, strict=True))
    table, chart = st.columns(2)
    table.dataframe(
        {"Linked entity": names, "Records removed": counts}, hide_index=True, alt=f"Records removed: {said}"
    )
    with chart:
        charts.show(
            charts.horizontal_bars(names, counts, unit="Records"),
            alt=f"Bar chart of the records removed: {said}",
            key=f"cascade_{task.id}",
        )


def _exchanges(view: RequestView, _: Actor) -> None:
    http_view.show(view.exchanges, "http")


def _proof(view: RequestView, person: Actor) -> None:
    exporting.offer_for_request(person, view.request.id)
    if not view.deliveries and not view.attestations:
        st.caption("Once a task succeeds, its record for the vault is here, and whatever people attested.")
    for delivery in view.deliveries:
        with st.container(border=True):
            st.markdown(f"{_DELIVERY_WORDS.get(delivery.state, delivery.state)} · {escape(delivery.task)}")
            st.caption(f"Tries: {delivery.attempts} · delivered: {minute(delivery.delivered_at)}")
            if delivery.error:
                st.warning(escape(f"{delivery.error.message} {delivery.error.advice}".strip()), icon=":material/error:")
            code_blocks.show_json(delivery.record)
    for attestation in view.attestations:
        with st.container(border=True):
            st.markdown(
                f":material/history_edu: {escape(attestation.actor_name)} attested {escape(attestation.task)}: "
                f"{STATE_WORDS[attestation.state].lower()}"
            )
            st.caption(minute(attestation.at))
            if person.may(Action.SEE_IDENTIFIERS):
                st.text(attestation.evidence)
            else:
                st.caption("What was seen may name the person, so your role does not see it.")
