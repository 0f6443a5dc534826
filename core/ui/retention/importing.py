"""A file of declared purposes: what would become of each line, and the button that puts them on record."""

import math

import streamlit as st

from core.desk import DeskError
from core.desk.purposes import ImportReport
from core.model.findings import Finding
from core.model.people import Action, Actor, NotAllowedError
from core.ui import session
from core.ui.findings import escape
from core.ui.session import desk
from core.ui.words import number

PAGE_SIZE = 50
_GENERATION, _RESULT = "retention_upload", "retention_imported"

_RESULT_WORDS = {"new": "New", "changed": "Changed", "unchanged": "As it is", "refused": "Refused"}

TEMPLATE_CSV = (
    "name,description,retention_days,legal_basis,is_active,owner,data_subjects,data_categories,recipients,transfers,"
    "security_measures\r\n"
    "Voice quality review,Calls listened to for training,90,legitimate_interests,true,Quality team,Customers;Agents,"
    "Voice recordings,Contact-centre vendor,,Encrypted at rest\r\n"
)
TEMPLATE_TOML = """\
# One table a purpose; name, retention_days and legal_basis are needed.
[[purpose]]
name = "Voice quality review"
description = "Calls listened to for training"
retention_days = 90
legal_basis = "legitimate_interests"
is_active = true
owner = "Quality team"
data_subjects = ["Customers", "Agents"]
data_categories = ["Voice recordings"]
recipients = ["Contact-centre vendor"]
transfers = ""
security_measures = "Encrypted at rest"
"""


def show(person: Actor, connection: str) -> None:
    """The upload, its report, and the button."""
    if not person.may(Action.DECLARE_PURPOSES):
        st.info("Ask an administrator for a role that may declare purposes.", icon=":material/lock:")
        return
    st.markdown(
        "Upload the declared purposes as TOML or CSV. Nothing is written before you have seen what becomes of each "
        "line, and nothing at all if one line is refused."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Template, CSV", TEMPLATE_CSV, "purposes.csv", "text/csv", key="template_csv", icon=":material/download:"
        )
        st.download_button(
            "Template, TOML",
            TEMPLATE_TOML,
            "purposes.toml",
            "text/plain",
            key="template_toml",
            icon=":material/download:",
        )
    result = st.session_state.pop(_RESULT, None)
    if result:
        st.success(escape(result), icon=":material/check_circle:")
    generation = st.session_state.get(_GENERATION, 0)
    uploaded = st.file_uploader(
        "File of purposes", type=["toml", "csv"], key=f"retention_file_{generation}", max_upload_size=10
    )
    if uploaded is None:
        return
    content = uploaded.getvalue()
    try:
        report = desk().import_declarations(person, connection, content, uploaded.name, dry_run=True)
    except (DeskError, NotAllowedError) as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    _report(report)
    fresh = report.count("new") + report.count("changed")
    st.button(
        f"Declare {number(fresh)} purposes" if fresh != 1 else "Declare 1 purpose",
        key="retention_import",
        type="primary",
        icon=":material/playlist_add:",
        disabled=not (report.ok and fresh),
        on_click=_import,
        args=(connection, content, uploaded.name),
    )


def _report(report: ImportReport) -> None:
    counts = ", ".join(
        f"{number(report.count(what))} {word.lower()}" for what, word in _RESULT_WORDS.items() if report.count(what)
    )
    if report.ok:
        st.markdown(f"**Nothing is written yet.** {counts[0].upper()}{counts[1:]}.")
    else:
        refused = report.count("refused")
        which = "One line is" if refused == 1 else f"{number(refused)} lines are"
        st.error(f"**{which} refused, so nothing can be written.** Correct the file and upload it again.")
    # What needs correcting comes first, whatever its line.
    lines = sorted(report.lines, key=lambda line: (line.what != "refused", line.line))
    pages = math.ceil(len(lines) / PAGE_SIZE)
    page = st.pagination(pages, key="retention_report_page") if pages > 1 else 1
    shown = lines[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    st.table(
        {
            "Line": [str(line.line) for line in shown],
            "Purpose": [escape(line.name) for line in shown],
            "Result": [_RESULT_WORDS[line.what] for line in shown],
            "What is wrong": [escape(" ".join(map(_wrong, line.findings))) for line in shown],
        },
        border="horizontal",
        hide_index=True,
        alt="What becomes of each line of the file",
    )


def _wrong(finding: Finding) -> str:
    """What is wrong, and what would do; a fix that only says the same in other words is left out."""
    return finding.message if finding.suggestion is None else f"{finding.message} {finding.suggestion} would do."


def _import(connection: str, content: bytes, name: str) -> None:
    try:
        report = desk().import_declarations(session.actor(), connection, content, name, dry_run=False)
    except (DeskError, NotAllowedError):
        return  # the dry run that is drawn next says why
    if report.written:
        fresh = report.count("new") + report.count("changed")
        st.session_state[_RESULT] = f"{number(fresh)} of {number(len(report.lines))} purposes were declared or changed."
        st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1
