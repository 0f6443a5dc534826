"""Taking events away: what an export holds, making one with progress, and those made lately with their SHA-256."""

import math
from collections.abc import Mapping
from datetime import timedelta

import streamlit as st

from core.desk import DeskError
from core.desk.export_work import ExportWork, What
from core.model.people import Action, Actor, NotAllowedError
from core.store.audit import EventFilter
from core.store.background import WorkState
from core.store.exports import Export
from core.ui import code_blocks, session
from core.ui.findings import escape
from core.ui.session import desk, require
from core.ui.words import KIND_WORDS, counted, minute, number

PAGE_SIZE = 10
_PROBLEM = "audit_export_problem"
_LATELY = timedelta(minutes=15)
_OF_A_REQUEST = 3
_THROUGH_THE_PAGE = 5_000_000  # bytes; Streamlit keeps what goes that way in memory

WORDS: Mapping[What, str] = {"evidence": "Evidence package", "events": "Events as CSV"}
_ICONS: Mapping[What, str] = {"evidence": ":material/folder_zip:", "events": ":material/table_view:"}
_HOLDS: Mapping[What, str] = {
    "evidence": "A zip with the events, the signed checkpoints, the records of 11 CCR 7101 and of the GDPR, a summary "
    "to read, and `verify.py`, which finds any change to the package with nothing but Python.",
    "events": "One row an event, to open in a spreadsheet; nothing in it runs as a formula.",
}


def offer(person: Actor, where: EventFilter, total: int) -> None:
    """The button that exports what the filter matches."""
    if not person.may(Action.EXPORT):
        return
    with st.popover("Export these events", icon=":material/download:", key="audit_export"):
        st.markdown(f"{counted(total)} events match." if total != 1 else "One event matches.")
        for what in WORDS:
            _make(what, where, f"audit_export_{what}")
        st.caption("Each export is an event of this log itself, with its rows and its SHA-256.")


def offer_for_request(person: Actor, request_id: str) -> None:
    """The evidence of one request: the button, how far it is, and the file."""
    if not person.may(Action.EXPORT):
        return
    asked = {"request": request_id}
    with st.container(border=True):
        _make("evidence", EventFilter(request=request_id), "request_evidence")
        progress(person, asked)
    made = [one for one in desk().exports(person) if one.what == "evidence" and one.filter == asked]
    for export in made[:_OF_A_REQUEST]:
        with st.container(border=True):
            _export(person, export)


def progress(person: Actor, asked: Mapping[str, object] | None = None, *, with_file: bool = False) -> None:
    """How far the export is that is being made, or of those the one that was `asked` for, with this filter.

    `with_file`: and the file itself, for a while after it was made for this person.
    """
    if not person.may(Action.EXPORT):
        return
    newest = desk().export_work(person)
    runs = newest is not None and newest.runs
    st.fragment(_progress, run_every="1s" if runs else None)(newest.id if newest else None, runs, asked, with_file)


def recent(person: Actor) -> None:
    """Every export that is still known, the newest first, a page of them at a time."""
    st.header("Exports", anchor=False)
    if not person.may(Action.EXPORT):
        st.markdown("Ask an administrator for a role that may export.")
        return
    made = desk().exports(person)
    if not made:
        st.markdown(
            "Nothing was exported yet. Under Events, **Export these events** makes an evidence package or a CSV of "
            "what the filters match; a request's page makes one of that request."
        )
        return
    pages = math.ceil(len(made) / PAGE_SIZE)
    page = st.pagination(pages, key="audit_exports_page") if pages > 1 else 1
    for export in made[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        with st.container(border=True):
            _export(person, export)


def _make(what: What, where: EventFilter, key: str) -> None:
    st.button(WORDS[what], key=key, icon=_ICONS[what], on_click=_start, args=(what, where))
    st.caption(_HOLDS[what])


def _start(what: What, where: EventFilter) -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        session.desk().start_export(session.actor(), what, where)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)


