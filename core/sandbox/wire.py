"""How an answer leaves the socket: whole, or cut, dripped or dropped, which takes the transport itself."""

import asyncio
import socket
import struct
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from core.sandbox.answers import Answer
from core.sandbox.faults import Faults
from core.sandbox.mangling import gzip_bomb, oversized, proper_json, wrong_json

_TRANSPORT = "sandbox.transport"


class TransportProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol that lets the application reach the connection it answers on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope[_TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Dropped(Response):
    """No answer at all: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the ASGI signature
        transport: asyncio.Transport = scope[_TRANSPORT]
        if not transport.is_closing():
            # A linger time of 0 turns the close into a TCP reset.
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        await _until_gone(receive)


class Truncated(Response):
    """Half of the body that Content-Length promises, then the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        transport: asyncio.Transport = scope[_TRANSPORT]
        transport.close()
        await _until_gone(receive)


class Dripped(Response):
    """The body one byte at a time, as long as somebody listens."""

    def __init__(self, body: bytes, status: int, pause_seconds: float) -> None:
        super().__init__(body, status)
        self.pause_seconds = pause_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the ASGI signature
        transport: asyncio.Transport = scope[_TRANSPORT]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for byte in bytes(self.body):
            if transport.is_closing():
                return
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await asyncio.sleep(self.pause_seconds)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def response(answer: Answer, ending: str | None, faults: Faults, now: datetime) -> Response:
    """The answer as the fault `ending` lets it out; None lets it out whole."""
    if ending in {"drop_before", "drop_after"}:
        return Dropped()
    body, content_type = proper_json(answer.body), "application/json"
    built: Response
    if ending == "truncated":
        built = Truncated(body, answer.status)
    elif ending == "slow_drip":
        built = Dripped(body, answer.status, faults.slow_drip_ms / 1000)
    else:
        if ending == "wrong_json":
            body, content_type = wrong_json(answer.body, faults.wrong_json_kind)
        elif ending == "oversized":
            body = oversized(answer.body)
        elif ending == "gzip_bomb":
            body = gzip_bomb(answer.body)
        # "HTML with 200" stands for a proxy in the way: it says 200 whatever the vendor said.
        status = 200 if content_type.startswith("text/html") else answer.status
        built = Response(body, status)
    built.raw_headers += [
        (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in answer.headers.items()
    ]
    built.raw_headers.append((b"content-type", content_type.encode()))
    if ending == "gzip_bomb":
        built.raw_headers.append((b"content-encoding", b"gzip"))
    # The sandbox's clock, not the server library's: a client that corrects for skew must see one time.
    built.raw_headers.append((b"date", format_datetime(now, usegmt=True).encode()))
    return built


def retry_after(faults: Faults, now: datetime) -> dict[str, str | bytes]:
    """The Retry-After header of a 429, in the form that was asked for."""
    seconds = faults.retry_after_seconds
    value = {
        "seconds": str(round(seconds)),
        "fraction": f"{seconds:.1f}" if seconds % 1 else f"{seconds + 0.5:.1f}",
        "http_date": format_datetime(now + timedelta(seconds=seconds), usegmt=True),
        "past_date": format_datetime(now - timedelta(hours=1), usegmt=True),
        "year_9999": "Fri, 31 Dec 9999 23:59:59 GMT",
        "huge": "9999999999",
        "negative": "-1",
        "nan": "NaN",
        "text": "abc",
        "empty": "",
        "list": "120, 60",
        "zero": "0",
        "non_latin1": "١٢٠".encode(),
        "absent": None,
    }[faults.retry_after]
    return {} if value is None else {"retry-after": value}
