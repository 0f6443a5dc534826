"""The table of purposes: a page of rows, each opening to one purpose, and what can be done with many at once."""

import math

import streamlit as st

from core.desk import DeskError
from core.desk.purposes import PurposePage, PurposesAtAGlance
from core.model.people import Action, Actor, NotAllowedError
from core.model.purposes import PurposeStatus
from core.store.purpose_standings import Standing, StandingFilter
from core.ui import session
from core.ui.findings import escape
from core.ui.retention import detail, enforcing, filters
from core.ui.retention.words import STATUS_COLORS, STATUS_ICONS, STATUS_WORDS, days_words, difference_words
from core.ui.session import desk
from core.ui.words import number

PAGE_SIZE = 20
_PICKED, _GENERATION, _NOTICE = "retention_picked", "retention_picks", "retention_adopted"

# What can be done with a purpose that stands so, where anything can.
_DO = {PurposeStatus.DRIFTED: Action.ENFORCE_PURPOSES, PurposeStatus.UNDECLARED: Action.DECLARE_PURPOSES}


def show(person: Actor, glance: PurposesAtAGlance, *, busy: bool) -> None:
    """Filters, actions, rows and pages. While `busy` with an enforcement, no other is begun."""
    if not sum(glance.counts.values()):
        _nothing_yet(person, glance)
        return
    where = filters.choose()
    found = desk().find_purposes(person, glance.connection, where, page_size=0)
    _actions(person, glance, busy=busy)
    _notice()
    if not found.total:
        st.info("No purpose matches. Change the filters, or clear them.", icon=":material/search_off:")
        st.button("Clear the filters", key="retention_clear", icon=":material/filter_alt_off:", on_click=filters.clear)
        return
    count, rows = st.container(), st.container(border=True, gap="xxsmall")
    pages = math.ceil(found.total / PAGE_SIZE)
    page = st.pagination(pages, key=f"retention_page_{filters.searches()}", persist_state="page") if pages > 1 else 1
    shown = desk().find_purposes(person, glance.connection, where, page=page, page_size=PAGE_SIZE)
    first = (page - 1) * PAGE_SIZE + 1
    with count:
        _count(person, shown, first)
    with rows:
        for row in shown.rows:
            _row(person, row)


def _nothing_yet(person: Actor, glance: PurposesAtAGlance) -> None:
    st.header("No purposes yet", anchor=False)
    if glance.last_good:
        st.markdown("The vendor has none, and none is declared. Declare the first one, or import a list.")
    else:
        st.markdown(
            "Compare with the vendor to see what it is set to, or declare what you promise: by form, or from a file."
        )
    if not person.may(Action.DECLARE_PURPOSES):
        st.caption("Ask an administrator for a role that may declare purposes.")


def _count(person: Actor, shown: PurposePage, first: int) -> None:
    last = first + len(shown.rows) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"{first}–{last} of {number(shown.total)} purposes" if shown.total > 1 else "One purpose"
        st.caption(words, width="stretch")
        pickable = [row.name for row in shown.rows if _may(person, row)]
        if pickable:
            st.button(
                "Choose all on this page",
                key="retention_pick_page",
                type="tertiary",
                icon=":material/select_all:",
                on_click=_pick_all,
                args=(pickable,),
            )
        if _picked():
            st.button("Choose none", key="retention_pick_none", type="tertiary", on_click=unpick)


def _row(person: Actor, row: Standing) -> None:
    """One line where there is room; it wraps on a phone."""
    with st.container(horizontal=True, vertical_alignment="center"):
        key = _key(row.name)
        if _may(person, row):
            st.session_state.setdefault(key, row.name in _picked())
            st.checkbox(
                escape(f"Choose {row.name}"),
                key=key,
                label_visibility="collapsed",
                width=28,
                on_change=_pick,
                args=(row.name,),
            )
        else:
            st.space(28)
        with st.container(width=270):
            st.button(
                escape(row.name),
                key=f"retention_open_{row.name}",
                type="tertiary",
                on_click=detail.open_purpose,
                args=(row.name,),
            )
        color, icon = STATUS_COLORS[row.status], STATUS_ICONS[row.status]
        st.markdown(f":{color}-badge[{icon} {STATUS_WORDS[row.status]}]", width=230)
        st.markdown(_says(row), width="stretch")


