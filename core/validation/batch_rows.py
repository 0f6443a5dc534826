"""One row of a batch file into a draft: what its cells say, and what is wrong with how they say it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from core.model.batches import FileRow
from core.model.findings import Finding
from core.model.privacy_requests import Draft
from core.validation.wording import shown

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TEXTS = ("type", "scope", "description", "law", "region", "reference")
_LISTS = ("subject", "categories", "connection")
MOST_VALUES = 100


class DraftReader:
    """Reads rows; remembers what the few different values of most columns mean."""

    def __init__(self, connections: tuple[str, ...] = ()) -> None:
        self._connections = connections
        self._lists: dict[str, tuple[str, ...]] = {}
        self._days: dict[str, date | Finding | None] = {"": None}

    def from_cells(self, line: int, cells: Sequence[str], places: Mapping[str, int], columns: int) -> FileRow:
        """A row of a CSV file; `places` says where each field stands."""
        row = tuple(cells)
        count = len(row)
        if count > columns and any(cell.strip() for cell in row[columns:]):
            message = f"The row has {count} cells, and the header names {columns}."
            fix = "Put cells that hold the delimiter in quotes, or remove what is too much."
            return FileRow(line, row, None, (Finding("", "columns", message, fix),))

        def text(field: str) -> str:
            place = places.get(field)
            return row[place] if place is not None and place < count else ""

        subjects = text("subject")
        identifiers = self._split(subjects) if ";" in subjects else (subjects,)
        return self._row(line, row, text, identifiers, self._list(text("categories")), self._list(text("connection")))

    def from_values(self, line: int, cells: tuple[str, ...], values: Mapping[str, Any]) -> FileRow:
        """A row of JSON lines: text, and lists of text or text with `;` between its parts."""
        wrong = [
            Finding(name, "type", f"{name.capitalize()} must be text.", "Put it in quotes.")
            for name in ("received", *_TEXTS)
            if not isinstance(values.get(name), str | None)
        ]
        wrong += [
            Finding(name, "type", f"{name.capitalize()} must be text or a list of texts.", "Put it in quotes.")
            for name in _LISTS
            if not _is_list_of_texts(values.get(name))
        ]
        if wrong:
            return FileRow(line, cells, None, tuple(wrong))

        def text(field: str) -> str:
            return values.get(field) or ""

        def items(field: str) -> tuple[str, ...]:
            value = values.get(field)
            return tuple(value[:MOST_VALUES]) if isinstance(value, list) else self._list(value or "")

        return self._row(line, cells, text, items("subject") or ("",), items("categories"), items("connection"))

    def _row(
        self,
        line: int,
        cells: tuple[str, ...],
        text: Callable[[str], str],
        identifiers: tuple[str, ...],
        categories: tuple[str, ...],
        connections: tuple[str, ...],
    ) -> FileRow:
        received = self._day(text("received"))
        findings = (received,) if isinstance(received, Finding) else ()
        draft = Draft(
            connections=connections or self._connections,
            subject=identifiers[0] if identifiers else "",
            type=text("type"),
            categories=categories,
            scope=text("scope"),
            description=text("description"),
            law=text("law").strip().lower(),
            region=text("region").strip().upper() or None,
            received=received if isinstance(received, date) else None,
            reference=text("reference").strip(),
            also_known_as=tuple(dict.fromkeys(i for i in identifiers[1:] if i != identifiers[0])),
        )
        return FileRow(line, cells, draft, findings)

    def _list(self, cell: str) -> tuple[str, ...]:
        found = self._lists.get(cell)
        if found is None:
            if len(self._lists) > 10_000:
                self._lists.clear()
            found = self._lists[cell] = self._split(cell)
        return found

    @staticmethod
    def _split(cell: str) -> tuple[str, ...]:
        if ";" not in cell:
            return (cell,) if cell.strip() else ()
        return tuple(part.strip(" ") for part in cell.split(";", MOST_VALUES) if part.strip())

    def _day(self, cell: str) -> date | Finding | None:
        if cell not in self._days:
            if len(self._days) > 10_000:
                self._days = {"": None}
            self._days[cell] = _day_of(cell)
        return self._days[cell]


def listed_cell(value: Any) -> str:
    """A JSON value as a cell that says the same."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    return json.dumps(value)


def _day_of(cell: str) -> date | Finding | None:
    text = cell.strip()
    if not text:
        return None
    fix = "Write the day like 2026-01-31."
    if not _DAY.fullmatch(text):
        return Finding("received", "format", f"{shown(text)} is not a day as the desk reads it.", fix)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return Finding("received", "format", f"{shown(text)} is not a day of the calendar.", fix)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, str | None) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value[:MOST_VALUES])
    )
