"""CSV that a spreadsheet opens without running anything in it."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import IO, Any, Final

# Blanks (those without width among them), then what a spreadsheet may act on; tab, CR, LF and NUL are both.
_DANGEROUS: Final = re.compile("[\\s\0\u200b\u2060\ufeff]*[\t\r\n\0=+@＝＋－＠-]")
CSV_START: Final = "\ufeff".encode()
"""By which spreadsheets know that a file is UTF-8."""


@dataclass(frozen=True)
class ExportSummary:
    """What was written: rows without the header, and the SHA-256 (hexadecimal) of all text in UTF-8."""

    rows: int
    sha256: str


def neutralise(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula.

    Text beginning with = + - @ (or their full-width forms), tab, CR, LF or NUL, also behind blanks, gets a `'` in
    front (OWASP ASVS 5.0, 1.2.10), and NUL goes from all text. Numbers, booleans and None come back as they are: it
    is the type that decides, so -5 stays a number. Anything else is taken as its text.
    """
    if value is None or isinstance(value, Number):
        return value
    text = str(value)
    return ("'" if _DANGEROUS.match(text) else "") + text.replace("\0", "")


def write_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], out: IO[str]) -> ExportSummary:
    """Write a header and each row as it comes (RFC 4180: CRLF, quotes where needed), every cell neutralised.

    A column that a row lacks is left empty; other keys are not written. Open files with `newline=""` and UTF-8, so
    that the digest is that of the file.
    """
    hashed = _Hashed(out)
    writer = csv.writer(hashed, lineterminator="\r\n")
    writer.writerow([neutralise(column) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([neutralise(row.get(column)) for column in columns])
        count += 1
    return ExportSummary(count, hashed.digest.hexdigest())


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV in UTF-8 (RFC 4180), every cell neutralised."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([neutralise(cell) for cell in row] for row in rows)
    return text.getvalue().encode(errors="surrogateescape")


class _Hashed:
    """Passes text on and hashes it on the way."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self.digest = hashlib.sha256()

    def write(self, text: str) -> int:
        self.digest.update(text.encode())
        return self._out.write(text)