def _says(row: Standing) -> str:
    if row.differences:
        return escape("; ".join(difference_words(difference) for difference in row.differences))
    if row.status is PurposeStatus.IN_FORCE:
        return escape(f"{days_words(row.declared_days)}, declared and live")
    if row.status is PurposeStatus.UNDECLARED:
        return escape(f"Live {days_words(row.live_days)}")
    return escape(f"Declared {days_words(row.declared_days)}")


def _actions(person: Actor, glance: PurposesAtAGlance, *, busy: bool) -> None:
    drifted = glance.counts[PurposeStatus.DRIFTED]
    picked = sorted(_picked())
    standing = _standing(person, glance.connection, picked)
    to_enforce = [name for name in picked if standing.get(name) is PurposeStatus.DRIFTED]
    to_adopt = [name for name in picked if standing.get(name) is PurposeStatus.UNDECLARED]
    with st.container(horizontal=True):
        if person.may(Action.ENFORCE_PURPOSES):
            st.button(
                f"Enforce all drifted ({number(drifted)})",
                key="retention_enforce_all",
                type="primary",
                icon=":material/gavel:",
                disabled=not drifted or busy,
                on_click=enforcing.preview,
                args=(glance.connection, None),
            )
            st.button(
                f"Enforce chosen ({number(len(to_enforce))})",
                key="retention_enforce_chosen",
                icon=":material/checklist:",
                disabled=not to_enforce or busy,
                on_click=enforcing.preview,
                args=(glance.connection, to_enforce),
            )
        if person.may(Action.DECLARE_PURPOSES):
            st.button(
                f"Adopt chosen ({number(len(to_adopt))})",
                key="retention_adopt_chosen",
                icon=":material/playlist_add_check:",
                help="Takes purposes that nobody declared into the declared list, as the vendor has them.",
                disabled=not to_adopt,
                on_click=adopt,
                args=(glance.connection, to_adopt),
            )


def _standing(person: Actor, connection: str, names: list[str]) -> dict[str, PurposeStatus]:
    if not names:
        return {}
    where = StandingFilter(names=tuple(names))
    return {row.name: row.status for row in desk().find_purposes(person, connection, where, page_size=len(names)).rows}


def adopt(connection: str, names: list[str]) -> None:
    """Declare live purposes as they are, and say which could not be."""
    try:
        refused = desk().adopt(session.actor(), connection, names)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_NOTICE] = ("error", str(error))
        return
    unpick()
    adopted = len(names) - len(refused)
    if adopted:
        word = "purpose is" if adopted == 1 else "purposes are"
        st.session_state[_NOTICE] = ("success", f"{number(adopted)} {word} now declared as the vendor has them.")
    if refused:
        said = "; ".join(f"{name}: {findings[0].message}" for name, findings in refused.items())
        st.session_state[_NOTICE] = ("error", f"Not adopted. {said} Declare them by form instead.")


def _notice() -> None:
    """What came of the last adoption, once."""
    kind, text = st.session_state.pop(_NOTICE, ("", ""))
    if kind == "success":
        st.success(escape(text), icon=":material/check_circle:")
    elif kind:
        st.error(escape(text), icon=":material/error:")


def unpick() -> None:
    """Choose none."""
    st.session_state[_PICKED] = set()
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1


def _may(person: Actor, row: Standing) -> bool:
    return row.status in _DO and person.may(_DO[row.status])


def _picked() -> set[str]:
    picked: set[str] = st.session_state.setdefault(_PICKED, set())
    return picked


def _key(name: str) -> str:
    return f"retention_pick_{st.session_state.get(_GENERATION, 0)}_{name}"


def _pick(name: str) -> None:
    if st.session_state[_key(name)]:
        _picked().add(name)
    else:
        _picked().discard(name)


def _pick_all(names: list[str]) -> None:
    _picked().update(names)
    for name in names:
        st.session_state[_key(name)] = True
