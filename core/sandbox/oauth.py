"""The token endpoints (OAuth 2.0 client credentials, RFC 6749 section 4.4) and the bearer check behind them."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs, unquote_plus

from core.clock import to_text
from core.sandbox.answers import Answer, RefusedError
from core.sandbox.vendor import Call, Handler, Sandbox

LIFETIME_SECONDS = 3600

# Every scope a client of the connection may ask for; it gets all of them where it asks for none.
SCOPES: Mapping[str, frozenset[str]] = {
    "cxone": frozenset({"privacy:read", "privacy:write", "data:read"}),
    "genesys": frozenset({"privacy:purpose:read", "privacy:purpose:write"}),
}


def token(connection: str) -> Handler:
    """The token endpoint of a connection; the credentials may come as form fields or as HTTP Basic."""

    def handle(sandbox: Sandbox, call: Call) -> Answer:
        form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            raise RefusedError(400, "unsupported_grant_type", "Only client_credentials is supported")
        client_id, client_secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        expected = f"{sandbox.address.client_id}\n{sandbox.address.client_secret.get_secret_value()}"
        if not secrets.compare_digest(f"{client_id}\n{client_secret}".encode(), expected.encode()):
            return Answer(401, {"error": "invalid_client"})
        scope = frozenset(form.get("scope", "").split()) or SCOPES[connection]
        if not scope <= SCOPES[connection]:
            raise RefusedError(400, "invalid_scope", f"Unknown scope: {' '.join(sorted(scope - SCOPES[connection]))}")
        issued = secrets.token_urlsafe(32)
        granted = " ".join(sorted(scope))
        sandbox.db.execute("DELETE FROM tokens WHERE expires_at <= ?", (to_text(call.now),))
        sandbox.db.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?)",
            (_digest(issued), connection, granted, to_text(call.now + timedelta(seconds=LIFETIME_SECONDS))),
        )
        body = {"access_token": issued, "token_type": "bearer", "expires_in": LIFETIME_SECONDS, "scope": granted}
        return Answer(200, body, {"cache-control": "no-store"}, acted=True)

    return handle


def require(sandbox: Sandbox, call: Call, connection: str, scope: str) -> None:
    """Raise RefusedError unless the call carries a live token of this connection with this scope."""
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    row = sandbox.db.execute(
        "SELECT scope FROM tokens WHERE digest = ? AND connection = ? AND expires_at > ?",
        (_digest(bearer), connection, to_text(call.now)),
    ).fetchone()
    if scheme.lower() != "bearer" or row is None:
        challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
        raise RefusedError(401, "invalid_token", "The access token is missing, unknown or expired", challenge)
    if scope not in row["scope"].split():
        raise RefusedError(403, "insufficient_scope", f"The token lacks the scope {scope}")


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    return unquote_plus(user), unquote_plus(password)


def _digest(bearer: str) -> str:
    return hashlib.sha256(bearer.encode()).hexdigest()
