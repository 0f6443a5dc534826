"""What a sign-in provider vouches for: claims to an identity with roles, and how long a session lasts."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from core.model.people import Role

# A subject that may stand in records as it is: no address of a person, nothing that needs quoting or decoding.
_PLAIN_SUBJECT: Final = re.compile(r"[A-Za-z0-9._:|/+=~-]{1,255}", re.ASCII)
# A number as long as a card's could be taken for one, which the audit log refuses.
_CARD_LIKE: Final = re.compile(r"(?<!\d)\d{13,19}(?!\d)", re.ASCII)
_NAME_LENGTH: Final = 200
_LATEST: Final = 4_102_444_800  # 2100-01-01; a claim beyond it is no time


class ClaimsError(Exception):
    """The provider's claims do not say who somebody is; the message names what is missing."""


class SessionEnd(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    HOURS = "hours"
    TOKEN = "token"  # noqa: S105 - a reason: the provider's token ran out
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Identity:
    """Somebody as the provider describes them. `subject` is what records use, see `subject_of`."""

    issuer: str
    subject: str
    name: str
    account: str  # the name of their account there, often an e-mail address; for administrators to know them by
    email_mark: str | None  # the same for two accounts with one address; keyed
    roles: frozenset[Role]  # as the claim has them
    session: str  # stands for this one sign-in
    issued_at: datetime | None
    expires_at: datetime | None

    @property
    def id(self) -> str:
        """As `Actor.id`."""
        return f"{self.issuer}|{self.subject}"


@dataclass(frozen=True)
class Limits:
    """How long a session may last, and how long without anybody doing anything."""

    whole: timedelta
    idle: timedelta
    end_with_token: bool


@dataclass(frozen=True)
class Session:
    """One sign-in of one person, as it stands."""

    id: str
    person: str
    signed_in_at: datetime
    active_at: datetime
    token_until: datetime | None
    ended_at: datetime | None
    ended_by: SessionEnd | None

    def over(self, now: datetime, limits: Limits) -> SessionEnd | None:
        """Why it is over at `now`; None while it lasts."""
        if self.ended_by:
            return self.ended_by
        if limits.end_with_token and self.token_until and now >= self.token_until:
            return SessionEnd.TOKEN
        if now >= self.signed_in_at + limits.whole:
            return SessionEnd.HOURS
        if now >= self.active_at + limits.idle:
            return SessionEnd.IDLE
        return None

    def until(self, limits: Limits) -> datetime:
        """When it ends at the latest."""
        end = self.signed_in_at + limits.whole
        return min(end, self.token_until) if limits.end_with_token and self.token_until else end


def identity_of(
    claims: Mapping[str, Any], *, issuer: str, roles_claim: str, roles: Mapping[str, Role], key: bytes
) -> Identity:
    """Who the claims of an ID token (OpenID Connect Core 1.0, section 2) speak of.

    `issuer` stands in where the token names none, `key` is that of the pseudonyms. Raises ClaimsError without a
    usable `sub`.
    """
    said = claims.get("iss")
    issuer = said if isinstance(said, str) and said and len(said) <= 500 else issuer
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > 255:
        raise ClaimsError("The sign-in provider did not say who you are: its token holds no subject (sub).")
    account = _text(claims.get("preferred_username")) or _text(claims.get("email"))
    return Identity(
        issuer=issuer,
        subject=subject_of(subject, issuer, key),
        name=_text(claims.get("name")) or account or "Somebody without a name",
        account=account,
        email_mark=_email_mark(claims, key),
        roles=roles_in(claims, roles_claim, roles),
        session=_mark(key, "session", issuer, subject, *(str(claims.get(n)) for n in ("iat", "nonce", "sid", "jti"))),
        issued_at=_time(claims.get("iat")),
        expires_at=_time(claims.get("exp")),
    )


def subject_of(subject: str, issuer: str, key: bytes) -> str:
    """The subject as records and the audit log hold it: as the provider has it, or its keyed mark, `staff_…`.

    A provider may use an e-mail address as `sub`, and the audit log holds no personal data that can be left out;
    so only what is no address and needs no quoting stays as it is.
    """
    if _PLAIN_SUBJECT.fullmatch(subject) and not _CARD_LIKE.search(subject) and not subject.startswith("staff_"):
        return subject
    return f"staff_{_mark(key, 'subject', issuer, subject)}"


def roles_in(claims: Mapping[str, Any], roles_claim: str, roles: Mapping[str, Role]) -> frozenset[Role]:
    """The roles that a claim gives: `roles` maps its values; where that is empty, roles go by their own names.

    The claim is looked up by its whole name first (`https://example.com/roles`), then as a path
    (`realm_access.roles`). Its value is a text or a list of texts; anything else gives none.
    """
    value = _claim(claims, roles_claim)
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    known = roles or {str(role): role for role in Role}
    return frozenset(known[one] for one in values if isinstance(one, str) and one in known)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    if not path or path in claims:
        return claims.get(path)
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _email_mark(claims: Mapping[str, Any], key: bytes) -> str | None:
    # Some providers do not say whether they verified it. It is only ever used to refuse: so, unless they say no.
    address = claims.get("email")
    if not isinstance(address, str) or "@" not in address or claims.get("email_verified") in {False, "false"}:
        return None
    return _mark(key, "email", address.strip().casefold())


def _mark(key: bytes, kind: str, *parts: str) -> str:
    text = "\0".join(["privacy-desk people", kind, *parts])
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _text(value: Any) -> str:
    """One line of printable text."""
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value).strip()[:_NAME_LENGTH]


def _time(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)
