"""How a connection stands, in words: its health, breaker, limiter, settings, what waits, and its webhook."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import streamlit as st

from core.clients.breaker import Breaker
from core.clients.limiter import LimiterState
from core.desk import ConnectionView
from core.model.privacy_requests import TaskState
from core.settings import Settings
from core.ui import code_blocks, facts
from core.ui.findings import escape
from core.ui.links import of_system, to_requests
from core.ui.words import STATE_WORDS, ago, minute, number

Color = Literal["green", "orange", "red", "gray"]


@dataclass(frozen=True)
class Health:
    """One word for a badge, and one sentence of what it means."""

    word: str
    color: Color
    icon: str
    meaning: str


def health(view: ConnectionView, now: datetime) -> Health:
    """How a connection stands: the first of paused, breaker, vendor's pause, last call that has something to say."""
    state = view.state
    if view.paused:
        return Health("Paused", "orange", ":material/pause_circle:", "Nothing is sent or asked. What waits, waits.")
    if view.breaker != "closed":
        return _breaker_health(view, now)
    held_until = _held_until(view, now)
    if held_until:
        meaning = f"The vendor asked to slow down; the desk goes on by itself at {minute(held_until)}."
        return Health("Slowed down", "orange", ":material/hourglass_top:", meaning)
    if state.last_failure_at and (state.last_success_at is None or state.last_failure_at > state.last_success_at):
        return Health("Last call failed", "orange", ":material/warning:", "The desk tries again by itself.")
    if state.last_success_at is None:
        return Health("Not used yet", "gray", ":material/radio_button_unchecked:", "No call has been made.")
    return Health("Working", "green", ":material/check_circle:", "The vendor answers.")


def _breaker_health(view: ConnectionView, now: datetime) -> Health:
    next_at = Breaker.from_json(view.state.breaker).next_at(now)
    if view.breaker == "open":
        meaning = (
            "At least half of the last calls failed, so the desk spares the vendor: nothing is sent until "
            f"{minute(next_at)}. Then one trial call decides."
        )
        return Health("Holding back", "red", ":material/block:", meaning)
    return Health(
        "Trying again", "orange", ":material/sync:", "One trial call at a time: if it succeeds, everything goes on."
    )


def _held_until(view: ConnectionView, now: datetime) -> datetime | None:
    until = LimiterState.from_json(view.state.limiter).not_before
    return datetime.fromtimestamp(until, now.tzinfo) if until > now.timestamp() else None


def badge(found: Health) -> None:
    st.badge(found.word, icon=found.icon, color=found.color, help=found.meaning)


def waiting_words(view: ConnectionView) -> str:
    """`Queued: 12 · Needs a person: 2`; `Nothing waits` where nothing does."""
    counts = {state: view.waiting[state] for state in TaskState if state in view.waiting}
    return " · ".join(f"{STATE_WORDS[state]}: {number(count)}" for state, count in counts.items()) or "Nothing waits"


