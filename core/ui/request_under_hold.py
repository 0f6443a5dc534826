"""What the form asks where something of a request has to be kept: change it, hold it back, or ask for an override."""

from collections.abc import Mapping

import streamlit as st

from core.model.findings import Finding
from core.model.holds import UnderHold
from core.ui import request_form
from core.ui.request_draft import Form

_WAYS: Mapping[str, tuple[str, str]] = {
    UnderHold.STOP: ("Change the request", "Take out what has to be kept."),
    UnderHold.HOLD_BACK: (
        "Hold it back until the hold is released",
        "Its deadline runs on. Once the hold is released, it is offered for erasure.",
    ),
    UnderHold.OVERRIDE: ("Ask for an override", "Nothing is sent before a second person has agreed."),
}


def show(filling: Form, shown: list[Finding]) -> None:
    """The choice, where something of what is asked for has to be kept; and the reason for an override."""
    rules = {finding.rule for finding in shown}
    about_it = [finding for finding in shown if finding.field in {"underHold", "reason"}]
    if not (rules & {"legal_hold", "immutable_category"} or about_it):
        return
    ways = [way for way in _WAYS if way != UnderHold.HOLD_BACK or "legal_hold" in rules]
    key = filling.key("underHold")
    if st.session_state.get(key) not in ways:
        st.session_state[key] = UnderHold.STOP
    with st.container(border=True):
        chosen = st.radio(
            "Some of it has to be kept. What to do?",
            ways,
            format_func=lambda way: _WAYS[way][0],
            captions=[_WAYS[way][1] for way in ways],
            key=key,
            on_change=_touch,
            args=("underHold", filling.generation),
        )
        request_form.show_findings(filling, shown, "underHold")
        if chosen == UnderHold.OVERRIDE:
            st.text_area(
                "Why it should be overridden",
                key=filling.key("reason"),
                help="Ten characters or more, shown to whoever decides. It is stored encrypted.",
                on_change=_touch,
                args=("reason", filling.generation),
            )
            request_form.show_findings(filling, shown, "reason")


def _touch(name: str, generation: int) -> None:
    filling = request_form.current()
    if generation == filling.generation:
        filling.touched.add(name)
