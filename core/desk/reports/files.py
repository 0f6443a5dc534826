"""The tables of the sections as CSV, one file a table, with the cards in a file of their own."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from core.desk.reports.figures import Kind, Section, Table
from core.store.export import write_csv

CARDS = "numbers"
_CARD_COLUMNS = ("section", "measure", "value", "before", "unit", "definition")
_UNITS = {Kind.DURATION: "milliseconds", Kind.SHARE: "share", Kind.RATIO: "for each", Kind.COUNT: ""}

# A zip says when each file was made; the same numbers are to give the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def tables_of(sections: Sequence[Section]) -> Iterator[tuple[str, int, str]]:
    """The name of each file, its rows without the header, and its text. Values are bare: milliseconds, shares of 1."""
    cards = [
        {
            "section": section.title,
            "measure": card.label,
            "value": card.amount,
            "before": card.before,
            "unit": _UNITS[card.kind],
            "definition": card.definition,
        }
        for section in sections
        for card in section.cards
    ]
    yield _written(CARDS, cards, _CARD_COLUMNS)
    for section in sections:
        for key, table in tables_in(section).items():
            columns = [column.in_file for column in table.columns]
            yield _written(key, _rows(table, columns), columns)


def tables_in(section: Section) -> dict[str, Table]:
    """The tables of a section by their key, one that charts share once."""
    charts = {chart.shares_table or chart.key: chart.table for chart in section.charts}
    return charts | {titled.key: titled.table for titled in section.tables}


def zipped(files: Sequence[tuple[str, str]]) -> bytes:
    """One zip of files by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files:
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _rows(table: Table, columns: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row.values, strict=True)) for row in table.rows]


def _written(key: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> tuple[str, int, str]:
    out = io.StringIO(newline="")
    summary = write_csv(rows, columns, out)
    return f"{key}.csv", summary.rows, out.getvalue()
