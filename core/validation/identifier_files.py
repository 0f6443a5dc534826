"""The identifiers of people in a file: a column of a CSV with any common delimiter, or one identifier a line."""

import csv
import io
from collections.abc import Iterator

from core.validation.text_files import EncodingError, decode, delimiter_of
from core.validation.wording import listed, shown

MOST_BYTES = 200 * 1024 * 1024

# How a column of identifiers is called where nobody says which it is; compared without case, blanks, - and _.
_KNOWN = frozenset({"subject", "subjectid", "identifier", "id", "userid", "contactid", "customerid"})


class IdentifierFileError(ValueError):
    """The file cannot be read as it is; the message says why and what to do, and repeats no identifier."""


def identifiers_in(content: bytes, column: str | None = None) -> Iterator[tuple[int, str]]:
    """The line and the identifier of each person; a cell may hold several with `;` between them.

    Without a column named, one called like a subject id is taken; a file of a single column needs no header.
    Raises IdentifierFileError.
    """
    if len(content) > MOST_BYTES:
        raise IdentifierFileError(f"The file is larger than {MOST_BYTES // 1024**2} MiB. Split it.")
    try:
        text, _ = decode(content)
    except EncodingError as error:
        raise IdentifierFileError("The file is not text in UTF-8, UTF-16 or Windows-1252. Save it as UTF-8.") from error
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    delimiter = delimiter_of(first)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    names = next(csv.reader([first], delimiter=delimiter), [])
    place = _place(names, column)
    if place is None:
        yield from ((1, identifier) for identifier in _parted(first.strip().strip('"')))
        place = 0
    try:
        for row in reader:
            if len(row) > place:
                yield from ((reader.line_num + 1, identifier) for identifier in _parted(row[place]))
    except csv.Error as error:
        raise IdentifierFileError(f"Line {reader.line_num + 1} is no CSV ({error}). Correct it.") from error


def _place(names: list[str], column: str | None) -> int | None:
    """Where the identifiers stand; None where the first line holds one already."""
    plain = [_plain(name) for name in names]
    if column is not None:
        if _plain(column) in plain:
            return plain.index(_plain(column))
        raise IdentifierFileError(f"There is no column {shown(column)!r}. The first line has {_named(names)}.")
    for place, name in enumerate(plain):
        if name in _KNOWN:
            return place
    if len(names) > 1:
        raise IdentifierFileError(
            "None of the columns is called like a subject id. Name the one that holds it, with --column."
        )
    return None


def _parted(cell: str) -> Iterator[str]:
    return (part for piece in cell.split(";") if (part := piece.strip()))


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c not in " -_\ufeff")


def _named(names: list[str]) -> str:
    # The first line of a file without a header is somebody's identifier, which no message may repeat.
    known = [shown(name) for name in names if name.replace("_", "").replace(" ", "").isalpha()]
    return listed(known) if known else "no names of columns"
