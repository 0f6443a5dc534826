"""One HTTP exchange within bounds: a wall-clock deadline, a size cap, no redirect, no environment, no retry."""

import http.client
import io
import ipaddress
import logging
import queue
import socket
import threading
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from core.clock import Clock

MAX_BODY_BYTES = 1024 * 1024
_PART_BYTES = 64 * 1024
# A connection that has been quiet for longer is not used again: address translators on the way forget
# idle connections without telling, and a POST into one looks exactly like an outcome that is unknown.
IDLE_SECONDS = 20.0

# urllib3 writes paths and queries to its log, at DEBUG and at WARNING. Here they can hold a person's
# identifier, so it writes nothing whatever level the process asks for; the recorded exchange tells more.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


class Stage(StrEnum):
    """How far an exchange came. Before SEND, not one byte of the request had left."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    READ = "read"


class Failure(StrEnum):
    """Why there is no whole answer."""

    NOT_SENT = "not_sent"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    TOO_LARGE = "too_large"
    ENCODED = "encoded"


@dataclass(frozen=True)
class Reply:
    """What came back: `status` once a status line did, `body` only when whole and decoded, else `failure`."""

    status: int | None
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    failure: Failure | None
    stage: Stage
    elapsed_ms: int


@dataclass
class _Passage:
    """The exchange a thread is in the middle of; every socket operation gets what is left of its time."""

    clock: Clock
    deadline: float
    wire_bytes_left: int
    fresh: bool
    stage: Stage = Stage.RESOLVE
    failure: Failure | None = None

    def remaining(self) -> float:
        left = self.deadline - self.clock.monotonic()
        if left <= 0:
            self.failure = Failure.TIMED_OUT
            raise TimeoutError("The deadline of the exchange has passed")
        return left


_passage: ContextVar[_Passage] = ContextVar("passage")


class _BoundedReader(io.RawIOBase):
    """Reads a socket under one deadline; `requests` alone would start its timeout anew at each byte."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        passage = _passage.get()
        passage.stage = Stage.READ
        self._sock.settimeout(passage.remaining())
        try:
            count: int = self._raw.readinto(buffer) or 0
        except TimeoutError:
            passage.failure = Failure.TIMED_OUT
            raise
        passage.wire_bytes_left -= count
        if passage.wire_bytes_left < 0:
            passage.failure = Failure.TOO_LARGE
            raise OSError("The answer is larger than the cap")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        # The socket's own file object is kept inside: it is what holds the socket open until the body is read.
        self.fp: io.BufferedReader = io.BufferedReader(_BoundedReader(sock, self.fp.detach()))


class _Bounded(HTTPConnection):
    """A connection that obeys the passage at each step: look-up, connect, TLS, send, read."""

    response_class = _BoundedResponse
    _last_sent = 0.0

    def _new_conn(self) -> socket.socket:
        passage = _passage.get()
        passage.stage = Stage.RESOLVE
        addresses = _resolve(self._dns_host.strip("[]"), self.port, passage.remaining())
        passage.stage = Stage.CONNECT
        failed: OSError = OSError("The host has no address")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(passage.remaining() / (len(addresses) - tried))
                sock.connect(address)
                sock.settimeout(passage.remaining())  # bounds the whole TLS handshake too
            except OSError as error:
                sock.close()
                failed = error
            else:
                passage.stage = Stage.TLS
                return sock
        # Not the bare error: urllib3 passes over a reset in the middle of a request, taking it for one while
        # sending, and would go on to read from a connection that was never made.
        raise NewConnectionError(self, "No address of the host accepts a connection") from failed

    def send(self, data: Any) -> None:
        passage = _passage.get()
        if self.sock is None:
            self.connect()
        self._last_sent = passage.clock.monotonic()
        self.sock.settimeout(passage.remaining())
        passage.stage = Stage.SEND
        try:
            super().send(data)
        except TimeoutError:
            passage.failure = Failure.TIMED_OUT
            raise

    @property
    def is_connected(self) -> bool:
        """Whether the pool may use this connection again."""
        passage = _passage.get()
        idle = passage.clock.monotonic() - self._last_sent
        return super().is_connected and not passage.fresh and idle < IDLE_SECONDS


class _BoundedTls(_Bounded, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


def _resolve(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """The addresses of a host. The system's look-up has no time limit of its own, so it runs on the side."""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return list(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    found: queue.SimpleQueue[list[tuple[Any, ...]] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            found.put(OSError(str(error)))

    threading.Thread(target=look_up, daemon=True, name="look-up").start()
    try:
        result = found.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("The look-up took too long") from None
    if isinstance(result, OSError):
        raise result
    return result


class Transport:
    """Sends exchanges over pooled connections; any number of threads may share one.

    It stands on the adapter of `requests` rather than on its `Session`: a session keeps cookies, reads the
    environment (proxies, netrc) and, told not to follow a redirect, still reads the redirect's whole body
    without any cap to work out where it would have gone.
    """

    def __init__(
        self, clock: Clock, *, timeout_seconds: float, max_body_bytes: int = MAX_BODY_BYTES, pool_size: int = 32
    ) -> None:
        self._clock = clock
        self._timeout = timeout_seconds
        self._max_body = max_body_bytes
        self._adapter = HTTPAdapter(pool_connections=4, pool_maxsize=pool_size, max_retries=0)
        self._adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def close(self) -> None:
        self._adapter.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        fresh: bool = False,
    ) -> Reply:
        """One exchange, whole or failed within the timeout; never raises for what a network or a server does.

        `fresh` keeps it off connections used before, for a request that must not be sent twice: the server
        may close an idle one just as the request goes out.
        """
        started = self._clock.monotonic()
        passage = _Passage(self._clock, started + self._timeout, 2 * self._max_body + 64 * 1024, fresh)
        status: int | None = None
        answered: Mapping[str, str] = {}
        content = b""
        entered = _passage.set(passage)
        try:
            prepared = requests.Request(method, url, headers=dict(headers), data=body).prepare()
            response = self._adapter.send(prepared, stream=True, timeout=self._timeout, verify=True, proxies={})
            with closing(response):
                status, answered = response.status_code, response.headers
                raw = bytearray()
                # One read returns a body cut short as if it were whole; only the next, empty one tells.
                while len(raw) <= self._max_body and (part := response.raw.read(_PART_BYTES, decode_content=False)):
                    raw += part
            content = self._decoded(bytes(raw), answered.get("Content-Encoding", ""), passage)
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ):
            if passage.stage in {Stage.RESOLVE, Stage.CONNECT, Stage.TLS}:
                passage.failure = Failure.NOT_SENT
            passage.failure = passage.failure or Failure.INTERRUPTED
        finally:
            _passage.reset(entered)
        elapsed = round((self._clock.monotonic() - started) * 1000)
        return Reply(status, answered, content, passage.failure, passage.stage, elapsed)

    def _decoded(self, raw: bytes, encoding: str, passage: _Passage) -> bytes:
        encoding = encoding.strip().lower()
        if encoding in {"gzip", "x-gzip"} and raw and len(raw) <= self._max_body:
            inflater = zlib.decompressobj(wbits=31)
            try:
                raw = inflater.decompress(raw, self._max_body + 1)
            except zlib.error as error:
                raise ValueError("The compressed body is damaged") from error
            if len(raw) <= self._max_body and not inflater.eof:
                raise ValueError("The compressed body ends early")
        elif encoding not in {"", "identity", "gzip", "x-gzip"}:
            passage.failure = Failure.ENCODED
            return b""
        if len(raw) > self._max_body:
            passage.failure = Failure.TOO_LARGE
            return b""
        return raw
