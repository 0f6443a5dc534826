"""Which column is which: guessed, shown, changed, remembered for the next file of the same kind."""

import streamlit as st

from core.model.batches import FIELDS, REQUIRED_FIELDS, Batch
from core.ui import request_form, session
from core.ui.batches import moves
from core.ui.batches.words import DELIMITER_WORDS, ENCODING_WORDS, FIELD_WORDS, rows
from core.ui.findings import escape
from core.ui.session import desk
from core.validation.batch_columns import check_mapping
from core.validation.wording import shown

_REMEMBERED = "batch_mappings"


def show(batch: Batch) -> None:
    """The columns of a file, and the button that starts the check."""
    sheet = batch.sheet
    if sheet is None:
        st.info("Whoever may see identifiers says which column is which.", icon=":material/lock:")
        return
    st.header("Which column is which?", anchor=False)
    kind = "JSON lines" if sheet.kind == "jsonl" else f"CSV with {DELIMITER_WORDS.get(sheet.delimiter, 'one column')}"
    encoding = ENCODING_WORDS.get(sheet.encoding, sheet.encoding)
    st.caption(f"Read as {kind} in {encoding}; about {rows(batch.rows)}. If letters look wrong, save it as UTF-8.")
    remembered = st.session_state.get(_REMEMBERED, {}).get(sheet.columns)
    guessed = remembered or batch.mapping or {}
    chosen: dict[str, str] = {}
    with st.grid(3, min_column_width=220):
        for field in FIELDS:
            index = sheet.columns.index(guessed[field]) if guessed.get(field) in sheet.columns else None
            column = st.selectbox(
                FIELD_WORDS[field] + ("" if field in REQUIRED_FIELDS else " (optional)"),
                sheet.columns,
                index=index,
                format_func=shown,
                placeholder="Not in the file",
                key=f"batch_{batch.id}_{batch.version}_{field}",
            )
            if column is not None:
                chosen[field] = column
    known = request_form.systems()
    systems = st.multiselect(
        "Systems for rows that name none",
        list(known),
        default=[name for name in batch.connections if name in known],
        format_func=lambda name: f"{known.get(name, 'Unknown system')} ({name})",
        key=f"batch_{batch.id}_{batch.version}_systems",
        placeholder="None: every row has to name its own",
    )
    wrong = check_mapping(sheet, chosen)
    for finding in wrong:
        box, icon = (st.error, ":material/error:") if finding.blocks else (st.info, ":material/info:")
        box(escape(f"{finding.message} {finding.fix}"), icon=icon)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Check every row",
            type="primary",
            icon=":material/fact_check:",
            key="batch_check",
            disabled=any(finding.blocks for finding in wrong),
            on_click=_check,
            args=(batch, chosen, tuple(systems)),
        )
        st.button("Discard the file", type="tertiary", key="batch_discard", on_click=_discard, args=(batch,))
    st.caption("Nothing is filed by checking.")


def _check(batch: Batch, chosen: dict[str, str], systems: tuple[str, ...]) -> None:
    if batch.sheet is not None:
        st.session_state[_REMEMBERED] = {**st.session_state.get(_REMEMBERED, {}), batch.sheet.columns: chosen}
    moves.do(
        lambda: desk().check_batch(
            session.actor(), batch.id, mapping=chosen, connections=systems, version=batch.version
        )
    )


def _discard(batch: Batch) -> None:
    if moves.do(lambda: desk().discard_batch(session.actor(), batch.id, version=batch.version)):
        st.query_params.clear()
