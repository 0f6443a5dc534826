"""Words for findings: how a list reads, and how a value is shown so that it can do no harm."""

from collections.abc import Iterable

_SHOWN = 40


def shown(text: str) -> str:
    """A value fit for a sentence: cut short, and with every character that does not print written as an escape."""
    cut = text[:_SHOWN]
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut)
    return safe + "…" * (len(text) > _SHOWN)


def listed(words: Iterable[str], last: str = "and", most: int = 10) -> str:
    """`A`, `A and B`, `A, B and C`; of a long list the first `most` and how many more there are."""
    words = list(words)
    if len(words) > most:
        words[most:] = [f"{len(words) - most} more"]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
