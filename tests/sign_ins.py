"""A desk that people sign in at, and the claims that their provider sends."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.desk import Desk
from core.settings import Settings
from tests.desks import connection

ISSUER = "https://login.example.com"


def sign_in(**more: Any) -> dict[str, Any]:
    """Settings of a provider; `boss` is administrator to begin with."""
    return {
        "metadata_url": f"{ISSUER}/.well-known/openid-configuration",
        "client_id": "desk",
        "client_secret": "not-a-real-secret",
        "cookie_secret": "not-a-real-secret" * 3,
        "administrators": ["boss"],
        **more,
    }


def desk_with_sign_in(folder: Path, clock: Clock, *, desk: dict[str, Any] | None = None, **more: Any) -> Desk:
    """A desk with one connection; `more` are the settings of the sign-in, `desk` others of the desk's."""
    settings = Settings(
        database=folder / "desk" / "desk.db",
        keys=folder / "keys" / "desk.keys",
        connections={"cxone": connection("http://127.0.0.1:1")},
        sign_in=sign_in(**more),  # type: ignore[arg-type] # as the environment has it
        **(desk or {}),
    )
    return Desk.open(settings, clock)


def claims(sub: str, *roles: str, at: datetime, hours: float = 8, **more: Any) -> dict[str, Any]:
    """The claims of an ID token that was issued `at` and is good for `hours`."""
    return {
        "is_logged_in": True,
        "iss": ISSUER,
        "sub": sub,
        "name": sub.partition("@")[0].title(),
        "roles": list(roles),
        "iat": int(at.timestamp()),
        "exp": int((at + timedelta(hours=hours)).timestamp()),
        "nonce": f"nonce-{sub}",
        **more,
    }
