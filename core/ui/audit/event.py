"""One event in full, with its place in the chain: its neighbours and the checkpoint that covers it, in words."""

import streamlit as st

from core.clock import from_text
from core.desk.audit_places import EventInChain
from core.model.people import Actor
from core.store.audit import StoredEvent
from core.ui import code_blocks, facts
from core.ui.findings import escape
from core.ui.links import to_request
from core.ui.session import desk
from core.ui.words import KIND_WORDS, minute, number

EVENT = "event"
_GREATEST = 2**53 - 1


def show(person: Actor) -> None:
    """The field for its number, which is in the address, and the event."""
    st.header("One event in full", anchor=False)
    seq = st.number_input(
        "Number of the event",
        min_value=1,
        max_value=_GREATEST,
        value=None,
        step=1,
        key=EVENT,
        bind="query-params",
        width=220,
    )
    if seq is None:
        st.caption("Select a row above, or enter its number. The address of the page then leads to this event.")
        return
    found = desk().event_in_chain(person, seq)
    if found is None:
        st.warning(f"There is no event {number(seq)} in the log.", icon=":material/search_off:")
        return
    with st.container(border=True):
        _in_full(found)


def _in_full(found: EventInChain) -> None:
    event = found.event
    st.markdown(f"**{escape(KIND_WORDS.get(event.kind, event.kind))}**")
    what, place = st.columns(2, gap="large")
    with what:
        _what(event)
    with place:
        _place(found)
    with st.container(horizontal=True):
        st.button(
            "Event before",
            key="event_before",
            icon=":material/chevron_left:",
            disabled=found.before is None,
            on_click=_go,
            args=(found.before.seq if found.before else event.seq,),
        )
        st.button(
            "Event after",
            key="event_after",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=found.after is None,
            on_click=_go,
            args=(found.after.seq if found.after else event.seq,),
        )


def _what(event: StoredEvent) -> None:
    rows = {
        "When": f"{event.at[:19].replace('T', ' ')} UTC",
        "Kind": event.kind,
        "Who": event.actor,
        "Task": event.task,
        "Connection": event.connection,
        "Outcome": event.outcome,
    }
    there = {name: value for name, value in rows.items() if value}
    facts.show(there, alt=f"Event {event.seq}", literal=there.keys() - {"When"})
    if event.request:
        to_request(event.request)
    st.caption("Details")
    code_blocks.show_json(dict(event.detail))


def _place(found: EventInChain) -> None:
    event = found.event
    st.caption(f"Its place in the chain: number {number(event.seq)}")
    st.markdown("\n".join(f"* {sentence}" for sentence in (_before(found), _after(found), _checkpoint(found))))
    for label, value in (
        ("Fingerprint of the event before", event.prev),
        ("Its own fingerprint: SHA-256 of the event and of the fingerprint before", event.hash),
        ("Made with the key, over its fingerprint: HMAC-SHA-256", event.mac),
    ):
        st.caption(label)
        code_blocks.show(value)


def _before(found: EventInChain) -> str:
    if found.event.seq == 1:
        return "It is the first event of the log: 64 zeros stand for the fingerprint before it."
    if found.disposal:
        said = number(found.disposal.seq)
        return f"The events before it were disposed of when their time was over, as event {said} says."
    if found.before is None:
        return f"Event {number(found.event.seq - 1)}, before it, is not in the log. Verify the whole log."
    named = _named(found.before)
    if found.before.hash == found.event.prev:
        return f"It names the fingerprint of {named}, before it, as that event has it."
    return f"**It does not follow {named}**: the fingerprint it names is another. Verify the whole log."


def _after(found: EventInChain) -> str:
    if found.after is None:
        return "No event follows it yet: it is the newest."
    named = _named(found.after)
    if found.after.prev == found.event.hash:
        return f"{named[0].upper()}{named[1:]}, after it, names its fingerprint in turn."
    return f"**{named[0].upper()}{named[1:]}, after it, does not name its fingerprint.** Verify the whole log."


def _checkpoint(found: EventInChain) -> str:
    covering = found.checkpoint
    if covering is None:
        return "No signed checkpoint covers it yet: chain and key alone vouch for it."
    at = minute(from_text(covering.at))
    return (
        f"The checkpoint signed {at} covers it, with all events up to {number(covering.size)}; "
        f"key `{covering.key_id}`, and its signature holds."
    )


def _named(event: StoredEvent) -> str:
    return f"event {number(event.seq)} ({escape(KIND_WORDS.get(event.kind, event.kind)).lower()})"


def _go(seq: int) -> None:
    st.session_state[EVENT] = seq
