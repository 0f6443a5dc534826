"""How often the purposes of a connection were compared and changed lately, how well, and how long it took."""

from datetime import timedelta

import streamlit as st

from core.model.people import Action, Actor
from core.ui.retention.words import CHANGE_WORDS
from core.ui.session import desk
from core.ui.words import duration, number, share

DAYS = 30


def lately(person: Actor, connection: str) -> None:
    """The last 30 days; nothing where nothing was compared or changed in them."""
    if not person.may(Action.VIEW_METRICS):
        return
    now = desk().clock.now()
    found = desk().purpose_metrics(person, since=now - timedelta(days=DAYS), until=now, connection=connection)
    if not (found.comparisons or found.changes):
        return
    st.header(f"The last {DAYS} days", anchor=False)
    grid = st.grid(6, min_column_width=150)
    failed = f"{number(found.failed_comparisons)} of them failed."
    for label, value, hint in (
        ("Comparisons", number(found.comparisons), f"Of the declared list with a vendor's. {failed}"),
        (
            "Comparison, p50",
            _short(found.comparison_ms.p50),
            "From asking to the whole list read and compared; half of them took at most this long.",
        ),
        ("Changes ended", number(found.changes), "Purposes that were to be enforced, without cancelled ones."),
        (
            "In force after",
            share(found.success_rate),
            "Changes after which the vendor has what is declared, read back, out of all that ended.",
        ),
        (
            "Change, p90",
            _short(found.change_ms.p90),
            "From asking to the end of a change, waiting for a second person and the limit included.",
        ),
        ("PUT, p90", _short(found.put_ms.p90), "The vendor's own time for the call that changes a purpose."),
    ):
        grid.metric(label, value, help=hint, border=True, height="stretch")
    if found.outcomes:
        said = ", ".join(f"{CHANGE_WORDS[s].lower()} {number(n)}" for s, n in sorted(found.outcomes.items()))
        st.caption(f"By outcome: {said}.")


def _short(milliseconds: float | None) -> str:
    """As `duration`, with milliseconds below one second: a call to a vendor is often that quick."""
    if milliseconds is None or milliseconds >= 1000:
        return duration(milliseconds)
    return f"{round(milliseconds)} ms"
