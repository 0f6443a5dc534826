"""What may enter the audit log: the details an event's kind allows, in one canonical form, and no secret."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from core.model.events import DETAILS, Event

DETAIL_LIMIT: Final = 8 * 1024
"""Bytes of canonical JSON that one event's detail may take."""
COLUMN_LIMIT: Final = 1024
"""Characters in each of the other columns."""
_DEPTH_LIMIT: Final = 8
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_INTEGER_LIMIT: Final = 2**53 - 1
_TEXT_ALONE: Final = {str}

_SECRETS: Final = {
    "a bearer token": r"\bbearer\s+\S",
    "a credential": r"\b(?:client_secret|access_token|refresh_token|password)\W{0,4}[=:]",
    "a JSON Web Token": r"\beyJ[\w-]{5,}\.[\w-]{5,}\.",
    "a webhook secret": r"whsec_",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
}
_SECRET: Final = re.compile("|".join(f"({pattern})" for pattern in _SECRETS.values()), re.IGNORECASE | re.ASCII)
# Each pattern needs one of these, in lower case; looking for them first is ten times as fast as the patterns.
_MARKS: Final = ("bearer", "client_secret", "access_token", "refresh_token", "password", "eyj", "whsec_", "private key")

# A card number as people and machines write it, standing alone: 13 to 19 digits in one run or in the card's own
# groups, beginning as the issuers' ranges do. Narrower than "13 digits that pass Luhn" on purpose: one in ten
# numbers passes, and a hash, a UUID or a time in microseconds must not be turned away by chance.
_CARD: Final = re.compile(
    r"(?<![\w-])(?:[3-6]\d{12,18}|2[2-7]\d{14}"
    r"|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}|3[47]\d\d([ -])\d{6}\2\d{5}|3[068]\d\d([ -])\d{6}\3\d{4})(?![\w-])",
    re.ASCII,
)

# Every card number is within a run of so many of these characters; looking for that first saves
# most texts the pattern.
_CARD_RUN: Final = "0" * 13
_CARD_CHARACTERS: Final = "".join("0" if chr(code) in "0123456789 -" else "x" for code in range(128))


class AuditError(Exception):
    """An event that may not enter the audit log. The message never repeats the value it objects to."""


def looks_secret(text: str) -> str | None:
    """What kind of secret a text seems to hold ("a bearer token", "a card number" …), or None.

    Whoever records what a vendor wrote asks this first: `append` refuses such an event whole.
    """
    lowered = text.lower()
    found = _SECRET.search(text) if any(map(lowered.__contains__, _MARKS)) else None
    if found:
        return list(_SECRETS)[(found.lastindex or 1) - 1]
    if _CARD_RUN not in text.translate(_CARD_CHARACTERS):
        return None
    if any(_passes_luhn(card.group()) for card in _CARD.finditer(text)):
        return "a card number"
    return None


def admit(event: Event) -> str:
    """The event's detail as canonical JSON. Raises AuditError, naming the rule, for what may not be recorded."""
    allowed = DETAILS.get(event.kind)
    if allowed is None:
        raise AuditError("An audit event needs one of the known kinds")
    texts = _columns(event)
    plain: dict[str, Any] = {}
    for key, value in event.detail.items():
        if key not in allowed:
            raise AuditError(f"{event.kind} may not carry the detail {_named(key)}")
        if type(value) is str:  # as most are: no need to look further
            texts.append(value)
            plain[key] = value
        elif type(value) is list and set(map(type, value)) <= _TEXT_ALONE:
            texts.extend(value)
            plain[key] = value
        else:
            plain[key] = _plain(value, texts, f"{event.kind}.{key}", 0)
    secret = looks_secret("\0".join(texts))  # joined by what no pattern spans: one search for all
    if secret:
        raise AuditError(f"{event.kind} holds what looks like {secret}; secrets never enter the audit log")
    try:
        canonical = _canonical(plain)
    except ValueError as error:
        raise AuditError(f"{event.kind} has a detail that is not valid Unicode text") from error
    if len(canonical) > DETAIL_LIMIT:
        raise AuditError(f"{event.kind} has {len(canonical)} bytes of detail; at most {DETAIL_LIMIT} are kept")
    return canonical.decode()


def _canonical(plain: Any) -> bytes:
    """RFC 8785. Without floats, and in ASCII alone, the `json` module writes the same ten times as fast: it escapes
    alike, and sorts keys alike. A property test holds the two equal. Raises ValueError for what is not Unicode."""
    text = _ENCODER.encode(plain)
    return text.encode() if text.isascii() else rfc8785.dumps(plain)


def _columns(event: Event) -> list[str]:
    optional = (event.request, event.task, event.connection, event.outcome)
    texts = [event.actor, *(text for text in optional if text is not None)]
    for text in texts:
        if not isinstance(text, str) or "\0" in text or len(text) > COLUMN_LIMIT:
            raise AuditError(f"{event.kind} has a column that is not valid text of at most {COLUMN_LIMIT} characters")
    return texts


def _plain(value: Any, texts: list[str], where: str, depth: int) -> Any:
    """The value in dicts and lists, with every text in it added to `texts`."""
    if isinstance(value, str):
        texts.append(value)
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > _INTEGER_LIMIT:
            raise AuditError(f"{where} holds a whole number beyond 2^53 - 1, which JSON cannot carry exactly")
        texts.append(str(value))  # a card number is one without quotes, too
        return value
    if depth >= _DEPTH_LIMIT:
        raise AuditError(f"{where} is nested more than {_DEPTH_LIMIT} deep")
    if isinstance(value, (list, tuple)):
        return [_plain(item, texts, where, depth + 1) for item in value]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise AuditError(f"{where} has a key that is not text")
            texts.append(f"{key}=")  # reads {"password": …} as what it is
        return {key: _plain(item, texts, where, depth + 1) for key, item in value.items()}
    raise AuditError(f"{where} holds a {type(value).__name__}; only text, whole numbers, booleans and None may")


def _named(key: object) -> str:
    return repr(key) if isinstance(key, str) and key.isidentifier() and len(key) <= 40 else "it was given"


def _passes_luhn(card: str) -> bool:
    digits = [int(character) for character in reversed(card) if character.isdigit()]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0
