"""The record of processing to take away: as CSV, and as a page to print."""

import streamlit as st

from core.desk.purposes import PurposesAtAGlance
from core.desk.records_of_processing import Format
from core.model.people import Action, Actor
from core.model.purposes import PurposeStatus
from core.ui.session import desk
from core.ui.words import number


def show(person: Actor, glance: PurposesAtAGlance) -> None:
    """What it holds, what is missing from it, and the two downloads."""
    st.markdown(
        "GDPR Art. 30(1) asks for a record of what personal data is processed for. This one is drawn up from the "
        "declared list, and beside each promised time limit stands what the vendor was set to when it was last read."
    )
    settings = desk().settings
    for value, who, variable in (
        (settings.controller, "controller", "PRIVACY_DESK_CONTROLLER"),
        (settings.data_protection_officer, "data protection officer", "PRIVACY_DESK_DATA_PROTECTION_OFFICER"),
    ):
        if not value:
            st.caption(f":material/info: It does not name the {who} yet. Set {variable} to name and contact.")
    if not glance.declared:
        st.info("No purpose is declared yet, so the record would be empty.", icon=":material/description:")
        return
    in_force = glance.counts[PurposeStatus.IN_FORCE]
    st.markdown(
        f"{number(glance.declared)} purposes are declared, {number(in_force)} of them confirmed in force at the vendor."
    )
    if not person.may(Action.EXPORT):
        st.caption("Ask an administrator for a role that may export.")
        return
    with st.container(horizontal=True):
        _download(person, glance.connection, "csv", "Download as CSV", ":material/table_view:")
        _download(person, glance.connection, "html", "Download to print (HTML)", ":material/print:")
    st.caption("Each download is an event of the audit log, with the number of rows and the file's SHA-256.")


def _download(person: Actor, connection: str, form: Format, label: str, icon: str) -> None:
    today = desk().today()
    st.download_button(
        label,
        # Called at the click, so that only what is really taken is in the audit log.
        data=lambda: desk().processing_record(person, connection, form).content,
        file_name=f"record-of-processing-{connection}-{today:%Y-%m-%d}.{form}",
        mime="text/csv" if form == "csv" else "text/html",
        key=f"retention_record_{form}",
        icon=icon,
        on_click="ignore",
    )
