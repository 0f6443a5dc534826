"""A vendor that posts webhooks over real sockets, byte by byte as a test wants them."""

import base64
import hmac
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

KEY = "whsec_" + "A" * 40
PREVIOUS_KEY = "whsec_" + "B" * 40
OTHER_KEY = "whsec_" + "C" * 40

Headers = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Answer:
    """What came back: status 0 and no headers where the connection ended without a word."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def event(**more: Any) -> bytes:
    """A completion event as contract 1.6 has it."""
    return json.dumps(
        {
            "requestId": "req-1",
            "subjectId": "USR-8847291",
            "status": "COMPLETED",
            "categories": ["CONTACT", "EMAIL"],
            "scope": "CONTACT",
            "durationMs": 1200,
            "recordsAffected": 14,
            **more,
        }
    ).encode()


def signed(body: bytes, now: datetime, *, webhook_id: str = "msg_1", key: str = KEY) -> dict[str, str | bytes]:
    """The three headers of Standard Webhooks, over any bytes."""
    timestamp = str(int(now.timestamp()))
    secret = base64.b64decode(key.removeprefix("whsec_"))
    mac = hmac.digest(secret, f"{webhook_id}.{timestamp}.".encode() + body, "sha256")
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def request(method: str, path: str, headers: Headers, body: bytes = b"", *, length: int | None = -1) -> bytes:
    """The bytes of a request. `length` is that of the body unless given; None leaves Content-Length out."""
    fields: dict[str, str | bytes] = {"Host": "desk.example.com", **headers}
    if length is not None:
        fields["Content-Length"] = str(len(body) if length == -1 else length)
    head = b"".join(
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode("latin-1")) + b"\r\n"
        for name, value in fields.items()
    )
    return f"{method} {path} HTTP/1.1\r\n".encode() + head + b"\r\n" + body


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=5)


def send(url: str, raw: bytes, *, then_end: bool = False) -> Answer:
    """Send bytes as they are and read until the connection ends or the answer is whole."""
    with connect(url) as sock:
        try:
            sock.sendall(raw)
            if then_end:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has answered already and does not want the rest
        return receive(sock)


def receive(sock: socket.socket) -> Answer:
    received = b""
    try:
        while chunk := sock.recv(65536):
            received += chunk
            answer = _parsed(received)
            if answer and len(answer.body) >= int(answer.headers.get("content-length", "1000000")):
                return answer
    except ConnectionError:
        pass  # reset after the answer: it did not read what was left
    return _parsed(received) or Answer(0, {}, b"")


def _parsed(received: bytes) -> Answer | None:
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    if status == 100:
        return _parsed(body)
    fields = (line.partition(":") for line in lines)
    return Answer(status, {name.lower(): value.strip() for name, _, value in fields}, body)
