"""What an uploaded file of text is: its encoding, its lines as an editor counts them, and what separates its cells."""

import codecs
import io

DELIMITERS = (",", ";", "\t", "|")

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 4096


class EncodingError(ValueError):
    """The bytes are text in none of the encodings that are read."""


def decode(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was read in; `cp1252` only where nothing else fits. Raises EncodingError."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content, encoding), encoding
    if unmarked := _unmarked_utf16(content[:_LOOKED_AT]):
        return _decoded(content, unmarked), unmarked
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _decoded(content, "cp1252"), "cp1252"


def lines_of(text: str) -> list[str]:
    """The lines with their ends: LF, CR LF or CR, as editors count them (`splitlines` also splits at form feeds)."""
    return list(io.StringIO(text, newline=""))


def delimiter_of(header: str) -> str:
    """What separates the cells of a header line: the candidate that stands outside of quotes most often."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise EncodingError(encoding) from error


def _unmarked_utf16(start: bytes) -> str | None:
    """UTF-16 without its mark shows as a NUL in every second byte of a header in Latin letters."""
    for encoding, even in (("utf-16-be", 0), ("utf-16-le", 1)):
        half, other = start[even::2], start[1 - even :: 2]
        if half and half.count(0) > 0.7 * len(half) and other.count(0) < 0.1 * len(other):
            return encoding
    return None
