"""One call at a simulated vendor, from arrival to answer: logged, given its faults, acted on in one transaction."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from core.clock import Clock, to_text
from core.sandbox import wire
from core.sandbox.address import Address
from core.sandbox.answers import Answer, RefusedError, refusal
from core.sandbox.database import transaction
from core.sandbox.dice import first_to_strike, strikes
from core.sandbox.faults import Connection, Faults
from core.sandbox.mangling import spoil_content

MAX_BODY = 1 << 20

_BEFORE = ("drop_before", "rate_limited", "error_500", "error_503", "expired_token")
_AFTER = ("drop_after", "wrong_json", "truncated", "oversized", "gzip_bomb", "slow_drip")


@dataclass
class Sandbox:
    """What every simulated vendor shares. The connection to the file belongs to the thread of the event loop."""

    db: sqlite3.Connection
    clock: Clock
    address: Address
    processing_seconds: float
    webhook_base: str | None
    in_flight: set[str] = field(default_factory=set)

    def faults(self, connection: str) -> Faults:
        row = self.db.execute("SELECT settings FROM faults WHERE connection = ?", (connection,)).fetchone()
        return Faults.model_validate_json(row["settings"]) if row else Faults()


@dataclass(frozen=True)
class Call:
    """One HTTP request as a handler sees it."""

    seq: int
    now: datetime
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key")


Handler = Callable[[Sandbox, Call], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One operation of one vendor.

    `name` is what the attempts log calls it, `is_token` marks a token endpoint, and `is_keyed` an operation
    that honours `Idempotency-Key`.
    """

    connection: Connection
    name: str
    handler: Handler
    is_token: bool = False
    is_keyed: bool = False


@dataclass(frozen=True)
class _Arrival:
    call: Call
    faults: Faults
    struck: tuple[str, ...]
    ending: str | None


def endpoint(sandbox: Sandbox, route: Route) -> Endpoint:
    """The Starlette endpoint of a route.

    The arrival is one write transaction (log, dice), the handler and its answer are another: whatever the
    process dies of, an answer that left had its effect committed, and an effect is never there by half.
    """

    async def handle(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return wire.Dropped()
        arrival = _arrive(sandbox, route, request, body)
        claim = arrival.call.idempotency_key if route.is_keyed else None
        if claim in sandbox.in_flight:
            # draft-ietf-httpapi-idempotency-key-header, section 2.6: a concurrent retry.
            busy = RefusedError(409, "conflict", "The first request with this Idempotency-Key is still in flight")
            return _out(sandbox, arrival, refusal(route.connection, busy))
        if claim:
            sandbox.in_flight.add(claim)
        try:
            if "latency" in arrival.struck:
                await asyncio.sleep(arrival.faults.latency_ms / 1000)
            return _answer(sandbox, route, arrival)
        finally:
            if claim:
                sandbox.in_flight.discard(claim)

    return handle


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part[: MAX_BODY + 1 - len(body)]
    return bytes(body)


def _arrive(sandbox: Sandbox, route: Route, request: Request, body: bytes) -> _Arrival:
    db, now = sandbox.db, sandbox.clock.now()
    with transaction(db):
        faults = sandbox.faults(route.connection)
        struck: list[str] = []
        ending = None
        wanted = {"api": not route.is_token, "token": route.is_token, "both": True}[faults.applies_to]
        if not route.is_token and _over_limit(db, route.connection, now, faults):
            ending = "limit_per_minute"
        elif wanted:
            if strikes(db, route.connection, faults, "latency"):
                struck.append("latency")
            kinds = [
                kind
                for kind in _BEFORE + _AFTER
                if kind != "expired_token" or not (route.is_token or route.connection == "vault")
            ]
            ending = first_to_strike(db, route.connection, faults, kinds)
        if ending:
            struck.append(ending)
        headers = request.headers
        seq = db.execute(
            "INSERT INTO attempts (at, connection, route, path, idempotency_key, body_sha256, faults)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                to_text(now),
                route.connection,
                route.name,
                request.url.path,
                headers.get("idempotency-key"),
                hashlib.sha256(body).hexdigest(),
                json.dumps(struck),
            ),
        ).lastrowid
    call = Call(seq or 0, now, request.path_params, request.query_params, headers, body)
    return _Arrival(call, faults, tuple(struck), ending)


def _over_limit(db: sqlite3.Connection, connection: str, now: datetime, faults: Faults) -> bool:
    row = db.execute(
        "INSERT INTO minutes VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1 RETURNING requests",
        (connection, to_text(now)[:16]),
    ).fetchone()
    return bool(faults.limit_per_minute) and row["requests"] > faults.limit_per_minute


def _answer(sandbox: Sandbox, route: Route, arrival: _Arrival) -> Response:
    error = _fault_error(arrival)
    if arrival.ending == "drop_before":
        return wire.Dropped()
    if error and not (arrival.faults.act_before_error and error.status >= 500):
        return _out(sandbox, arrival, refusal(route.connection, error))
    with transaction(sandbox.db):
        try:
            if len(arrival.call.body) > MAX_BODY:
                raise RefusedError(413, "too_large", "The body is larger than 1 MiB")  # noqa: TRY301 - one way out
            answer = route.handler(sandbox, arrival.call)
        except RefusedError as no:
            answer = refusal(route.connection, no)
        acted = answer.acted
        answer, spoiled = spoil_content(sandbox.db, route.connection, arrival.faults, answer)
        if error:
            answer = refusal(route.connection, error)
        _log_answer(sandbox, arrival, answer.status, spoiled, acted=acted)
    return wire.response(answer, arrival.ending, arrival.faults, sandbox.clock.now())


def _fault_error(arrival: _Arrival) -> RefusedError | None:
    now = arrival.call.now
    match arrival.ending:
        case "rate_limited":
            return RefusedError(429, "too_many_requests", "Too many requests", wire.retry_after(arrival.faults, now))
        case "limit_per_minute":
            minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
            left = {"retry-after": str(max(1, round((minute - now).total_seconds())))}
            return RefusedError(429, "too_many_requests", "The limit of this minute is used up", left)
        case "error_500":
            return RefusedError(500, "internal_error", "Something went wrong on our side")
        case "error_503":
            return RefusedError(503, "service_unavailable", "The service is not available at the moment")
        case "expired_token":
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            return RefusedError(401, "invalid_token", "The access token has expired", challenge)
        case _:
            return None


def _out(sandbox: Sandbox, arrival: _Arrival, answer: Answer) -> Response:
    with transaction(sandbox.db):
        _log_answer(sandbox, arrival, answer.status, [], acted=False)
    return wire.response(answer, None, arrival.faults, sandbox.clock.now())


def _log_answer(sandbox: Sandbox, arrival: _Arrival, status: int, spoiled: list[str], *, acted: bool) -> None:
    sandbox.db.execute(
        "UPDATE attempts SET status = ?, faults = ?, acted = ? WHERE seq = ?",
        (status, json.dumps([*arrival.struck, *spoiled]), int(acted), arrival.call.seq),
    )
