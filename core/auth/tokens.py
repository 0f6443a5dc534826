"""Access tokens for a connection: fetched once for any number of threads, kept, and renewed before they expire."""

import base64
import re
import threading
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from core.auth.retry_after import retry_after_seconds
from core.auth.strict_json import StrictJsonError, is_json_type, parse
from core.auth.transport import Failure, Reply, Stage, Transport
from core.clock import Clock
from core.settings import ConnectionSettings

REFRESH_BEFORE_SECONDS = 60.0
DEFAULT_LIFETIME_SECONDS = 300.0
SHORTEST_LIFETIME_SECONDS = 30.0
LONGEST_LIFETIME_SECONDS = 24 * 3600.0
# A lifetime beyond a year is a vendor's mistake, not an offer.
_PLAUSIBLE_SECONDS = 365 * 86400.0

# Visible ASCII only: a line break in a token would write headers of its own.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)

_WAIT = "The desk tries again by itself."


@dataclass(frozen=True)
class Token:
    """A bearer token. `generation` tells one fetch from the next, `expires_at` is aware and UTC."""

    value: SecretStr
    expires_at: datetime
    generation: int


class TokenError(Exception):
    """No token could be had: what happened and what to do, never the server's own words.

    `code` is `authentication_failed`, `not_authorised`, `rate_limited`, `contract_violation` or
    `token_unavailable`; `retryable` says whether waiting may help, `floor_seconds` for how long at least.
    """

    def __init__(
        self, code: str, message: str, advice: str, *, retryable: bool, floor_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice
        self.retryable = retryable
        self.floor_seconds = floor_seconds


def client_advice(connection: ConnectionSettings) -> str:
    """What to check about the vendor's API client when it may not do something (contract.md 1.1, 2.2)."""
    scopes = f" ({connection.scope})" if connection.scope else ""
    extra = ""
    if connection.contract == "cxone-requests":
        extra = " Add data:read for analytics category erasure."
    elif connection.contract == "genesys-purposes":
        extra = " Its role must be Privacy Admin."
    return f"Check the client's scopes{scopes} and that its type is client credentials.{extra}"


class TokenSource:
    """The tokens of one connection; every method may be called from any thread."""

    def __init__(self, connection: ConnectionSettings, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._generation = 0
        self._flight: Future[Token] | None = None

    def get(self) -> Token:
        """A token good for use now. Raises TokenError."""
        return self._newer_than(None)

    def refresh(self, stale: Token) -> Token:
        """A token other than the one the vendor just refused; the first caller fetches it, the rest share it.

        Raises TokenError.
        """
        return self._newer_than(stale)

    def _newer_than(self, stale: Token | None) -> Token:
        with self._lock:
            if stale and self._token and self._token.generation == stale.generation:
                self._token = None
            if self._token and self._clock.monotonic() < self._renew_at:
                return self._token
            flight, leads = self._flight, False
            if flight is None:
                flight, leads = Future(), True
                self._flight = flight
        if leads:
            self._fly(flight)
        return flight.result()

    def _fly(self, flight: Future[Token]) -> None:
        outcome: tuple[Token, float] | TokenError = TokenError(
            "token_unavailable", "Fetching a token was cut short.", _WAIT, retryable=True
        )
        try:
            outcome = self._fetch()
        except TokenError as error:
            outcome = error
        finally:  # whatever ends the leader, its followers must not wait for ever
            with self._lock:
                self._flight = None
                if isinstance(outcome, tuple):
                    self._token, self._renew_at = outcome
            if isinstance(outcome, tuple):
                flight.set_result(outcome[0])
            else:
                flight.set_exception(outcome)

    def _fetch(self) -> tuple[Token, float]:
        """A new token and the monotonic second from which it wants to be renewed."""
        connection = self._connection
        secret = connection.client_secret.get_secret_value()
        if not connection.client_id or not secret:
            raise TokenError(
                "authentication_failed",
                "This connection has no client id and secret.",
                "Set CLIENT_ID and CLIENT_SECRET of the connection.",
                retryable=False,
            )
        form = {"grant_type": "client_credentials"}
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if connection.credentials_in == "basic":
            pair = f"{connection.client_id}:{secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": connection.client_id, "client_secret": secret}
        if connection.scope:
            form["scope"] = connection.scope
        asked, asked_at = self._clock.monotonic(), self._clock.now()
        # A token is fetched about once an hour: no connection is worth keeping open for the next one.
        with closing(Transport(self._clock, timeout_seconds=connection.timeout_seconds)) as transport:
            reply = transport.send("POST", connection.token_endpoint, headers=headers, body=urlencode(form).encode())
        value, lifetime = self._granted(reply)
        self._generation += 1
        token = Token(SecretStr(value), asked_at + timedelta(seconds=lifetime), self._generation)
        return token, asked + lifetime - min(REFRESH_BEFORE_SECONDS, lifetime / 2)

    def _granted(self, reply: Reply) -> tuple[str, float]:
        if reply.status is None or not 200 <= reply.status < 300:
            raise self._refusal(reply)
        if reply.failure is Failure.TOO_LARGE:
            raise _violation("The token server's answer is far too large.")
        if reply.failure:
            raise _unavailable("The token server's answer broke off.")
        if not is_json_type(reply.headers.get("Content-Type")):
            raise _unavailable("The token server answered with something that is not JSON.")
        try:
            body = parse(reply.body)
        except StrictJsonError as error:
            if error.code == "not_json":
                raise _unavailable("The token server answered with something that is not JSON.") from None
            raise _violation("The token server's answer is not acceptable JSON.") from None
        if not isinstance(body, dict):
            raise _violation("The token server's answer is not an object.")
        kind = body.get("token_type", "bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise _violation("The token server issued a token that is not of type bearer.")
        value = body.get("access_token")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise _violation("The token server's answer holds no usable access token.")
        return value, _lifetime(body.get("expires_in"))

    def _refusal(self, reply: Reply) -> TokenError:
        status = reply.status
        if status is None:
            return _unavailable(_no_answer(reply))
        floor = retry_after_seconds(
            reply.headers.get("Retry-After"), now=self._clock.now(), server_date=reply.headers.get("Date")
        )
        if status == 429:
            return TokenError(
                "rate_limited",
                "The token server asks to slow down (HTTP 429).",
                _WAIT,
                retryable=True,
                floor_seconds=floor,
            )
        if status >= 500 or status in {408, 425}:
            return _unavailable(f"The token server could not answer (HTTP {status}).", floor)
        advice = client_advice(self._connection)
        if status == 403 or _oauth_error(reply) == "invalid_scope":
            return TokenError(
                "not_authorised",
                f"The token server does not grant this client what it asks for (HTTP {status}).",
                advice,
                retryable=False,
            )
        if status in {400, 401}:
            return TokenError(
                "authentication_failed",
                f"Authentication failed: the token server refused the client id and secret (HTTP {status}).",
                f"Check CLIENT_ID, CLIENT_SECRET and CREDENTIALS_IN of the connection. {advice}",
                retryable=False,
            )
        return TokenError(
            "token_unavailable",
            f"The token address did not answer as a token server does (HTTP {status}).",
            "Check TOKEN_URL and BASE_URL of the connection.",
            retryable=False,
        )


def _lifetime(expires_in: Any) -> float:
    if isinstance(expires_in, str) and _NUMBER.fullmatch(expires_in.strip()):
        expires_in = float(expires_in)
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float):
        return DEFAULT_LIFETIME_SECONDS
    if not 0 < expires_in <= _PLAUSIBLE_SECONDS:
        return DEFAULT_LIFETIME_SECONDS
    return min(max(float(expires_in), SHORTEST_LIFETIME_SECONDS), LONGEST_LIFETIME_SECONDS)


def _oauth_error(reply: Reply) -> str | None:
    """The `error` of RFC 6749 section 5.2, where the body holds one."""
    try:
        body = parse(reply.body)
    except StrictJsonError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else None


def _no_answer(reply: Reply) -> str:
    if reply.failure is Failure.TIMED_OUT or reply.failure is Failure.INTERRUPTED:
        return "The token server did not answer in time or broke off."
    if reply.stage is Stage.TLS:
        return "No secure connection (TLS) to the token server could be made."
    return "The token server could not be reached."


def _unavailable(message: str, floor_seconds: float | None = None) -> TokenError:
    return TokenError("token_unavailable", message, _WAIT, retryable=True, floor_seconds=floor_seconds)


def _violation(message: str) -> TokenError:
    return TokenError(
        "contract_violation",
        message,
        "Check that TOKEN_URL names an OAuth 2.0 token endpoint.",
        retryable=False,
    )
