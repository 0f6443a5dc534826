"""The form for one request: its fields, what is wrong with each as it is typed, and the one button that files it."""

import re
from collections.abc import Callable, Mapping

import streamlit as st

from core.clients.catalog import CATALOG
from core.desk import DeskError
from core.model.deadlines import Law, laws
from core.model.findings import Finding
from core.model.people import NotAllowedError
from core.model.privacy_requests import Draft, RequestType
from core.ui import findings, links, session, waiting
from core.ui.contract_words import CATEGORIES, SCOPES, TYPE_HINTS, category_hint, scope_hint
from core.ui.findings import escape
from core.ui.request_draft import Form, form
from core.ui.words import TYPE_WORDS

DESCRIPTION_LENGTH = 255

FIELD_WORDS: Mapping[str, str] = {
    "connection": "Systems",
    "subjectId": "Subject id",
    "alsoKnownAs": "Further identifiers",
    "type": "Type",
    "categories": "Categories",
    "scope": "Scope",
    "description": "Description",
    "law": "Law",
    "region": "Region",
    "received": "Day received",
    "reference": "Your reference",
    "underHold": "What to do about the hold",
    "reason": "Why it should be overridden",
}

_REQUEST_ID = re.compile(r"PR-\d{6,}")

Slot = Callable[[str], object]


def systems() -> dict[str, str]:
    """The connections that take privacy requests, with the name of their system."""
    return {
        name: CATALOG[connection.contract].system
        for name, connection in session.desk().connections().items()
        if CATALOG[connection.contract].kinds
    }


def blank() -> Draft:
    """What an untouched form holds: the only system there is, the house's law, and today."""
    known, settings = tuple(systems()), session.desk().settings
    return Draft(
        connections=known if len(known) == 1 else (),
        type="",
        law=settings.law,
        region=settings.region,
        received=session.desk().today(),
    )


def current() -> Form:
    """This session's form."""
    return form(blank)


def fields(filling: Form, slot: Slot) -> None:
    """Every field; `slot` marks the place of a field's findings."""
    filling.seed()
    _person(filling, slot)
    _what(filling, slot)
    _when(filling, slot)


def visible(filling: Form, found: tuple[Finding, ...]) -> list[Finding]:
    """The findings to show: of the fields that were touched, and after the button was pressed of all."""
    return [f for f in found if filling.was_pressed or f.field in filling.touched or f.field not in FIELD_WORDS]


def show_findings(filling: Form, shown: list[Finding], name: str) -> None:
    """The findings of one field, with a link to the request that stands in the way where one does."""
    findings.show(shown, name, fix=filling.apply, key=str(filling.generation))
    for finding in shown:
        if finding.field == name and finding.rule == "already_open":
            for request_id in _REQUEST_ID.findall(finding.message):
                links.to_request(request_id)


