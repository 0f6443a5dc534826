"""What happened to a request, event by event, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from core.clock import from_text
from core.model.events import EventKind
from core.store.audit import StoredEvent
from core.ui import code_blocks
from core.ui.findings import escape
from core.ui.words import KIND_WORDS, STATE_WORDS, error_class, minute, who

_ICONS: Mapping[str, str] = {
    EventKind.REQUEST_FILED: ":material/edit_square:",
    EventKind.REQUEST_CLOSED: ":material/flag:",
    EventKind.TASK_SENDING: ":material/upload:",
    EventKind.TASK_SUBMITTED: ":material/inbox:",
    EventKind.TASK_RETRY: ":material/replay:",
    EventKind.TASK_TRACKED: ":material/autorenew:",
    EventKind.TASK_ENDED: ":material/task_alt:",
    EventKind.TASK_NEEDS_PERSON: ":material/person_alert:",
    EventKind.TASK_CANCELLED: ":material/cancel:",
    EventKind.TASK_RETRIED_BY_PERSON: ":material/replay:",
    EventKind.TASK_ATTESTED: ":material/history_edu:",
    EventKind.PRIVACY_DELETION_COMPLETED: ":material/delete_forever:",
    EventKind.IDENTIFIER_DESTROYED: ":material/no_accounts:",
    EventKind.VAULT_DELIVERED: ":material/verified:",
    EventKind.VAULT_FAILED: ":material/error:",
    EventKind.APPROVAL_ASKED: ":material/how_to_reg:",
    EventKind.APPROVAL_DECIDED: ":material/how_to_reg:",
    EventKind.REQUEST_DENIED: ":material/block:",
    EventKind.REQUEST_SENT_NOW: ":material/send:",
    EventKind.TASK_HELD: ":material/gavel:",
    EventKind.TASK_NO_LONGER_HELD: ":material/lock_open:",
    EventKind.DEADLINE_EXTENDED: ":material/update:",
    EventKind.CLOCK_PAUSED: ":material/pause_circle:",
    EventKind.CLOCK_RESUMED: ":material/play_circle:",
    EventKind.IDENTITY_ESTABLISHED: ":material/badge:",
}


def show(events: Sequence[StoredEvent], names: Mapping[str, str]) -> None:
    """The events, oldest first; each opens to what the audit log holds of it. `names` are of actors, by id."""
    st.caption("Times are UTC. Open a line to see what the audit log holds of it.")
    for event in events:
        actor = names.get(event.actor) or who(event.actor)
        icon = _ICONS.get(event.kind, ":material/radio_button_unchecked:")
        label = escape(f"{second(from_text(event.at))} · {sentence(event, actor)}")
        with st.expander(label, type="step", icon=icon, key=f"event_{event.seq}"):
            st.caption(escape(f"Event {event.seq} of the audit log · {event.at} · by {actor}"))
            code_blocks.show_json(event.detail)


def second(instant: datetime) -> str:
    """`21 Nov 2026, 09:30:05`."""
    return f"{instant.day} {instant:%b %Y, %H:%M:%S}"


def sentence(event: StoredEvent, actor: str) -> str:
    """`Taken by cxone, as VND-1, status PROCESSING`."""
    detail, system = event.detail, event.connection or "the vendor"
    match event.kind:
        case EventKind.REQUEST_FILED:
            return f"Filed by {actor}"
        case EventKind.REQUEST_CLOSED:
            return f"Request closed: {_state(event.outcome).lower()}"
        case EventKind.TASK_SENDING:
            return f"Sending to {system}, attempt {detail.get('attempt', '?')}"
        case EventKind.TASK_SUBMITTED:
            return _listed(f"Taken by {system}", detail, vendor_request_id="as", vendor_status="status")
        case EventKind.TASK_RETRY:
            why = error_class(str(detail["why"])).lower() if detail.get("why") else "no answer"
            return f"{system} could not be asked ({why}); tried again {_due(detail)}"
        case EventKind.TASK_TRACKED:
            return _listed(f"{system} was asked", detail, vendor_status="status")
        case EventKind.TASK_ENDED:
            return _listed(f"{_state(event.outcome)} at {system}", detail, records="records")
        case EventKind.TASK_NEEDS_PERSON:
            return f"{_state(event.outcome)} at {system}: a person has to look"
        case EventKind.TASK_ATTESTED:
            return f"{actor} attested: {_state(event.outcome).lower()}"
        case EventKind.TASK_CANCELLED:
            return f"Cancelled by {actor}"
        case EventKind.TASK_RETRIED_BY_PERSON:
            return f"Tried again by {actor}"
    return KIND_WORDS.get(event.kind, event.kind)


def _state(outcome: str | None) -> str:
    return STATE_WORDS.get(outcome or "", outcome or "")


def _due(detail: Mapping[str, Any]) -> str:
    try:
        return f"at {minute(from_text(str(detail.get('due'))))}"
    except ValueError:
        return "later"


def _listed(said: str, detail: Mapping[str, Any], **words: str) -> str:
    """The sentence with those details that there are, `records 12` turned round to `12 records`."""
    parts = [said]
    for name, word in words.items():
        if detail.get(name) is not None:
            parts.append(f"{detail[name]} {word}" if name == "records" else f"{word} {detail[name]}")
    return ", ".join(parts)
