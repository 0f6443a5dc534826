"""A vendor over real HTTP that keeps a limit twice over: in any 60 seconds, and in each of its clock's minutes."""

import json
import threading
import time
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class RatedVendor:
    """Counts what arrives and answers 429 over the limit; `delay_seconds` is how long each answer takes.

    With `down` it answers 503 to everything, or with `silent` nothing at all until the client gives up.
    """

    def __init__(
        self, limit: int = 600, *, delay_seconds: float = 0.0, down: bool = False, silent: bool = False
    ) -> None:
        self.limit = limit
        self.arrivals: list[float] = []
        self.kinds: Counter[str] = Counter()
        self.refused = 0
        self.answered: Counter[str] = Counter()
        self._window: deque[float] = deque()
        self._minutes: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/oauth/token":
                    self.answer(200, {"access_token": "made-up", "expires_in": 3600})
                elif self.passes("POST"):
                    subject = json.loads(body)["subjectId"]
                    with vendor._lock:
                        vendor.answered[subject] += 1
                    self.answer(202, {"id": f"v-{subject}", "status": "PROCESSING"})

            def do_GET(self) -> None:
                if self.passes("GET"):
                    self.answer(200, {"id": self.path.rpartition("/")[2], "status": "PROCESSING"})

            def passes(self, kind: str) -> bool:
                allowed = vendor.count(kind)
                if silent:
                    vendor._leaving.wait(30)
                    self.close_connection = True
                    return False
                if delay_seconds:
                    time.sleep(delay_seconds)
                if down:
                    self.answer(503, {})
                elif not allowed:
                    self.answer(429, {})
                return allowed and not down

            def answer(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                head = (
                    f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                )
                self.wfile.write(head.encode() + content)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that went away."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self, kind: str) -> bool:
        """Note an arrival; whether both limits let it pass."""
        at = time.monotonic()
        with self._lock:
            self.arrivals.append(at)
            self.kinds[kind] += 1
            while self._window and self._window[0] <= at - 60:
                self._window.popleft()
            self._window.append(at)
            minute = int(time.time() // 60)
            self._minutes[minute] += 1
            passes = len(self._window) <= self.limit and self._minutes[minute] <= self.limit
            self.refused += not passes
        return passes

    def arrived_between(self, first: float, last: float) -> int:
        with self._lock:
            return sum(first <= at < last for at in self.arrivals)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