def card(view: ConnectionView, now: datetime) -> None:
    """A connection in short, for the overview."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(view.name)}** · {escape(view.capability.system)}", width="content")
        badge(health(view, now))
    lines = [f"Last good answer: {ago(view.state.last_success_at, now)}"]
    if view.capability.kinds:
        lines.append(waiting_words(view))
    if view.paused:
        lines.append(f"Paused: {escape(pause_words(view))}")
    elif view.state.last_error:
        lines.append(f"Last problem: {escape(view.state.last_error)}")
    st.caption("  \n".join(lines))


def pause_words(view: ConnectionView) -> str:
    """Why a connection is paused, and who did it when."""
    state = view.state
    if not state.paused:
        return "the settings say so"
    return f"{state.pause_reason or 'no reason was given'} ({state.paused_by}, {minute(state.paused_at)})"


def settings_table(view: ConnectionView) -> None:
    """What is configured; of the credentials only whether they are there."""
    settings = view.settings
    rows = {
        "System": view.capability.system,
        "Contract": settings.contract,
        "Address": settings.base_url,
        "Token address": settings.token_endpoint,
        "Credentials": _credentials(view),
        "Scope asked for": settings.scope or "none",
        "Limit": f"{number(settings.limit_per_minute)} requests a minute",
        "Attempts": f"up to {settings.max_attempts}, waiting {settings.base_delay_seconds:g} s and longer between them",
        "Time-out": f"{settings.timeout_seconds:g} s a call",
    }
    if view.capability.kinds:
        rows["A submission sent twice"] = _idempotency(view)
        rows["Follows up"] = (
            f"after {settings.poll_first_seconds:g} s, then less and less often, down to every "
            f"{settings.poll_max_seconds / 60:g} min, for up to {settings.give_up_days:g} days"
        )
    facts.show(
        rows,
        alt=f"Settings of {view.name}",
        literal={"Contract", "Address", "Token address", "Scope asked for" if settings.scope else ""},
    )


def _credentials(view: ConnectionView) -> str:
    missing = [
        word
        for word, there in (("client id", view.has_client_id), ("client secret", view.has_client_secret))
        if not there
    ]
    if missing:
        upper = view.name.upper()
        wanted = " and ".join(
            f"PRIVACY_DESK_CONNECTIONS__{upper}__{word.replace(' ', '_').upper()}" for word in missing
        )
        return f"No {' and no '.join(missing)}. Set {wanted} and start again."
    where = "in the form" if view.settings.credentials_in == "form" else "as HTTP Basic"
    return f"Client id and secret are set, sent {where}; they are never shown"


def _idempotency(view: ConnectionView) -> str:
    header = view.settings.idempotency_header
    if header:
        return f"is recognised by the vendor (header {header})"
    return "is not recognised by the vendor; after an unclear outcome a person decides"


def flow(view: ConnectionView, now: datetime) -> None:
    """Whether calls go out now, and how the last ones went."""
    found = health(view, now)
    st.markdown(found.meaning)
    lines = [
        f"Last good answer: {minute(view.state.last_success_at)}",
        f"Last failure: {minute(view.state.last_failure_at)}",
    ]
    if view.state.last_error:
        lines.append(f"Last problem: {escape(view.state.last_error)}")
    st.caption("  \n".join(lines))


def waiting(view: ConnectionView) -> None:
    """What waits, leading to the requests behind it."""
    if not view.capability.kinds:
        st.caption("This system takes no requests about persons: it holds purposes and their retention periods.")
        return
    st.markdown("**Waiting tasks**")
    if not view.waiting:
        st.caption("Nothing waits.")
        return
    st.markdown(waiting_words(view))
    to_requests("Show its requests", of_system(view.name))


def webhook(view: ConnectionView, settings: Settings) -> None:
    """The address to register at the vendor, or what is missing for one."""
    if not view.capability.kinds:
        return
    st.markdown("**Messages from the vendor**", help="Webhooks: the vendor tells the desk that a request has moved on.")
    url = settings.callback_url(view.name)
    if url:
        st.caption("Register this address at the vendor:")
        code_blocks.show(url)
    elif settings.in_sandbox:
        st.caption("The sandbox knows where to send its messages; there is nothing to register.")
    else:
        st.caption(
            "The vendor cannot reach this desk: set PRIVACY_DESK_PUBLIC_URL to its public https address. Until then "
            "the desk asks the vendor on a schedule; nothing is lost, it only takes longer."
        )
    if view.has_webhook_secret:
        st.caption(":material/check: A webhook secret is set: unsigned messages are turned away.")
    else:
        st.caption(
            ":material/warning: No webhook secret is set, so every message is turned away. Set "
            f"PRIVACY_DESK_CONNECTIONS__{escape(view.name.upper())}__WEBHOOK_SECRET."
        )
