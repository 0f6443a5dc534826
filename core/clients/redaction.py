"""Taking secrets and identifiers out of whatever is recorded or shown of an exchange."""

import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

STORED_CHARACTERS = 4096
VENDOR_TEXT_CHARACTERS = 500
SECRET = "***"  # noqa: S105 - what stands where a secret was

_SECRET_HEADERS = frozenset(
    {"cookie", "set-cookie", "proxy-authorization", "webhook-signature", "x-api-key", "x-auth-token"}
)

# What a vendor, a proxy or a stack trace may repeat to us although nobody asked.
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {SECRET}"),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.?[\w-]*"), SECRET),
    (re.compile(r"(://)[^/\s@\"']+@"), rf"\1{SECRET}@"),
    (
        re.compile(
            r"(?i)((?:client_secret|access_token|refresh_token|id_token|password|api_?key|secret|token|signature)"
            r"(?:\\?\"\s*:\s*\\?\"|=))[^\"\\&\s]+"
        ),
        rf"\1{SECRET}",
    ),
)


class Redactor:
    """Replaces given values, in every spelling a wire gives them, and everything that looks like a secret.

    `mask` maps a value to its placeholder; `secrets` become `***`. A value under 4 characters is replaced
    only where it stands alone: inside words it would turn the text into noise without hiding anything.
    """

    def __init__(self, mask: Mapping[str, str], secrets: Iterable[str] = ()) -> None:
        spellings: dict[str, str] = {}
        for value, placeholder in [*mask.items(), *((secret, SECRET) for secret in secrets)]:
            for spelling in _spellings(value):
                spellings.setdefault(spelling.lower(), placeholder)
        self._placeholders = spellings
        longest_first = sorted(spellings, key=len, reverse=True)
        self._values = re.compile("|".join(map(_pattern, longest_first)), re.IGNORECASE) if spellings else None

    def text(self, text: str) -> str:
        """The text without values and secrets, at full length."""
        if self._values:
            text = self._values.sub(lambda found: self._placeholders.get(found[0].lower(), SECRET), text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def body(self, body: bytes | None) -> str | None:
        """A body as it is stored: masked first, then made harmless to show, then cut at 4096 characters."""
        if not body:
            return None
        return _cut(visible(self.text(body.decode("utf-8", "replace")), keep="\n\t"), STORED_CHARACTERS)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers as they are stored: Authorization keeps its scheme only, other secret ones nothing."""
        return {
            _cut(visible(name), 100): self._header(name.lower(), value) for name, value in list(headers.items())[:64]
        }

    def _header(self, name: str, value: str) -> str:
        if name == "authorization":
            return f"{value.partition(' ')[0]} {SECRET}"
        if name in _SECRET_HEADERS:
            return SECRET
        return _cut(visible(self.text(value)), 1000)

    def vendor_text(self, text: str) -> str:
        """What a vendor says about an error, fit for one line on a page: masked and cut at 500 characters."""
        return _cut(visible(" ".join(self.text(text).split())), VENDOR_TEXT_CHARACTERS)


def visible(text: str, keep: str = "") -> str:
    """Control, direction and line-separator characters spelt out (`\\x1b`, `\\u202e`): shown, never obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _spellings(value: str) -> set[str]:
    if not value:
        return set()
    in_json = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    in_json |= {spelling.replace("/", "\\/") for spelling in in_json}  # some vendors escape the slash as well
    return {value, quote(value, safe=""), quote_plus(value), html.escape(value), *in_json}


def _pattern(spelling: str) -> str:
    escaped = re.escape(spelling)
    return escaped if len(spelling) >= 4 else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
