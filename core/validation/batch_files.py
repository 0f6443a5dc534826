"""A file of privacy requests, CSV or JSON lines, read into drafts; a line beyond reading is a finding of its own."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.model.batches import MOST_BYTES, REQUIRED_FIELDS, FileRow, LineFinding, Sheet
from core.model.findings import Finding
from core.validation.batch_columns import ADDED_COLUMNS
from core.validation.batch_rows import DraftReader, listed_cell
from core.validation.text_files import EncodingError, decode, delimiter_of, lines_of
from core.validation.wording import shown

MOST_LINE_CHARACTERS = 32_768
MOST_LINES_A_ROW = 100  # a quote that is never closed would swallow the rest of the file
MOST_UNREADABLE = 1_000
MOST_COLUMNS = 200
_KEYS_FROM_ROWS = 1_000


class UnreadableFileError(Exception):
    """The file as a whole cannot be read; `finding` says why, of line `line`."""

    def __init__(self, finding: Finding, line: int = 1) -> None:
        super().__init__(finding.message)
        self.line_finding = LineFinding(line, finding)


def look(content: bytes) -> tuple[Sheet, str]:
    """How a file is to be read, by what is in it alone, and its text. Raises UnreadableFileError."""
    if len(content) > MOST_BYTES:
        raise _whole("max_length", f"The file is larger than {MOST_BYTES // 1024**2} MB.", "Split it.")
    if not content.strip(b"\0\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise _whole("empty", "The file is empty.", "Begin with the template.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _whole("format", "This is a workbook, not a text file.", "Save it as CSV in the spreadsheet program.")
    try:
        text, encoding = decode(content)
    except EncodingError as error:
        raise _whole("encoding", f"The file is not valid {error}.", "Save it as UTF-8.") from None
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first == "[":
        raise _whole("format", "The file is one JSON list.", "Write JSON lines: one object a line, no brackets.")
    if first == "{":
        lines = lines_of(text)
        return Sheet("jsonl", encoding, "", _keys(lines)), text
    columns, delimiter = _header(text)
    return Sheet("csv", encoding, delimiter, columns), text


def count_rows(sheet: Sheet, text: str) -> int:
    """About how many rows the file has: its lines, without a header."""
    return max(
        0, text.count("\n") + text.count("\r") - text.count("\r\n") + (text[-1:] not in "\r\n") - (sheet.kind == "csv")
    )


def read_rows(
    sheet: Sheet, text: str, mapping: Mapping[str, str], connections: tuple[str, ...] = ()
) -> Iterator[FileRow]:
    """Every row with something in it, good or not; `connections` are for those that name none.

    Whatever the text is, reading it raises UnreadableFileError at the most, and only where more than a thousand
    lines are beyond reading.
    """
    reader = DraftReader(connections)
    rows = (
        _json_rows(sheet, text, mapping, reader) if sheet.kind == "jsonl" else _csv_rows(sheet, text, mapping, reader)
    )
    unreadable = 0
    for row in rows:
        unreadable += row.draft is None
        if unreadable > MOST_UNREADABLE:
            message = f"More than {MOST_UNREADABLE} lines cannot be read; the rest was not looked at."
            finding = Finding("", "syntax", message, "Check how the file was written, then upload it again.")
            raise UnreadableFileError(finding, row.line)
        yield row


class _RowTooLongError(Exception):
    """A row goes on for more lines than any real one."""


class _Lines:
    """The lines of a file, from one that can be set; stops a row that does not end."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines = lines
        self.at = at  # of the next line, from 0
        self.began = at
        self._stop = 0

    def begin(self) -> None:
        self.began = self.at
        self._stop = min(len(self.lines), self.at + MOST_LINES_A_ROW)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.at >= self._stop:
            if self.at >= len(self.lines):
                raise StopIteration
            raise _RowTooLongError
        line = self.lines[self.at]
        self.at += 1
        if len(line) > MOST_LINE_CHARACTERS:
            raise _RowTooLongError
        return line


def _csv_rows(sheet: Sheet, text: str, mapping: Mapping[str, str], drafts: DraftReader) -> Iterator[FileRow]:
    lines = _Lines(lines_of(text.removeprefix("\ufeff")), 0)
    reader = csv.reader(lines, delimiter=sheet.delimiter, strict=True)
    places = {field: sheet.columns.index(column) for field, column in mapping.items()}
    ours = set(ADDED_COLUMNS) <= set(sheet.columns)  # rejected rows that came back: their cells were neutralised
    header_seen = False
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RowTooLongError) as error:
            yield _unreadable_row(lines, error)
            lines.at = lines.began + 1
            header_seen = True
            continue
        if not any(cells) or not any(cell.strip() for cell in cells):
            continue
        if not header_seen:
            header_seen = True
            continue
        if ours:
            cells = [_as_it_was(cell) for cell in cells]
        yield drafts.from_cells(lines.began + 1, cells, places, len(sheet.columns))


