"""The sandbox's faults as a form made from their model: what goes wrong, how often, and how exactly."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Le, MaxLen
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.desk import DeskError
from core.model.people import Action, Actor, NotAllowedError
from core.sandbox.faults import CONNECTIONS as PARTS
from core.sandbox.faults import FAULT_HELP, Chance, Faults
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import number

PART_WORDS: Mapping[str, str] = {"cxone": "NICE CXone", "genesys": "Genesys Cloud", "vault": "Vault"}
NEW = Chance(probability=0.25)

_KINDS = tuple(name for name, field in Faults.model_fields.items() if field.annotation is Chance)
_PARAMETERS = tuple(name for name in Faults.model_fields if name not in _KINDS)
# A parameter goes with the kind whose name it starts with; these are called otherwise.
_GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "retry_after": ("rate_limited",),
    "retry_after_seconds": ("rate_limited",),
    "act_before_error": ("error_500", "error_503"),
}


def switched_on(faults: Faults) -> list[str]:
    """A sentence for each fault that is on."""
    sentences = []
    for kind in _KINDS:
        chance = faults.chance(kind)
        if chance:
            sentences.append(f"{_words(kind)}: {_how_often(chance)}")
    if faults.limit_per_minute:
        sentences.append(f"Requests allowed in a calendar minute: {faults.limit_per_minute}")
    if faults.idempotency_required:
        sentences.append(_words("idempotency_required"))
    return sentences


def form(person: Actor) -> None:
    """Which faults are on, and the switches for one part of the sandbox."""
    on = {part: switched_on(desk().faults(person, part)) for part in PARTS}
    for part, sentences in on.items():
        if sentences:
            st.warning(
                f"**{PART_WORDS[part]} misbehaves.**  \n" + "  \n".join(escape(sentence) for sentence in sentences),
                icon=":material/bug_report:",
            )
    if not any(on.values()):
        st.caption(":material/check_circle: All faults are off.")
    if not person.may(Action.OPERATE_CONNECTIONS):
        st.caption("Ask an administrator to change this.")
        return
    part = st.radio("Part of the sandbox", PARTS, format_func=PART_WORDS.__getitem__, horizontal=True, key="fault_part")
    _switches(person, part)


def _switches(person: Actor, part: str) -> None:
    present = desk().faults(person, part)
    kinds = st.multiselect(
        "What goes wrong",
        _KINDS,
        default=[kind for kind in _KINDS if present.chance(kind)],
        format_func=_words,
        key=f"fault_{part}_kinds",
        placeholder="Choose one or more faults",
    )
    for kind in kinds:
        with st.container(border=True):
            _chance(part, kind, present.chance(kind) or NEW)
            for name in _PARAMETERS:
                if kind == next((chosen for chosen in kinds if chosen in _kinds_of(name)), None):
                    _parameter(part, name, present)  # once, with the first of the chosen kinds that it goes with
    with st.expander("Rules and dice", key=f"fault_{part}_rules", icon=":material/tune:"):
        for name in _PARAMETERS:
            if not _kinds_of(name):
                _parameter(part, name, present)
    with st.container(horizontal=True):
        st.button(
            "Apply",
            type="primary",
            key=f"fault_{part}_apply",
            icon=":material/check:",
            on_click=_apply,
            args=(person, part),
        )
        st.button(
            "Switch all off", key="faults_off", icon=":material/power_settings_new:", on_click=_all_off, args=(person,)
        )
    problem = st.session_state.get("fault_problem")
    if problem:
        st.error(escape(problem), icon=":material/error:")


def _kinds_of(parameter: str) -> tuple[str, ...]:
    """The kinds of fault that a parameter tells more about; none for a rule of its own."""
    return _GOES_WITH.get(parameter) or tuple(kind for kind in _KINDS if parameter.startswith(kind))


def _chance(part: str, kind: str, chance: Chance) -> None:
    st.markdown(f"**{escape(_words(kind))}**")
    with st.container(horizontal=True):
        st.number_input(
            "Strike the next … requests", 0, 1_000_000, chance.next, key=f"fault_{part}_{kind}_next",
            help="Each of so many requests is struck; 0 leaves it to chance.",
        )  # fmt: skip
        st.number_input(
            "Then strike … % of requests", 0, 100, round(chance.probability * 100), key=f"fault_{part}_{kind}_percent",
            help="The chance of each later request, in per cent.",
        )  # fmt: skip


def _parameter(part: str, name: str, present: Faults) -> None:
    """The widget that fits a parameter's type and bounds."""
    field, value, key = Faults.model_fields[name], getattr(present, name), f"fault_{part}_{name}"
    label = _words(name)
    if get_origin(field.annotation) is Literal:
        options = get_args(field.annotation)
        st.selectbox(label, options, options.index(value), format_func=lambda o: str(o).replace("_", " "), key=key)
    elif field.annotation is bool:
        st.checkbox(label, value, key=key)
    elif field.annotation is str:
        st.text_input(label, value, max_chars=_bound(field, MaxLen, "max_length"), key=key)
    else:
        kind = int if field.annotation is int else float
        low, high = _bound(field, Ge, "ge"), _bound(field, Le, "le")
        st.number_input(label, None if low is None else kind(low), None if high is None else kind(high), value, key=key)


def _bound(field: FieldInfo, kind: type, name: str) -> Any:
    return next((getattr(rule, name) for rule in field.metadata if isinstance(rule, kind)), None)


def _apply(person: Actor, part: str) -> None:
    state = st.session_state
    present = desk().faults(person, part)
    values: dict[str, Any] = {name: state.get(f"fault_{part}_{name}", getattr(present, name)) for name in _PARAMETERS}
    for kind in state[f"fault_{part}_kinds"]:
        probability, following = state[f"fault_{part}_{kind}_percent"] / 100, state[f"fault_{part}_{kind}_next"]
        values[kind] = {"probability": probability, "next": following}
    state.fault_problem = None
    try:
        desk().set_faults(person, part, Faults.model_validate(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        state.fault_problem = f"{_words(str(first['loc'][0]))}: {first['msg']}. Change it and apply again."
    except (DeskError, NotAllowedError) as error:
        state.fault_problem = str(error)


def _all_off(person: Actor) -> None:
    state = st.session_state
    state.fault_problem = None
    try:
        for part in PARTS:
            if desk().faults(person, part) != Faults():
                desk().set_faults(person, part, Faults())
    except (DeskError, NotAllowedError) as error:
        state.fault_problem = str(error)
    for key in [key for key in state if str(key).startswith(tuple(f"fault_{part}_" for part in PARTS))]:
        del state[key]


def _how_often(chance: Chance) -> str:
    parts = []
    if chance.next:
        parts.append("the next request" if chance.next == 1 else f"the next {number(chance.next)} requests")
    if chance.probability:
        parts.append(f"{chance.probability:.0%} of requests".replace("%", " %"))
    return ", then ".join(parts)


def _words(name: str) -> str:
    return FAULT_HELP[name].rstrip(".")
