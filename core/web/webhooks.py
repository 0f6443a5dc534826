"""Completion webhooks in: checked from the outside inwards, stored, acknowledged; the worker asks the vendor later."""

import base64
import hashlib
import hmac
import logging
import re
from collections import Counter
from http import HTTPStatus
from typing import Final

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.auth import strict_json
from core.clock import Clock
from core.desk import Acceptance, Desk, VendorEvent
from core.settings import ConnectionSettings, webhook_key
from core.store.audit import AuditError

PATH: Final = "/webhooks/{connection}"
BODY_LIMIT: Final = 64 * 1024
HEADER_LIMIT: Final = 4 * 1024
TOLERANCE_SECONDS: Final = 300
RETRY_AFTER_SECONDS: Final = 5
# SQLite writes one at a time; more threads would only wait in each other's way.
_STORING_AT_ONCE: Final = 4

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_WEBHOOK_ID: Final = re.compile(r"[!-~]{1,256}", re.ASCII)
_VENDOR_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_STATUS_LENGTH: Final = 64
_SUBJECT_LENGTH: Final = 256

log = logging.getLogger(__name__)


class RefusedError(Exception):
    """What came in is not taken: the HTTP status to answer with, and the reason for the log (the sender gets none)."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Webhooks:
    """The ASGI endpoint of `POST /webhooks/{connection}` (Standard Webhooks; the event is that of contract 1.6).

    Answers 200 only for what is on disk, now or from before; 4xx for what sending again will not mend; 503 with
    Retry-After for what it will. `answers` counts the answers by connection (`-` for one that is not known)
    and status.
    """

    def __init__(
        self, desk: Desk, *, read_seconds: float = 10.0, store_seconds: float = 5.0, at_once: int = 256
    ) -> None:
        """`at_once` is high enough that a few slow senders do not keep the vendor out; each holds up to 64 KiB."""
        self.answers: Counter[tuple[str, int]] = Counter()
        self._desk = desk
        self._read_seconds = read_seconds
        self._store_seconds = store_seconds
        self._at_once = at_once
        self._handling = 0
        self._threads = anyio.CapacityLimiter(_STORING_AT_ONCE)

    def route(self) -> Route:
        # Without `methods`: Starlette would offer any other method to the routes after this one, and Streamlit's
        # answers every GET with its page.
        return Route(PATH, self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        name = request.path_params["connection"]
        connection = (await anyio.to_thread.run_sync(self._desk.connections)).get(name)
        known = "-" if connection is None else name
        self._handling += 1
        try:
            await self._take(request, known, connection)
            response: Response = JSONResponse({"acknowledged": True})
        except RefusedError as refusal:
            log.info("webhook refused", extra={"connection": known, "status": refusal.status, "why": refusal.why})
            response = _refusal(refusal.status)
        except ClientDisconnect:
            return
        finally:
            self._handling -= 1
        self.answers[known, response.status_code] += 1
        await response(scope, receive, send)

    async def _take(self, request: Request, name: str, connection: ConnectionSettings | None) -> None:
        if request.method != "POST":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "method")
        if connection is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "connection")
        if self._handling > self._at_once:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "too many at once")
        check_framing(request.headers)
        body = await self._read(request)
        webhook_id = authenticate(request.headers, body, connection, self._desk.clock)
        await self._store(name, read_event(webhook_id, body))

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        with anyio.move_on_after(self._read_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "longer than it said")
            return bytes(body)
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "too slow")

    async def _store(self, connection: str, event: VendorEvent) -> None:
        acceptance = None
        try:
            with anyio.move_on_after(self._store_seconds):
                # A thread that is still waiting for the database after that goes on by itself: should it store
                # the event after all, the sender's next try finds it there.
                acceptance = await anyio.to_thread.run_sync(
                    self._desk.accept_webhook, connection, event, abandon_on_cancel=True, limiter=self._threads
                )
        except AuditError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "holds what may not be recorded") from error
        except Exception as error:
            # Whatever it was, nothing was acknowledged: the sender comes again, and the log says why.
            log.exception("webhook not stored", extra={"connection": connection})
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "not stored") from error
        if acceptance is None:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "the database is busy")
        if acceptance is Acceptance.CONFLICT:
            log.warning("webhook conflict: an id came again with another body", extra={"connection": connection})
            raise RefusedError(HTTPStatus.CONFLICT, "the same id with another body")


def check_framing(headers: Headers) -> None:
    """Raise RefusedError unless the body is plain and says its length, of 64 KiB at the most.

    Both a length and a transfer encoding is how a request is smuggled past a proxy (RFC 9112, section 6.3).
    """
    length = headers.get("content-length")
    if "transfer-encoding" in headers and length is not None:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "two lengths")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compressed")
    if length is None:
        raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "no length")
    if not (length.isascii() and length.isdigit()):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "length")
    if len(length) > 12 or int(length) > BODY_LIMIT:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long")


def authenticate(headers: Headers, body: bytes, connection: ConnectionSettings, clock: Clock) -> str:
    """The webhook's id, if it is recent and signed with the connection's present or previous key.

    Computed here over the raw bytes: the `standardwebhooks` package raises four kinds of exception on hostile
    input, wants the body as text, and reads the time itself. Raises RefusedError.
    """
    webhook_id, timestamp, signatures = (
        _only(headers, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "webhook-id")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "timestamp")
    if abs(clock.now().timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "stale")
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    given = [signature.encode("latin-1") for signature in signatures.split(" ")]
    for secret in (connection.webhook_secret, connection.webhook_secret_previous):
        if secret is not None:
            mac = hmac.digest(webhook_key(secret.get_secret_value()), signed, "sha256")
            expected = b"v1," + base64.b64encode(mac)
            if any(hmac.compare_digest(expected, one) for one in given):
                return webhook_id
    raise RefusedError(HTTPStatus.UNAUTHORIZED, "signature")


def read_event(webhook_id: str, body: bytes) -> VendorEvent:
    """An authenticated body as the event it is; whatever else it holds is left aside. Raises RefusedError."""
    try:
        event = strict_json.parse(body)
    except strict_json.StrictJsonError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, error.code) from error
    if not isinstance(event, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "no object")
    request_id, status, subject = event.get("requestId"), event.get("status"), event.get("subjectId")
    if not isinstance(request_id, str) or not _VENDOR_ID.fullmatch(request_id):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "requestId")
    if not isinstance(status, str) or not 1 <= len(status) <= _STATUS_LENGTH or not status.isprintable():
        raise RefusedError(HTTPStatus.BAD_REQUEST, "status")
    if subject is not None and not (isinstance(subject, str) and 1 <= len(subject) <= _SUBJECT_LENGTH):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "subjectId")
    return VendorEvent(webhook_id, hashlib.sha256(body).hexdigest(), request_id, status, subject)


def _only(headers: Headers, name: str) -> str:
    """The one value of a header. Two would let sender and receiver mean different ones."""
    values = headers.getlist(name)
    if any(len(value) > HEADER_LIMIT for value in values) or len(values) > 1:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} too long, or twice")
    if not values:
        raise RefusedError(HTTPStatus.UNAUTHORIZED, f"no {name}")
    return values[0]


def _refusal(status: HTTPStatus) -> Response:
    headers = {"Connection": "close"}  # what is left of the body, or pretends to be its end, is not read
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "POST"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return JSONResponse({"error": status.phrase}, status, headers)
