"""One bounded, recorded call to a vendor and the verdict on what follows; it never raises and never sleeps."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import urlencode, urlsplit

from core.auth.strict_json import StrictJsonError, is_json_type, parse
from core.auth.tokens import Token, TokenError, TokenSource, client_advice
from core.auth.transport import Failure, Reply, Transport
from core.clients.explanations import explain_failure, explain_status, vendor_text
from core.clients.outcomes import BreakerEffect, Decision, Outcome, Sending, Verdict
from core.clients.redaction import Redactor
from core.clients.retry_table import outcome_of, retry_after_seconds, verdict
from core.clock import Clock
from core.model.privacy_requests import TaskError
from core.settings import ConnectionSettings, NoticeSettings, VaultSettings

USER_AGENT = "privacy-desk"
RENEWED = "The vendor refused the token (HTTP 401); sent again with a new one."

_VENDOR_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def vendor_id(value: object) -> str | None:
    """A vendor's id as text that may enter a URL, or None. `.` and `..` would climb in the path, so they may not."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _VENDOR_ID.fullmatch(text) or text in {".", ".."}:
        return None
    return text


def json_body(value: Mapping[str, Any]) -> bytes:
    """The bytes that a `Call` with this JSON puts on the wire, for whoever has to sign them."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Call:
    """What to send. `mask` maps each value that must not be recorded to what stands in its place.

    With `expects="nothing"` any 2xx is a success and its body is ignored.
    """

    method: str
    url: str
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    params: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sending: Sending = Sending.REPEATABLE
    mask: Mapping[str, str] = field(default_factory=dict, repr=False)
    expects: Literal["json", "nothing"] = "json"

    @property
    def full_url(self) -> str:
        return f"{self.url}?{urlencode(self.params, doseq=True)}" if self.params else self.url


def headers_of(call: Call) -> dict[str, str]:
    """The headers that a call goes out with, but for its token; for a preview as well."""
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
    if call.json is not None:
        headers["Content-Type"] = "application/json"
    return headers | dict(call.headers)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as they are kept: masked, bodies cut. `why` tells why it was sent again."""

    at: datetime
    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str | None
    status: int | None
    response_headers: dict[str, str]
    response_body: str | None
    elapsed_ms: int
    why: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a call: `body` is the vendor's JSON unmasked, `error` is set for every non-success."""

    verdict: Verdict
    status: int | None
    body: dict[str, Any] | list[Any] | None = field(repr=False)
    error: TaskError | None
    exchanges: tuple[Exchange, ...]
    elapsed_ms: int

    @property
    def ok(self) -> bool:
        return self.verdict.decision is Decision.SUCCESS


def contract_violation(answer: Answer, sending: Sending, message: str, advice: str = "") -> Answer:
    """The answer, judged anew: a 2xx whose content breaks the contract."""
    judged = verdict(Outcome.CONTRACT_VIOLATION, sending)
    return replace(answer, verdict=judged, error=TaskError("contract_violation", message, advice))


