"""Whether a callback URL can only lead out: never to this machine, a private network or a metadata service."""

import re
from urllib.parse import urlsplit

# Names that resolve inside a network only.
_INSIDE = frozenset({"localhost", "local", "internal", "arpa"})
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def callback_problem(url: str) -> str | None:
    """What is wrong with the URL, to follow "The callback URL"; None for a safe one.

    Every address in digits is refused, whatever its notation: resolvers read 2130706433, 0x7f000001 and
    0177.0.0.1 as this machine, and IPv6 embeds private IPv4 addresses in several ways. A name is not looked
    up, so one that resolves to a private address is for whoever connects to it.
    """
    # Before parsing: urlsplit drops tabs and newlines in silence, and parsers disagree about a backslash.
    if not url.isascii() or not url.isprintable() or " " in url:
        return "holds white space or a character that is not plain ASCII"
    if "\\" in url:
        return "holds a backslash"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a valid URL"
    if parts.scheme != "https":
        return "must start with https://"
    if "@" in parts.netloc:
        return "carries a user name or password"
    top = host.rpartition(".")[2]
    if "[" in parts.netloc or _NUMBER.fullmatch(top):
        return "names a host by its address in numbers"
    if not _HOST.fullmatch(host) or top in _INSIDE:
        return "must name a public host, such as desk.example.com"
    return None
