"""Declared purposes read from a TOML or CSV file: each entry with its line and what is wrong with it."""

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.model.findings import Finding
from core.model.purposes import Declaration
from core.validation.declarations import DECLARATION_FIELDS, LISTS, check_declaration
from core.validation.wording import shown

MOST_BYTES = 10 * 1024 * 1024
MOST_ENTRIES = 10_000

_HEADER = re.compile(r"\s*\[\[\s*purpose\s*\]\]")
_DAYS = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class FileEntry:
    """One entry: where it begins (1 for what is wrong with the file as a whole), and its declaration if it is sound.

    `given` are the fields that it mentions; the declaration has defaults for the others.
    """

    line: int
    name: str
    declaration: Declaration | None
    findings: tuple[Finding, ...] = ()
    given: frozenset[str] = frozenset()


def read_declarations(content: bytes, file_name: str) -> list[FileEntry]:
    """Every entry of a file, good or not; TOML by its ending `.toml`, else CSV. It raises nothing, whatever the bytes.

    TOML holds `[[purpose]]` tables; CSV a header with the same names, and lists with `;` between their entries.
    """
    if len(content) > MOST_BYTES:
        return [_whole("max_length", f"The file is larger than {MOST_BYTES // 1024**2} MiB.", "Split it")]
    try:
        encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return [_whole("encoding", "The file is not in UTF-8.", "Save it as UTF-8")]
    try:
        raw = list(_toml(text) if file_name.lower().endswith(".toml") else _csv(text))
    except _UnreadableError as error:
        return [FileEntry(error.line, "", None, (error.finding,))]
    if not raw:
        return [_whole("empty", "The file declares no purpose.", "Add a [[purpose]] table, or a line below the header")]
    if len(raw) > MOST_ENTRIES:
        return [_whole("max_items", f"The file has {len(raw)} entries.", f"Split it: {MOST_ENTRIES} at the most")]
    return list(_unique(_entry(line, payload) for line, payload in raw))


class _UnreadableError(Exception):
    def __init__(self, line: int, finding: Finding) -> None:
        super().__init__(finding.message)
        self.line = line
        self.finding = finding


def _whole(rule: str, message: str, fix: str) -> FileEntry:
    return FileEntry(1, "", None, (Finding("", rule, message, fix),))


def _entry(line: int, payload: Any) -> FileEntry:
    findings = tuple(check_declaration(payload))
    name = payload.get("name") if isinstance(payload, dict) else None
    declaration = None if any(f.blocks for f in findings) else Declaration.model_validate(payload)
    given = frozenset(payload) if declaration else frozenset()
    return FileEntry(line, shown(name) if isinstance(name, str) else "", declaration, findings, given)


def _unique(entries: Iterable[FileEntry]) -> Iterator[FileEntry]:
    first: dict[str, int] = {}
    for entry in entries:
        if entry.declaration is None or entry.declaration.name not in first:
            if entry.declaration is not None:
                first[entry.declaration.name] = entry.line
            yield entry
            continue
        message = f"{entry.name} is declared in line {first[entry.declaration.name]} already."
        finding = Finding("name", "duplicate", message, "Keep one of the two")
        yield replace(entry, declaration=None, findings=(*entry.findings, finding))


def _toml(text: str) -> Iterator[tuple[int, Any]]:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is no TOMLDecodeError
        found = re.search(r"line (\d+)", str(error))
        said = str(error).partition(" (at")[0]
        finding = Finding("", "syntax", f"The file is not valid TOML: {said}.", "Correct this line")
        raise _UnreadableError(int(found[1]) if found else 1, finding) from None
    tables = document.get("purpose", [])
    if strangers := sorted(document.keys() - {"purpose"}):
        message = f"{shown(strangers[0])} stands outside of any [[purpose]] table."
        raise _UnreadableError(1, Finding("", "unknown_field", message, "Put it below a [[purpose]] line"))
    if not isinstance(tables, list):
        message = "purpose must be written as [[purpose]] tables."
        raise _UnreadableError(1, Finding("", "type", message, "Write [[purpose]] with two brackets"))
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    if len(lines) != len(tables):  # written inline, or the header stands in a text as well
        lines = list(range(1, len(tables) + 1))
    yield from zip(lines, tables, strict=True)


def _csv(text: str) -> Iterator[tuple[int, Any]]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    columns: list[str] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                if not columns:
                    columns = _columns(row)
                else:
                    yield begins, _payload(columns, row)
            begins = reader.line_num + 1
    except csv.Error as error:
        finding = Finding("", "syntax", f"The line cannot be read as CSV: {error}.", "Check its quotes")
        raise _UnreadableError(begins, finding) from None


def _columns(row: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in row]
    if "name" not in columns:
        known = ", ".join(DECLARATION_FIELDS)
        finding = Finding("", "header", "The first line names no column `name`.", f"Begin with a header of: {known}")
        raise _UnreadableError(1, finding)
    if twice := next((c for c in columns if c and columns.count(c) > 1), None):
        raise _UnreadableError(1, Finding("", "header", f"The column {shown(twice)} is there twice.", "Remove one"))
    return columns


def _payload(columns: list[str], row: list[str]) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for column, cell in zip(columns, row, strict=False):
        if cell:
            payload[column] = _value(column, cell)
    if extra := [cell for cell in row[len(columns) :] if cell.strip()]:
        payload[f"(column {len(columns) + 1})"] = extra[0]
    return payload


def _value(column: str, cell: str) -> Any:
    if column == "retention_days" and _DAYS.fullmatch(cell.strip()):
        return int(cell)
    if column == "is_active":
        return _BOOLEANS.get(cell.strip().lower(), cell)
    if column in LISTS:
        return [part.strip() for part in cell.split(";") if part.strip()]
    return cell
