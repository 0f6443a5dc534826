"""The form of one declared purpose: its fields, what is wrong with each as it is typed, and the button."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.desk import DeskError
from core.model.findings import Finding
from core.model.people import Action, Actor, NotAllowedError
from core.model.purposes import LegalBasis
from core.ui import findings, session
from core.ui.findings import escape
from core.ui.retention.words import FIELD_WORDS, basis_words
from core.ui.session import desk

TAB, VIEW = "Declare", "view"
_FORM = "retention_form"

# What most desks will choose from; anything else can be typed.
SUBJECTS = ("Customers", "Callers", "Prospects", "Employees", "Agents")
CATEGORIES = (
    "Contact details", "Voice recordings", "Screen recordings", "Chat transcripts", "E-mails", "Survey answers",
    "Usage data", "Billing data",
)  # fmt: skip
RECIPIENTS = ("Contact-centre vendor", "Payment provider", "Public authority")

BLANK: Mapping[str, Any] = {
    "name": "",
    "description": "",
    "retention_days": None,
    "legal_basis": None,
    "is_active": True,
    "owner": "",
    "data_subjects": [],
    "data_categories": [],
    "recipients": [],
    "transfers": "",
    "security_measures": "",
}


@dataclass
class Form:
    """One filling-in. `version` is the one it was filled from, 0 for a new purpose; a new `generation` empties it."""

    values: dict[str, Any] = field(default_factory=lambda: dict(BLANK))
    version: int = 0
    generation: int = 1
    touched: set[str] = field(default_factory=set)
    was_pressed: bool = False
    problem: str = ""
    done: str = ""

    def key(self, name: str) -> str:
        return f"declare_{name}_{self.generation}"

    def renew(self, values: Mapping[str, Any], version: int, *, touched: bool = False) -> None:
        self.values, self.version = {**BLANK, **values}, version
        self.generation += 1
        self.touched = set(self.values) if touched else set()
        self.was_pressed, self.problem = False, ""

    def read(self) -> dict[str, Any]:
        """The payload as the fields have it now; an empty field is one that was not given."""
        read = {name: st.session_state.get(self.key(name), value) for name, value in self.values.items()}
        return {
            name: list(value) if isinstance(value, list | tuple) else value
            for name, value in read.items()
            if value is not None
        }


def form() -> Form:
    """This session's form."""
    if _FORM not in st.session_state:
        st.session_state[_FORM] = Form()
    filling: Form = st.session_state[_FORM]
    return filling


def fill(connection: str, name: str) -> None:
    """Put a purpose into the form, as it is declared or else as the vendor has it, and turn to it."""
    view = desk().show_purpose(session.actor(), connection, name)
    filling = form()
    filling.done = ""
    if view and view.version:
        filling.renew(view.version.declaration.model_dump(mode="json"), view.version.version)
    elif view and len(view.live) == 1:
        values = view.live[0].values()
        days = values["retention_days"]
        known = values["legal_basis"] in set(LegalBasis)
        values |= {"retention_days": days if isinstance(days, int) else None}
        values |= {"legal_basis": values["legal_basis"] if known else None}
        filling.renew({**values, "name": name}, 0, touched=True)
    st.session_state[VIEW] = TAB


def show(person: Actor, connection: str) -> None:
    """The form and, below it, what came of it."""
    if not person.may(Action.DECLARE_PURPOSES):
        st.info("Ask an administrator for a role that may declare purposes.", icon=":material/lock:")
        return
    filling = form()
    for name, value in filling.values.items():
        st.session_state.setdefault(filling.key(name), value)
    if filling.done:
        st.success(escape(filling.done), icon=":material/check_circle:")
    if filling.version:
        st.markdown(f"Changing **{escape(filling.values['name'])}**, version {filling.version}.")
    found = desk().check_declaration(person, filling.read())
    shown = [f for f in found if filling.was_pressed or f.field in filling.touched]
    left, right = st.columns(2, gap="large")
    with left:
        _what(filling, shown)
    with right:
        _why(filling, shown)
    with st.expander("What the record of processing asks for (GDPR Art. 30(1))", icon=":material/description:"):
        _record(filling, shown)
    _send(connection, filling, found)


