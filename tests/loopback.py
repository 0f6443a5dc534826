"""A scripted HTTP server on loopback: each request gets the next step of its path's script, good or nasty."""

import functools
import json as json_module
import select
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Received:
    """A request as it came in; `headers` have lower-case names."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def json(self) -> Any:
        return json_module.loads(self.body)


@dataclass
class Line:
    """The open connection that a step may write to."""

    sock: socket.socket
    closing: threading.Event
    request: Received | None = None

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


# A step acts on the connection and says whether it may carry another request.
Step = Callable[[Line], bool]


def answer(
    status: int = 200,
    json: Any = None,
    *,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Step:
    """A whole, well-formed answer; JSON unless a body is given. A `Content-Type` among the headers wins."""
    content = json_module.dumps(json).encode() if body is None else body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(len(content))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return raw(f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode("latin-1") + content, keep=True)


def raw(data: bytes, *, keep: bool = False) -> Step:
    """Exactly these bytes, then the connection ends unless kept."""

    def step(line: Line) -> bool:
        line.send(data)
        return keep

    return step


def truncated(body: bytes = b'{"id": "half', *, status: int = 200, promised: int = 1000) -> Step:
    """A body shorter than its Content-Length."""
    head = f"HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nContent-Length: {promised}\r\n\r\n"
    return raw(head.encode() + body)


def bad_chunk(*, status: int = 200) -> Step:
    """A chunked body whose chunk size is no number."""
    head = f"HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return raw(head.encode() + b'4\r\n{"a"\r\nZZZ\r\n')


def drip(data: bytes = b"x" * 1000, *, every: float, head: bytes | None = None) -> Step:
    """A head at once, then one byte at a time; an empty head lets the status line itself drip."""
    start = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" if head is None else head
    )

    def step(line: Line) -> bool:
        line.send(start)
        for byte in data:
            if line.closing.wait(every):
                break
            line.send(bytes([byte]))
        return False

    return step


def gzip_bomb(mebibytes: int = 200) -> Step:
    """A small compressed body that inflates to that many MiB of spaces."""
    return answer(body=_bomb(mebibytes), headers={"Content-Encoding": "gzip"})


@functools.cache
def _bomb(mebibytes: int) -> bytes:
    deflater = zlib.compressobj(9, wbits=31)
    return b"".join(deflater.compress(b" " * 1048576) for _ in range(mebibytes)) + deflater.flush()


def drop_after_reading() -> Step:
    """The request is read, then the connection ends without a word."""
    return lambda _: False


def silence() -> Step:
    """The request is read and never answered."""

    def step(line: Line) -> bool:
        line.closing.wait()
        return False

    return step


@dataclass
class _Script:
    steps: Sequence[Step]
    used: int = 0

    def next(self) -> Step:
        step = self.steps[min(self.used, len(self.steps) - 1)]
        self.used += 1
        return step


@dataclass
class LoopbackServer:
    """Serves on 127.0.0.1 until closed; the last step of a script repeats for ever.

    `script` is one sequence for every path, or a mapping from path to sequence (any other path is a 404).
    `received` holds every request in order, `connections` counts them. The first `resets` connections are
    reset once a request has arrived, unread. `wrap` makes TLS, or anything else, of each accepted socket.
    """

    script: Sequence[Step] | Mapping[str, Sequence[Step]]
    resets: int = 0
    wrap: Callable[[socket.socket], socket.socket] = lambda sock: sock
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        by_path = self.script if isinstance(self.script, Mapping) else {"": self.script}
        self._scripts = {path: _Script(steps) for path, steps in by_path.items()}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, path: str) -> int:
        """How many requests have come in for a path."""
        with self._lock:
            return sum(request.path == path for request in self.received)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(sock)
                reset = self.connections <= self.resets
            self._start(self._reset if reset else self._serve, sock)

    def _reset(self, sock: socket.socket) -> None:
        select.select([sock], [], [], 5)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self._lock:
            self._open.discard(sock)
        sock.close()

    def _serve(self, sock: socket.socket) -> None:
        everywhere = self._scripts.get("")
        try:
            wrapped = self.wrap(sock)
            with wrapped, wrapped.makefile("rb") as stream, suppress(OSError):
                while request := _read_request(stream):
                    with self._lock:
                        self.received.append(request)
                        script = everywhere or self._scripts.get(request.path)
                        step = script.next() if script else answer(404, {"message": "not scripted"})
                    if not step(Line(wrapped, self._closing, request)):
                        break
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


def _read_request(stream: Any) -> Received | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Received(first[0], first[1], headers, body)
