"""What to look for in the audit log, kept in the address of the page."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from core.model.events import EventKind
from core.model.people import Actor
from core.store.audit import EventFilter
from core.ui.audit import finding_people, place
from core.ui.session import desk
from core.ui.words import KIND_WORDS, outcome_words, who

ANY = "Any"
_LONGEST = 200  # characters; a longer word than any in the log finds nothing anyway


def choose(person: Actor) -> EventFilter:
    """The controls, and what they say."""
    known = desk().audit_values(person)
    named = namer(person)
    names = Counter(named(actor) for actor in known.actors)
    with st.grid(4, min_column_width=150, vertical_alignment="bottom"):
        text = st.text_input(
            "Words in the event",
            type="search",
            key="audit_text",
            bind="query-params",
            max_chars=_LONGEST,
            placeholder="pause, FAILED, VND-1042",
            help="Whole words of an event's kind, ids, outcome and details, in any order. What you type here stands in "
            "the address of the page: for a person's identifier, use Find a person.",
            on_change=place.newest,
        )
        kind = st.selectbox(
            "What happened",
            [ANY, *EventKind],
            format_func=lambda kind: KIND_WORDS.get(kind, kind),
            key="kind",
            bind="query-params",
            on_change=place.newest,
        )
        request = st.text_input(
            "Request",
            key="audit_request",
            bind="query-params",
            max_chars=_LONGEST,
            placeholder="PR-000001",
            on_change=place.newest,
        )
        connection = st.selectbox(
            "Connection",
            [ANY, *known.connections],
            key="audit_connection",
            bind="query-params",
            on_change=place.newest,
        )
        actor = st.selectbox(
            "Who",
            [ANY, *known.actors],
            # Whoever shares a name with somebody else is told apart by their id.
            format_func=lambda actor: actor if names[named(actor)] > 1 else named(actor),
            key="audit_actor",
            bind="query-params",
            on_change=place.newest,
        )
        outcome = st.selectbox(
            "Outcome",
            [ANY, *known.outcomes],
            format_func=outcome_words,
            key="audit_outcome",
            bind="query-params",
            on_change=place.newest,
        )
        since = st.date_input(
            "From", None, key="audit_from", bind="query-params", format="YYYY-MM-DD", on_change=place.newest
        )
        until = st.date_input(
            "To", None, key="audit_to", bind="query-params", format="YYYY-MM-DD", on_change=place.newest
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        finding_people.find()
        st.button(
            "Clear filters", key="clear_filters", type="tertiary", icon=":material/filter_alt_off:", on_click=_clear
        )
    return EventFilter(
        kind=_chosen(kind),
        actor=_chosen(actor),
        request=_words(request).upper() or None,
        connection=_chosen(connection),
        outcome=_chosen(outcome),
        since=_midnight(since),
        until=_day_after(until),
        text=_words(text) or None,
        pseudonym=finding_people.chosen(),
    )


def _clear() -> None:
    st.session_state.update(
        kind=ANY,
        audit_text="",
        audit_request="",
        audit_connection=ANY,
        audit_actor=ANY,
        audit_outcome=ANY,
        audit_from=None,
        audit_to=None,
    )
    finding_people.forget()
    place.newest()


def namer(person: Actor) -> Callable[[str], str]:
    """What the reader knows an actor's id as; everybody's name is read once."""
    names = {**desk().person_names(person), person.id: person.name}
    return lambda actor_id: names.get(actor_id) or who(actor_id)


def _chosen(value: str | None) -> str | None:
    return None if value in (None, ANY) else _words(str(value))


def _words(typed: str | None) -> str:
    """What was typed, or stood in the address, as text that a database takes: no NUL, no half of a character."""
    return (typed or "").encode(errors="ignore").decode().replace("\0", "").strip()[:_LONGEST]


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _day_after(day: date | None) -> datetime | None:
    """The end of a day; of the last day there is, None: nothing is later."""
    return _midnight(day + timedelta(days=1)) if day and day < date.max else None