def send(filling: Form, found: tuple[Finding, ...]) -> None:
    """The button, and beside it what came of pressing it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Submit request",
            type="primary",
            icon=":material/send:",
            key=filling.key("send"),
            on_click=_submit,
            args=(filling.generation,),
        )
        if filling.touched:
            st.button("Clear the form", type="tertiary", key=filling.key("clear"), on_click=_clear)
    blocked = dict.fromkeys(FIELD_WORDS.get(f.field, f.field) for f in found if f.blocks)
    if filling.was_pressed and blocked:
        count = "One field needs" if len(blocked) == 1 else f"{len(blocked)} fields need"
        st.error(escape(f"Not submitted. {count} your attention: {', '.join(blocked)}."), icon=":material/error:")
    if filling.problem:
        st.error(escape(filling.problem), icon=":material/error:")


def filed(filling: Form) -> None:
    """The request that was filed last, until the next one is."""
    if not filling.filed:
        return
    person = session.actor()
    view = session.desk().show(person, filling.filed)
    why = waiting.reasons(person, {task.connection for task in view.request.tasks}) if view else {}
    with st.container(border=True):
        st.success(f"{filling.filed} is filed. Nothing more is needed from you.", icon=":material/check_circle:")
        for reason in dict.fromkeys(why.values()):
            st.markdown(escape(f"It will wait: {reason}"))
        st.page_link(
            links.PAGES / "track_requests.py",
            label=f"Follow {filling.filed}",
            icon=":material/arrow_forward:",
            query_params={"request": filling.filed},
        )


def _person(filling: Form, slot: Slot) -> None:
    known = systems()
    st.multiselect(
        "Systems",
        list(known),
        format_func=lambda name: f"{known.get(name, 'Unknown system')} ({name})",
        key=filling.key("connection"),
        help="Where the person's data is. Each system gets its own task, and the request ends when all have.",
        placeholder="Choose one or more",
        on_change=_touch,
        args=("connection", filling.generation),
    )
    slot("connection")
    st.text_input(
        "Subject id",
        key=filling.key("subjectId"),
        live=True,
        autocomplete="off",
        placeholder="USR-8847291",
        help="The person's id at the vendor. Letters, digits, _ - and . only; 128 at the most. It is stored encrypted.",
        on_change=_touch,
        args=("subjectId", filling.generation),
    )
    slot("subjectId")
    st.text_input(
        "Further identifiers of the same person (optional)",
        key=filling.key("alsoKnownAs"),
        live=True,
        autocomplete="off",
        placeholder="USR-8847292; USR-8847293",
        help="Other ids of this person at the same systems, with ; between them. Each gets a task of its own.",
        on_change=_touch,
        args=("alsoKnownAs", filling.generation),
    )
    slot("alsoKnownAs")


def _what(filling: Form, slot: Slot) -> None:
    left, right = st.columns(2)
    with left:
        st.radio(
            "Type",
            list(RequestType),
            index=None,
            format_func=lambda kind: TYPE_WORDS[RequestType(kind)],
            captions=[TYPE_HINTS[kind] for kind in RequestType],
            key=filling.key("type"),
            on_change=_touch,
            args=("type", filling.generation),
        )
        slot("type")
    with right:
        st.radio(
            "Scope",
            list(SCOPES),
            index=None,
            format_func=lambda scope: SCOPES[scope][0],
            captions=[scope_hint(scope) for scope in SCOPES],
            key=filling.key("scope"),
            help="How far the vendor reaches out from the person when it looks for the categories below.",
            on_change=_touch,
            args=("scope", filling.generation),
        )
        slot("scope")
    st.markdown(
        ":small[Categories]", help="Which kinds of the person's data the request is about. Choose at least one."
    )
    with st.grid(3, min_column_width=190, gap=("xsmall", "small")):
        for category, (word, _) in CATEGORIES.items():
            # The hint stands beside the label, not in it: a screen reader would read the label's markup out.
            with st.container(gap=None):
                st.checkbox(word, key=filling.key(category), on_change=_touch, args=("categories", filling.generation))
                st.caption(category_hint(category))
    slot("categories")
    st.text_input(
        "Description (optional)",
        key=filling.key("description"),
        live=True,
        help="Goes to the vendor with the request. Do not repeat personal data in it.",
        on_change=_touch,
        args=("description", filling.generation),
    )
    st.caption(f"{len(filling.read().description)} of {DESCRIPTION_LENGTH} characters")
    slot("description")


def _when(filling: Form, slot: Slot) -> None:
    known = {law.id: law for law in laws()}
    law_side, region_side = st.columns(2)
    with law_side:
        st.selectbox(
            "Law",
            list(known),
            format_func=lambda law: known[law].name if law in known else str(law),
            key=filling.key("law"),
            help="Which law sets the deadline.",
            on_change=_touch,
            args=("law", filling.generation),
        )
        slot("law")
    with region_side:
        _region(filling, known.get(filling.read().law), slot)
    day_side, reference_side = st.columns(2)
    with day_side:
        st.date_input(
            "Day received",
            value=None,
            min_value="2000-01-01",
            max_value="2199-12-31",
            format="YYYY-MM-DD",
            key=filling.key("received"),
            help="The day the person asked, not the day it is filed: the law counts from receipt. Empty means today.",
            on_change=_touch,
            args=("received", filling.generation),
        )
        slot("received")
    with reference_side:
        st.text_input(
            "Your reference (optional)",
            key=filling.key("reference"),
            live=True,
            help="A ticket or case number, to find the request by. Not the person's name: it is not encrypted.",
            on_change=_touch,
            args=("reference", filling.generation),
        )
        slot("reference")


def _region(filling: Form, law: Law | None, slot: Slot) -> None:
    """Whose public holidays count; asked for only where they change a date."""
    if law and law.default_region:
        st.text_input(
            "Region (optional)",
            key=filling.key("region"),
            live=True,
            placeholder=law.default_region,
            help=escape(f"{law.region_hint}. Empty means {law.default_region}."),
            on_change=_touch,
            args=("region", filling.generation),
        )
        slot("region")
    if law and law.verify:
        st.caption("The numbers for this law come from secondary sources. Have them checked before you rely on them.")


def _touch(name: str, generation: int) -> None:
    filling = current()
    if generation == filling.generation:
        filling.touched.add(name)


def _clear() -> None:
    current().renew(blank())


def _submit(generation: int) -> None:
    filling = current()
    if generation != filling.generation:
        return  # the second click of a double click: the first has filed it
    filling.was_pressed, filling.problem = True, ""
    try:
        submitted = session.desk().submit(session.actor(), filling.read(), intent=filling.intent)
    except (DeskError, NotAllowedError) as error:
        filling.problem = f"Not submitted. {error}"
        return
    if submitted.request is not None:  # else its findings are drawn with the page
        filling.renew(blank())
        filling.filed = submitted.request.id