class VendorHttp:
    """Calls to one connection. Threads may share it: connections are pooled and nothing else is kept.

    Each round trip has the connection's whole timeout to itself; a call makes at most two, and as many to the
    token server, so it ends within four timeouts.
    """

    def __init__(
        self,
        connection: ConnectionSettings | VaultSettings | NoticeSettings,
        tokens: TokenSource | None,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._tokens = tokens
        self._clock = clock
        self._transport = Transport(clock, timeout_seconds=connection.timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def call(self, call: Call, *, advice: Mapping[int, str] | None = None) -> Answer:
        """One attempt; after a 401 the token is renewed once and the request repeated once.

        `advice` replaces, by HTTP status, what a person is told to do. Waiting for the next attempt is the
        caller's: a row with a due time.
        """
        if self._tokens is None:
            return self._attempt(call, None, advice or {})
        if not self._is_ours(call.url):
            return _elsewhere()
        try:
            token = self._tokens.get()
        except TokenError as error:
            return _without_token(error, ())
        first = self._attempt(call, token, advice or {})
        if first.verdict.decision is not Decision.REFRESH_TOKEN:
            return first
        try:
            token = self._tokens.refresh(token)
        except TokenError as error:
            return replace(_without_token(error, first.exchanges), elapsed_ms=first.elapsed_ms)
        second = _settled(self._attempt(call, token, advice or {}, why=RENEWED))
        return replace(
            second,
            exchanges=first.exchanges + second.exchanges,
            elapsed_ms=first.elapsed_ms + second.elapsed_ms,
        )

    def _is_ours(self, url: str) -> bool:
        """Whether a URL is at the connection's own origin; the token goes nowhere else."""
        base = self._connection.base_url if isinstance(self._connection, ConnectionSettings) else ""
        return urlsplit(url)[:2] == urlsplit(base)[:2]

    def _attempt(self, call: Call, token: Token | None, advice: Mapping[int, str], why: str = "") -> Answer:
        body = None if call.json is None else json_body(call.json)
        headers = headers_of(call)
        secrets: list[str] = []
        if token:
            secrets = [token.value.get_secret_value(), self._client_secret()]
            headers["Authorization"] = f"Bearer {secrets[0]}"
        redactor = Redactor(call.mask, secrets)
        at = self._clock.now()
        reply = self._transport.send(
            call.method, call.full_url, headers=headers, body=body, fresh=call.sending is Sending.UNKEYED
        )
        exchange = Exchange(
            at=at,
            method=call.method,
            url=redactor.text(call.full_url),
            request_headers=redactor.headers(headers),
            request_body=redactor.body(body),
            status=reply.status,
            response_headers=redactor.headers(reply.headers),
            response_body=redactor.body(reply.body),
            elapsed_ms=reply.elapsed_ms,
            why=why,
        )
        outcome, content = _read(call, reply)
        judged = verdict(outcome, call.sending, self._floor(reply))
        error = self._explain(outcome, judged.decision, reply, redactor, advice)
        answer = Answer(judged, reply.status, content, error, (exchange,), reply.elapsed_ms)
        return answer if token else _settled(answer)

    def _client_secret(self) -> str:
        connection = self._connection
        return connection.client_secret.get_secret_value() if isinstance(connection, ConnectionSettings) else ""

    def _floor(self, reply: Reply) -> float | None:
        if reply.status is None or 200 <= reply.status < 300:
            return None
        return retry_after_seconds(
            reply.headers.get("Retry-After"), now=self._clock.now(), server_date=reply.headers.get("Date")
        )

    def _explain(
        self,
        outcome: Outcome,
        decision: Decision,
        reply: Reply,
        redactor: Redactor,
        advice: Mapping[int, str],
    ) -> TaskError | None:
        if outcome is Outcome.ANSWERED:
            return None
        if reply.status is None or 200 <= reply.status < 300:
            timed_out = reply.failure is Failure.TIMED_OUT
            return explain_failure(outcome, decision, reply, timed_out=timed_out)
        authorise = "Check the address and the secret."
        if isinstance(self._connection, ConnectionSettings):
            authorise = client_advice(self._connection)
        said = vendor_text(reply, redactor)
        return explain_status(reply.status, decision, said, authorise=authorise, advice=advice)


def _read(call: Call, reply: Reply) -> tuple[Outcome, dict[str, Any] | list[Any] | None]:
    """The row of the retry table, and the body where it is JSON (a refusal's too: a 409 can name an id)."""
    if reply.status is None:
        known = {Failure.NOT_SENT: Outcome.NOT_SENT, Failure.TOO_LARGE: Outcome.TOO_LARGE}
        return known.get(reply.failure or Failure.INTERRUPTED, Outcome.INTERRUPTED), None
    outcome = outcome_of(reply.status)
    if outcome is Outcome.ANSWERED and call.expects == "nothing":
        return outcome, None
    unusable, content = _content(reply)
    if outcome is Outcome.ANSWERED and unusable and not (reply.status in {204, 205} and not reply.body):
        return unusable, None
    return outcome, content


def _content(reply: Reply) -> tuple[Outcome | None, dict[str, Any] | list[Any] | None]:
    """The JSON of a reply, or why it has none of use."""
    if reply.failure is Failure.TOO_LARGE:
        return Outcome.TOO_LARGE, None
    if reply.failure in {Failure.TIMED_OUT, Failure.INTERRUPTED}:
        return Outcome.INTERRUPTED, None
    if reply.failure or not is_json_type(reply.headers.get("Content-Type")):
        return Outcome.NOT_JSON, None
    try:
        content = parse(reply.body)
    except StrictJsonError as error:
        return (Outcome.NOT_JSON if error.code == "not_json" else Outcome.CONTRACT_VIOLATION), None
    if not isinstance(content, dict | list):
        return Outcome.CONTRACT_VIOLATION, None
    return None, content


def _settled(answer: Answer) -> Answer:
    """A 401 that no token can mend is permanent."""
    if answer.verdict.decision is not Decision.REFRESH_TOKEN:
        return answer
    return replace(answer, verdict=Verdict(Decision.PERMANENT, BreakerEffect.NEUTRAL))


def _without_token(error: TokenError, exchanges: tuple[Exchange, ...]) -> Answer:
    """No token, so nothing was sent, or what was sent had been refused with a 401: a repeat does no harm."""
    if error.retryable:
        breaker = BreakerEffect.NEUTRAL if error.code == "rate_limited" else BreakerEffect.FAILURE
        judged = Verdict(Decision.RETRY, breaker, error.floor_seconds)
    else:
        judged = Verdict(Decision.PERMANENT, BreakerEffect.NEUTRAL)
    return Answer(judged, None, None, TaskError(error.code, error.message, error.advice), exchanges, 0)


def _elsewhere() -> Answer:
    judged = Verdict(Decision.PERMANENT, BreakerEffect.NEUTRAL)
    message = "The address is not the connection's own; nothing was sent."
    error = TaskError("contract_violation", message, "Check BASE_URL of the connection.")
    return Answer(judged, None, None, error, (), 0)
