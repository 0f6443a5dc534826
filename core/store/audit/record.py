"""How a row's hash and MAC are computed."""

import hashlib
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring as quoted
from typing import Any

Row = tuple[Any, ...]
"""The twelve columns in the table's order; the last two, hash and mac, are not looked at."""

Macs = Callable[[Iterable[str]], list[str]]
"""From the hashes of rows to their MACs."""


def row_hashes(rows: Iterable[Row]) -> list[str]:
    """For each row SHA-256 (hexadecimal) of the RFC 8785 canonical JSON object of its first ten columns.

    `detail` goes in as the text it is, so that checking a hash never parses it. Raises TypeError or
    UnicodeEncodeError when a row has no such form: a column is no text, or its text no Unicode.

    The JSON is written out here because the `rfc8785` package takes 15 µs a row and this takes 2, and a million
    rows are to be verified in seconds. The record is flat, its keys are known and stand in order, it holds text,
    null and one integer: what is left of the standard is the escaping of text, which `json` does alike. A property
    test holds the two equal.
    """
    sha256 = hashlib.sha256
    return [
        sha256(
            (
                f'{{"actor":{quoted(actor)},"at":{quoted(at)}'
                f',"connection":{"null" if connection is None else quoted(connection)}'
                f',"detail":{quoted(detail)},"kind":{quoted(kind)}'
                f',"outcome":{"null" if outcome is None else quoted(outcome)}'
                f',"prev":{quoted(prev)}'
                f',"request":{"null" if request is None else quoted(request)}'
                f',"seq":{seq}'
                f',"task":{"null" if task is None else quoted(task)}}}'
            ).encode()
        ).hexdigest()
        for seq, at, kind, actor, request, task, connection, outcome, detail, prev, _hash, _mac in rows
    ]


def row_hash(row: Row) -> str | None:
    """The hash of one row; None where it can have none."""
    try:
        return row_hashes([row])[0]
    except (TypeError, UnicodeEncodeError):
        return None


def macs_with(key: bytes) -> Macs:
    """A function from rows' hashes (their hexadecimal text) to their HMAC-SHA-256, in hexadecimal.

    The key's two pads (RFC 2104) are made once: twice as fast as `hmac.digest` for a million short messages. Raises
    ValueError for a key longer than one block of SHA-256, 64 bytes.
    """
    if len(key) > 64:
        raise ValueError("An HMAC key here has at most 64 bytes")
    inner, outer = (bytes(byte ^ pad for byte in key.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    sha256 = hashlib.sha256
    return lambda hashes: [sha256(outer + sha256(inner + hash_.encode()).digest()).hexdigest() for hash_ in hashes]
