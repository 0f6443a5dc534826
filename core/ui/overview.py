"""The pieces of the overview: cards, who waits, what is due, how the vendors stand, and the first steps."""

from datetime import date, datetime

import streamlit as st

from core.desk import DeskError, Overview
from core.desk.records import AT_RISK_DAYS
from core.model.people import Action, Actor, NotAllowedError
from core.store.requests import RequestSummary
from core.store.vault import Delivery
from core.ui import connections, links
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import STATE_ICONS, STATE_WORDS, TYPE_WORDS, counted, day, days_left, minute, number

SAMPLE_DAYS = 365
SAMPLE_REQUESTS = 2_000
NEAREST_SHOWN = 5


@st.fragment(run_every="10s")
def today(person: Actor) -> None:
    """Everything that moves, drawn anew every ten seconds by itself."""
    view, now = desk().overview(person), desk().clock.now()
    _worker_warning()
    _cards(view)
    _under_way(person, view)
    waiting, due = st.columns([3, 2], gap="medium")
    with waiting:
        _needs_a_person(view)
    with due:
        _nearest_deadlines(view)
    _vendors(person, now)
    if view.dead_letters:
        _dead_letters(person, view.dead_letters)
    st.caption(f"As of {minute(now)}; refreshed every 10 seconds.")


def first_steps(person: Actor) -> None:
    """What to do at a desk on which nothing has happened yet."""
    _worker_warning()
    st.header("No requests yet")
    st.markdown("Once a request is filed, this page shows what needs a person, what is due, and how the vendors stand.")
    if person.may(Action.SUBMIT):
        st.page_link(links.PAGES / "submit_request.py", label="Submit the first request", icon=":material/edit_square:")
    if not (desk().settings.in_sandbox and person.may(Action.FILL_SANDBOX)):
        return
    slot = st.empty()
    with slot.container():
        st.markdown("Or look around first, with invented requests:")
        filling = st.button("Fill a year of sample history", key="fill_sample", icon=":material/auto_awesome:")
    if filling:
        with slot.container():
            _fill(person)


def _fill(person: Actor) -> None:
    bar = st.progress(0.0, text="Filling in a year of sample history …")
    try:
        for done, total in desk().fill_sample(person, days=SAMPLE_DAYS, requests=SAMPLE_REQUESTS):
            bar.progress(done / total, text=f"{number(done)} of {number(total)} requests filled in …")
    except (DeskError, NotAllowedError) as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    st.rerun()


def _worker_warning() -> None:
    if not desk().worker_is_alive():
        st.warning(
            "The worker is not running: nothing is sent to vendors and no answer is fetched. Requests wait, none is "
            "lost. Restart the server, or run `privacy-desk worker`.",
            icon=":material/warning:",
        )


def _cards(view: Overview) -> None:
    grid = st.grid(4, min_column_width=150, border=True)
    in_flight = view.in_flight + view.queued
    for label, count, icon, query, link, hint in (
        (
            "Need a person", view.needs_person_total, ":material/person_alert:", links.NEEDS_PERSON, "Look at them",
            "Requests that do not go on by themselves: the outcome is unknown, or the vendor refused or cannot tell.",
        ),
        (
            "Overdue", view.overdue, ":material/event_busy:", links.OVERDUE, "See overdue",
            "Open, and past the legal deadline, by the controller's calendar.",
        ),
        (
            "At risk", view.at_risk, ":material/timer:", links.AT_RISK, "See at risk",
            f"Open, and due today or within {AT_RISK_DAYS} days.",
        ),
        (
            "Awaiting approval", view.awaiting_approval, ":material/how_to_reg:", links.AWAITING_APPROVAL,
            "See waiting", "Nothing of them is sent before a second person has approved.",
        ),
        (
            "On legal hold", view.on_hold, ":material/gavel:", links.ON_HOLD, "See on hold",
            "A legal hold keeps them from being carried out.",
        ),
        (
            "In grace", view.in_grace, ":material/hourglass_top:", links.IN_GRACE, "See in grace",
            "Erasures that are not sent yet, so that a mistake can be stopped. Cancel one, or have it sent now.",
        ),
        (
            "In flight", in_flight, ":material/autorenew:", links.IN_FLIGHT, "See in flight",
            f"{number(view.queued)} queued, {number(view.in_flight)} at a vendor.",
        ),
        (
            "Closed in 7 days", view.closed_last_7_days, ":material/task_alt:", links.CLOSED, "See closed",
            "Requests that ended in the last seven days, however they ended. Metrics has the success rate.",
        ),
    ):  # fmt: skip
        with grid.cell(), st.container(gap="xsmall"):
            st.metric(label, counted(count), icon=icon, help=hint)
            links.to_requests(link, query)