def _stop(work_id: str) -> None:
    session.desk().cancel_export(session.actor(), work_id)


def _progress(known_id: str | None, ran: bool, asked: Mapping[str, object] | None, with_file: bool) -> None:
    person = require(Action.EXPORT)
    newest = desk().export_work(person)
    if (newest.id if newest else None, newest is not None and newest.runs) != (known_id, ran):
        st.rerun(scope="app")
    if problem := st.session_state.get(_PROBLEM):
        st.error(escape(problem), icon=":material/error:")
    if newest is None or (asked is not None and newest.filter != asked):
        return
    if newest.runs:
        _running(newest)
    elif newest.asked_by.id == person.id and desk().clock.now() - (newest.ended_at or newest.started_at) < _LATELY:
        _ended(person, newest, with_file=with_file)


def _running(work: ExportWork) -> None:
    text = f"{number(work.done)} of {number(work.of)} events …" if work.of else "Starting …"
    st.progress(min(1.0, work.done / work.of) if work.of else 0.0, text=f"{WORDS[work.what]}: {text}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            escape(f"Asked for by {work.asked_by.name}, {minute(work.started_at)}.") + " You can leave the page.",
            width="stretch",
        )
        st.button("Stop", key="audit_export_stop", icon=":material/stop_circle:", on_click=_stop, args=(work.id,))


def _ended(person: Actor, work: ExportWork, *, with_file: bool) -> None:
    if work.state is WorkState.FAILED:
        st.error(f"The export was not made. {escape(work.error)}", icon=":material/error:")
    elif work.state is WorkState.CANCELLED:
        st.info("The export was stopped; nothing of it was kept.", icon=":material/stop_circle:")
    elif with_file:
        made = next((export for export in desk().exports(person) if export.id == work.export), None)
        if made:
            with st.container(border=True):
                st.markdown(f":material/check_circle: **{WORDS[work.what]} is ready.**")
                _export(person, made, key="ready")


def _export(person: Actor, export: Export, key: str = "recent") -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(export.name, width="stretch")
        if export.path is not None and (export.masked or person.may(Action.SEE_IDENTIFIERS)):
            _download(person, export, key)
    rows = "1 row" if export.rows == 1 else f"{number(export.rows)} rows"
    gone = "The file is deleted; this record of it stays." if export.path is None else ""
    until = f"Kept until {minute(export.expires_at)}." if export.path is not None and export.expires_at else ""
    masked = "It shows no identifier in full." if export.masked else "It shows identifiers; not every role may have it."
    made = f"{rows}, {_size(export.bytes)}, made {minute(export.made_at)} by {export.made_by_name}."
    st.caption(escape(" ".join(filter(None, (made, masked, until, gone)))))
    if export.filter:
        st.caption(escape(f"Of: {_in_words(export.filter)}"))
    st.caption("SHA-256")
    code_blocks.show(export.sha256)


def _download(person: Actor, export: Export, key: str) -> None:
    if export.bytes > _THROUGH_THE_PAGE:
        ticket = desk().issue_ticket(person, export.id)
        st.link_button("Download", f"/downloads?ticket={ticket}", icon=":material/download:")
        return
    st.download_button(
        "Download",
        data=lambda: _content(person, export.id),
        file_name=export.name,
        key=f"audit_download_{key}_{export.id}",
        icon=":material/download:",
        on_click="ignore",
    )


def _content(person: Actor, export_id: str) -> bytes:
    """The file, at the click; by then it may be gone, or the person's role another."""
    path = session.desk().export_file(person, export_id).path
    return path.read_bytes() if path else b""


def _in_words(where: Mapping[str, object]) -> str:
    names = {"since": "from", "until": "before", "pseudonym": "person", "text": "words"}
    return ", ".join(
        f"{names.get(name, name)} {KIND_WORDS.get(str(value), value) if name == 'kind' else value}"
        for name, value in where.items()
        if value
    )


def _size(count: int) -> str:
    """`812 bytes`, `4.1 kB`, `96.0 MB`."""
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
