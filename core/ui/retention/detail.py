"""One purpose in a drawer: declared beside live, what can be done with it, its history, and its calls to the vendor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from core.desk import DeskError
from core.desk.purposes import PurposeView
from core.model.people import Action, Actor, NotAllowedError
from core.model.purposes import RECORD_FIELDS, VALUE_FIELDS, PurposeStatus
from core.ui import code_blocks, facts, http_view, session
from core.ui.findings import escape
from core.ui.retention import declaring, enforcing
from core.ui.retention.words import (
    CHANGE_WORDS,
    FIELD_WORDS,
    STATUS_COLORS,
    STATUS_HINTS,
    STATUS_ICONS,
    STATUS_WORDS,
    WHAT_WORDS,
    difference_words,
    value_words,
)
from core.ui.session import desk
from core.ui.words import minute

PARAMETER = "purpose"
_PROBLEM = "retention_detail_problem"


def open_purpose(name: str) -> None:
    """Open the drawer; the address then names the purpose."""
    st.query_params[PARAMETER] = name
    st.session_state.pop(_PROBLEM, None)


def close() -> None:
    st.query_params.pop(PARAMETER, None)


def drawer(person: Actor, connection: str) -> None:
    """The drawer, if a purpose is open."""
    name = st.query_params.get(PARAMETER, "")
    if not name:
        return
    show = st.dialog(escape(name[:100]), width="medium", position="right", on_dismiss=close)(_show)
    show(person, connection, name)


def _show(person: Actor, connection: str, name: str) -> None:
    if st.query_params.get(PARAMETER) != name:
        st.rerun()  # a button in here has closed it
    view = desk().show_purpose(person, connection, name)
    if view is None:
        st.info("There is no such purpose: neither declared nor at the vendor.", icon=":material/search_off:")
        return
    status = view.comparison.status
    st.markdown(f":{STATUS_COLORS[status]}-badge[{STATUS_ICONS[status]} {STATUS_WORDS[status]}]")
    st.markdown(STATUS_HINTS[status] if view.version or status is PurposeStatus.UNDECLARED else "Withdrawn.")
    if problem := st.session_state.get(_PROBLEM):
        st.error(escape(problem), icon=":material/error:")
    _actions(person, connection, name, view)
    _values(view)
    _put(person, connection, name, view)
    _record(view)
    _history(view)
    if view.exchanges:
        with st.expander("Calls to the vendor", icon=":material/http:"):
            http_view.show(view.exchanges, "retention_http")


def _values(view: PurposeView) -> None:
    declared = view.version.declaration.model_dump(mode="json") if view.version else None
    lives = [purpose.values() for purpose in view.live]
    differing = {difference.field for difference in view.comparison.differences}
    columns = {
        "Field": [FIELD_WORDS[field] for field in VALUE_FIELDS],
        "Declared": [_declared(declared, field) for field in VALUE_FIELDS],
    }
    for index, live in enumerate(lives, 1):
        title = "At the vendor" if len(lives) == 1 else f"At the vendor, {index} of {len(lives)}"
        columns[title] = [
            (":material/difference: " if field in differing else "") + escape(value_words(field, live[field]))
            for field in VALUE_FIELDS
        ]
    if not lives:
        columns["At the vendor"] = ["–" for _ in VALUE_FIELDS]
    st.table(columns, border="horizontal", hide_index=True, alt="Declared beside live, field by field")
    if view.confirmed_at:
        changed = view.live[0].modified_at
        told = f" The vendor says it was last modified {changed}." if changed and len(lives) == 1 else ""
        st.caption(escape(f"Read at the vendor {minute(view.confirmed_at)}.{told}"))


def _declared(declared: Mapping[str, Any] | None, field: str) -> str:
    if declared is None:
        return "–"
    if field == "description" and not declared[field]:
        return "none, so the vendor's own stays"
    return escape(value_words(field, declared[field]))


def _actions(person: Actor, connection: str, name: str, view: PurposeView) -> None:
    with st.container(horizontal=True):
        if view.comparison.status is PurposeStatus.DRIFTED and person.may(Action.ENFORCE_PURPOSES):
            st.button(
                "Enforce",
                key="retention_detail_enforce",
                type="primary",
                icon=":material/gavel:",
                on_click=_enforce,
                args=(connection, name),
            )
        if not person.may(Action.DECLARE_PURPOSES):
            return
        if view.version:
            st.button(
                "Change the declaration",
                key="retention_detail_change",
                icon=":material/edit:",
                on_click=_change,
                args=(connection, name),
            )
            with st.popover("Withdraw", icon=":material/playlist_remove:", key="retention_detail_withdraw"):
                _withdrawal(connection, name, view.version.version)
        elif view.comparison.status is PurposeStatus.UNDECLARED:
            st.button(
                "Adopt into the declared list",
                key="retention_detail_adopt",
                type="primary",
                icon=":material/playlist_add_check:",
                on_click=_adopt,
                args=(connection, name),
            )


def _enforce(connection: str, name: str) -> None:
    close()
    enforcing.preview(connection, [name])


def _change(connection: str, name: str) -> None:
    close()
    declaring.fill(connection, name)


def _adopt(connection: str, name: str) -> None:
    try:
        refused = desk().adopt(session.actor(), connection, [name])
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)
        return
    if refused:
        # The rules do not take it as it is; the form shows where, with what would do.
        close()
        declaring.fill(connection, name)


def _withdrawal(connection: str, name: str, version: int) -> None:
    st.markdown("It leaves the declared list. What the vendor has stays as it is, and its history stays on record.")
    st.text_input("Why is it withdrawn?", key="retention_withdraw_reason", max_chars=500)
    st.button(
        "Yes, withdraw it",
        key="retention_withdraw",
        type="primary",
        on_click=_withdraw,
        args=(connection, name, version),
    )


def _withdraw(connection: str, name: str, version: int) -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        desk().withdraw(
            session.actor(),
            connection,
            name,
            reason=st.session_state.get("retention_withdraw_reason", ""),
            version=version,
        )
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)
        return
    close()


def _put(person: Actor, connection: str, name: str, view: PurposeView) -> None:
    if view.comparison.status is not PurposeStatus.DRIFTED:
        return
    with st.expander("The exact PUT that would enforce it", icon=":material/code:"):
        for change in desk().preview_enforcement(person, connection, [name]).changes:
            code_blocks.show(desk().put_text(connection, change))


def _record(view: PurposeView) -> None:
    if view.version is None:
        return
    declared = view.version.declaration.model_dump(mode="json")
    rows = {}
    for field in RECORD_FIELDS:
        value = declared[field]
        rows[FIELD_WORDS[field]] = ("; ".join(value) if isinstance(value, list) else value) or "not stated"
    missing = sum(value == "not stated" for value in rows.values())
    title = "For the record of processing" + (f" ({missing} of {len(rows)} not stated)" if missing else "")
    with st.expander(title, icon=":material/description:"):
        facts.show(rows, alt="What Art. 30(1) asks for")


def _history(view: PurposeView) -> None:
    lines: list[tuple[datetime, str]] = []
    # Of one instant the first here comes first: how it stands is what came of the rest.
    for standing in view.standings:
        differ = "; ".join(difference_words(difference) for difference in standing.differences)
        said = STATUS_WORDS[standing.status] + (f" ({differ})" if differ else "")
        lines.append((standing.at, escape(said)))
    for version in view.versions:
        because = f": {version.reason}" if version.reason else ""
        said = (
            f"{WHAT_WORDS.get(version.what, version.what)} by {version.actor_name}, version {version.version}{because}"
        )
        lines.append((version.at, escape(said)))
    for change in view.changes:
        said = f"{CHANGE_WORDS[change.state]} ({change.id})"
        if change.error:
            said += f": {change.error.message}"
        lines.append((change.ended_at or change.created_at, escape(said)))
    lines.sort(key=lambda line: line[0], reverse=True)
    with st.expander(f"History ({len(lines)})", icon=":material/history:", expanded=True):
        st.markdown("\n".join(f"* {minute(at)}: {said}" for at, said in lines) or "Nothing has happened yet.")