def _under_way(person: Actor, view: Overview) -> None:
    """The worker, batches, and what the limit of erasures an hour leaves."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if desk().worker_is_alive():
            st.badge("Worker at work", color="green", icon=":material/check_circle:")
        if view.batches_under_way:
            batches = "1 batch" if view.batches_under_way == 1 else f"{number(view.batches_under_way)} batches"
            st.page_link(links.PAGES / "submit_batch.py", label=f"{batches} under way", icon=":material/arrow_forward:")
    budget = desk().erasure_budget(person)
    if budget and budget.next_at:
        st.info(
            f"The limit of {number(budget.limit)} erasures an hour is used up: the next one is sent at "
            f"{minute(budget.next_at)}. What waits for it is queued; the limit is the setting ERASURES_PER_HOUR.",
            icon=":material/speed:",
        )
    elif budget:
        st.caption(f"Erasures sent in the last hour: {number(budget.sent)} of {number(budget.limit)} allowed.")


def _needs_a_person(view: Overview) -> None:
    st.header("Waiting for a person")
    if not view.needs_person:
        st.caption(":material/check_circle: Nothing waits for a person.")
        return
    for row in view.needs_person:
        with st.container(border=True, gap="xxsmall"):
            _row_head(row)
            st.markdown(escape(row.error or "It waits for a decision. Open it to see which."))
    if view.needs_person_total > len(view.needs_person):
        links.to_requests(f"Show all {counted(view.needs_person_total)}", links.NEEDS_PERSON)


def _nearest_deadlines(view: Overview) -> None:
    st.header("Nearest deadlines")
    if not view.nearest_deadlines:
        st.caption(":material/check_circle: No request is open.")
        return
    for row in view.nearest_deadlines[:NEAREST_SHOWN]:
        with st.container(border=True, gap="xxsmall"):
            _row_head(row)
            st.caption(f"{STATE_ICONS[row.state]} {STATE_WORDS[row.state]} · due {day(row.due_on)}")
    links.to_requests("Show all that are open", links.NEAREST)


def _row_head(row: RequestSummary) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        links.to_request(row.id)
        st.markdown(f"{TYPE_WORDS[row.type]} · {escape(', '.join(row.connections))}", width="content")
        _due_badge(row.due_on, desk().today())


def _due_badge(due: date, at: date) -> None:
    left, words = (due - at).days, days_left(due, at)
    words = words[0].upper() + words[1:]
    if left < 0:
        st.badge(words, color="red", icon=":material/event_busy:")
    elif left <= AT_RISK_DAYS:
        st.badge(words, color="orange", icon=":material/timer:")
    else:
        st.badge(words, color="gray", icon=":material/event:")


def _vendors(person: Actor, now: datetime) -> None:
    if not person.may(Action.VIEW_CONNECTIONS):
        return
    st.header("Vendor connections")
    views = desk().connection_views(person)
    if not views:
        st.caption("No connection is there: the sandbox has not started yet. Wait a moment, or restart the server.")
    grid = st.grid(3, min_column_width=280, border=True)
    for view in views:
        with grid.cell():
            connections.card(view, now)


def _dead_letters(person: Actor, total: int) -> None:
    st.header("Proof that did not reach the vault")
    records = "1 record was" if total == 1 else f"{counted(total)} records were"
    st.markdown(
        f"{records} given up on. Put right what the vault says, then send them again: "
        "the requests themselves are closed and stay so."
    )
    if problem := st.session_state.get("resend_problem"):
        st.error(escape(problem), icon=":material/error:")
    for letter in desk().deliveries(person, "dead"):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            links.to_request(letter.task.rpartition("-")[0])
            said = letter.error.message if letter.error else "The vault gave no reason."
            tried = "once" if letter.attempts == 1 else f"{letter.attempts} times"
            st.markdown(f"{escape(said)} Tried {tried}.", width="stretch")
            if person.may(Action.RESEND_TO_VAULT):
                st.button(
                    "Send again",
                    key=f"resend_{letter.id}",
                    icon=":material/send:",
                    on_click=_resend,
                    args=(person, letter),
                )


def _resend(person: Actor, letter: Delivery) -> None:
    st.session_state.pop("resend_problem", None)
    try:
        desk().resend(person, letter.id)
    except (DeskError, NotAllowedError) as error:
        st.session_state.resend_problem = str(error)