def _unreadable_row(lines: _Lines, error: Exception) -> FileRow:
    raw = lines.lines[lines.began]
    if len(raw) > MOST_LINE_CHARACTERS:
        message = f"The line has {len(raw)} characters; at most {MOST_LINE_CHARACTERS} are read."
        finding = Finding("", "max_length", message, "Check that nothing else was pasted into it.")
    elif isinstance(error, _RowTooLongError) or "unexpected end" in str(error):
        message = "A quote that opens in this line is not closed."
        finding = Finding("", "syntax", message, "Close it, or remove it; a quote inside a cell is written twice.")
    else:
        message = "The line cannot be read: something stands behind a closing quote."
        finding = Finding("", "syntax", message, "Check its quotes; a quote inside a cell is written twice.")
    return FileRow(lines.began + 1, (raw.rstrip("\r\n")[:1000],), None, (finding,))


_NEUTRALISED = re.compile("'[\\s\0\u200b\u2060\ufeff]*[\t\r\n\0=+@＝＋－＠-]")


def _as_it_was(cell: str) -> str:
    return cell[1:] if _NEUTRALISED.match(cell) else cell


def _json_rows(sheet: Sheet, text: str, mapping: Mapping[str, str], drafts: DraftReader) -> Iterator[FileRow]:
    for number, line in enumerate(lines_of(text.removeprefix("\ufeff")), 1):
        if not line.strip():
            continue
        try:
            document = _json_object(line)
        except ValueError as error:
            finding = Finding("", "syntax", f"The line is not a JSON object: {error}.", "Write one object a line.")
            yield FileRow(number, (line.rstrip("\r\n")[:1000],), None, (finding,))
            continue
        cells = tuple(listed_cell(document.get(column)) for column in sheet.columns)
        yield drafts.from_values(number, cells, {f: document[c] for f, c in mapping.items() if c in document})


def _json_object(line: str) -> dict[str, Any]:
    """Raises ValueError with the end of a sentence; it never repeats what the line holds."""
    if len(line) > MOST_LINE_CHARACTERS:
        raise ValueError(f"it has {len(line)} characters, more than {MOST_LINE_CHARACTERS}")
    try:
        document = json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)
    except _StrictError as error:
        raise ValueError(str(error)) from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg.lower()} at character {error.pos + 1}") from None
    except (ValueError, RecursionError):
        raise ValueError("it holds a number or a nesting that is too large") from None
    if not isinstance(document, dict):
        raise ValueError("it is something else")  # noqa: TRY004 - the file is wrong, not the caller
    return document


class _StrictError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _StrictError("a key stands in it twice")
    return document


def _no_constant(name: str) -> Any:
    raise _StrictError(f"{name} is not JSON")


def _keys(lines: Iterable[str]) -> tuple[str, ...]:
    """The keys of the first rows, in the order in which they appear."""
    keys: dict[str, None] = {}
    for line, _ in zip((line for line in lines if line.strip()), range(_KEYS_FROM_ROWS), strict=False):
        try:
            keys |= dict.fromkeys(_json_object(line))
        except ValueError:
            continue  # said of its line when it is checked
    return tuple(keys)[:MOST_COLUMNS]


def _header(text: str) -> tuple[tuple[str, ...], str]:
    lines = _Lines(lines_of(text.removeprefix("\ufeff")), 0)
    while lines.at < len(lines.lines) and not lines.lines[lines.at].strip(' \t\r\n,;|"'):
        lines.at += 1
    at = lines.at
    delimiter = delimiter_of(lines.lines[at]) if at < len(lines.lines) else ","
    lines.begin()
    try:
        cells = next(csv.reader(lines, delimiter=delimiter, strict=True))
    except (csv.Error, _RowTooLongError, StopIteration):
        finding = Finding("", "header", "The header line cannot be read.", f"Begin with: {','.join(REQUIRED_FIELDS)}")
        raise UnreadableFileError(finding, at + 1) from None
    while cells and not cells[-1].strip():
        cells.pop()
    columns = tuple(cell.strip() or f"(column {number})" for number, cell in enumerate(cells, 1))
    if len(columns) > MOST_COLUMNS:
        raise _whole("header", f"The header names {len(columns)} columns.", f"{MOST_COLUMNS} at the most.")
    if twice := next((c for c in columns if columns.count(c) > 1), None):
        raise UnreadableFileError(
            Finding("", "header", f"The column {shown(twice)} is there twice.", "Remove or rename one."), at + 1
        )
    return columns, delimiter


def _whole(rule: str, message: str, fix: str) -> UnreadableFileError:
    return UnreadableFileError(Finding("", rule, message, fix))