def _what(filling: Form, shown: list[Finding]) -> None:
    st.text_input(
        "Name",
        key=filling.key("name"),
        live=True,
        disabled=filling.version > 0,
        autocomplete="off",
        placeholder="Voice quality review",
        help="As the vendor has it: a purpose is found by its name. 4 to 50 letters, digits, spaces and underscores, "
        "beginning with A to Z.",
        on_change=_touch,
        args=("name",),
    )
    _findings(filling, shown, "name")
    st.number_input(
        "Retention period in days",
        key=filling.key("retention_days"),
        step=1,
        format="%d",
        placeholder="180",
        help="The vendor deletes what is older. 1 to 365 days.",
        on_change=_touch,
        args=("retention_days",),
    )
    _findings(filling, shown, "retention_days")
    st.text_area(
        "Description (optional)",
        key=filling.key("description"),
        help="What the data is kept for. It goes to the vendor with the purpose; left empty, the vendor's own stays. "
        "No personal data.",
        on_change=_touch,
        args=("description",),
    )
    _findings(filling, shown, "description")
    st.toggle("Active at the vendor", key=filling.key("is_active"), on_change=_touch, args=("is_active",))


def _why(filling: Form, shown: list[Finding]) -> None:
    st.radio(
        "Legal basis (GDPR Art. 6(1))",
        [basis.value for basis in LegalBasis],
        index=None,
        format_func=basis_words,
        captions=[basis.hint for basis in LegalBasis],
        key=filling.key("legal_basis"),
        on_change=_touch,
        args=("legal_basis",),
    )
    _findings(filling, shown, "legal_basis")


def _record(filling: Form, shown: list[Finding]) -> None:
    for name, known, hint in (
        ("data_subjects", SUBJECTS, "Whose data it is, Art. 30(1)(c)."),
        ("data_categories", CATEGORIES, "Which data, Art. 30(1)(c)."),
        ("recipients", RECIPIENTS, "Who receives the data, Art. 30(1)(d)."),
    ):
        values = list(st.session_state.get(filling.key(name)) or [])
        st.multiselect(
            FIELD_WORDS[name],
            list(dict.fromkeys([*known, *values])),
            key=filling.key(name),
            accept_new_options=True,
            placeholder="Choose or type",
            help=hint,
            on_change=_touch,
            args=(name,),
        )
        _findings(filling, shown, name)
    for name, hint in (
        ("owner", "Who answers for this purpose in the house: a role or a team."),
        ("transfers", "To which third countries, and with which safeguards, Art. 30(1)(e)."),
        ("security_measures", "In general terms, Art. 30(1)(g)."),
    ):
        st.text_input(FIELD_WORDS[name], key=filling.key(name), help=hint, on_change=_touch, args=(name,))
        _findings(filling, shown, name)


def _send(connection: str, filling: Form, found: tuple[Finding, ...]) -> None:
    st.text_input(
        "Why is it changed?" if filling.version else "Why is it declared? (optional)",
        key=filling.key("reason"),
        max_chars=500,
        help="Kept in the history of the purpose, with your name and the time.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Declare the change" if filling.version else "Declare this purpose",
            key="declare_send",
            type="primary",
            icon=":material/how_to_reg:",
            on_click=_declare,
            args=(connection, filling.generation),
        )
        if filling.touched or filling.version:
            st.button("Clear the form", key="declare_clear", type="tertiary", on_click=_clear)
    blocked = dict.fromkeys(FIELD_WORDS.get(f.field, f.field) for f in found if f.blocks)
    if filling.was_pressed and blocked:
        st.error(escape(f"Not declared. Look at: {', '.join(blocked)}."), icon=":material/error:")
    if filling.problem:
        st.error(escape(filling.problem), icon=":material/error:")


def _findings(filling: Form, shown: list[Finding], name: str) -> None:
    findings.show(shown, name, fix=_fix, key=f"declare_{filling.generation}")


def _fix(finding: Finding) -> None:
    st.session_state[form().key(finding.field)] = finding.suggestion


def _touch(name: str) -> None:
    form().touched.add(name)


def _clear() -> None:
    filling = form()
    filling.done = ""
    filling.renew(BLANK, 0)


def _declare(connection: str, generation: int) -> None:
    filling = form()
    if generation != filling.generation:
        return  # the second click of a double click: the first has declared it
    filling.was_pressed, filling.problem, filling.done = True, "", ""
    reason = st.session_state.get(filling.key("reason"), "")
    try:
        declared = desk().declare(session.actor(), connection, filling.read(), reason=reason, version=filling.version)
    except (DeskError, NotAllowedError) as error:
        filling.problem = f"Not declared. {error}"
        return
    if declared.version is None:
        return  # its findings are drawn with the page
    name = declared.version.declaration.name
    filling.renew(BLANK, 0)
    filling.done = (
        f"{name} was declared just so already."
        if declared.unchanged
        else f"{name} is declared. See how it stands above."
    )
