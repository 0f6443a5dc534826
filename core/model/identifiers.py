"""Subject identifiers: their one canonical form and the keyed pseudonym that stands for them in every record."""

import hmac
import unicodedata


def canonical(value: str) -> str:
    """The form that pseudonym, matching and the erasure ledger all use: Unicode NFC, nothing else changed.

    Case is kept: a vendor's subject id is case-sensitive, and two people must never become one.
    """
    return unicodedata.normalize("NFC", value)


def pseudonym(value: str, key: bytes) -> str:
    """A keyed HMAC-SHA-256 pseudonym, `subj_` and 32 hexadecimal digits (128 bits).

    Keyed, because the plain SHA-256 of all 10^8 phone numbers takes two minutes (measured).
    """
    digest = hmac.digest(key, canonical(value).encode(), "sha256")  # in one call: half the time of `hmac.new`
    return f"subj_{digest[:16].hex()}"


def masked(value: str) -> str:
    """The first two and last characters, for whoever may not see the whole; short values vanish entirely."""
    return f"{value[:2]}…{value[-1]}" if len(value) >= 8 else "…"
