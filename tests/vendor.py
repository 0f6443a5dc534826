"""A second vendor that speaks contract section 1, written apart from the sandbox: nothing may know the difference."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Vendor:
    """Counts how often each idempotency key was carried out; `on_submit` and `on_submitted` let a test interfere.

    Both are called with the number of the submission, before and after it is carried out, and may return True
    to close the connection without an answer, or an HTTP status to answer with instead.
    """

    def __init__(self, *, keyed: bool = True) -> None:
        self.keyed = keyed
        self.ids: dict[str, str] = {}
        self.carried_out: Counter[str] = Counter()
        self.bodies: dict[str, dict[str, Any]] = {}
        self.submissions = 0
        self.tokens = 0
        self.token_status = 200
        self.calls: Counter[str] = Counter()
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self.default_status: list[dict[str, Any]] = [
            {
                "status": "COMPLETED",
                "recordsAffected": 14,
                "durationMs": 1200,
                "cascade": [{"entity": "CONVERSATION", "records": 12}, {"entity": "SURVEY", "records": 2}],
            }
        ]
        self.on_submit: Callable[[int], bool | int] = lambda number: False
        self.on_submitted: Callable[[int], bool | int] = lambda number: False
        self.make_id: Callable[[int], str] = lambda number: f"req-{number}"
        self._lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                vendor.calls[f"POST {self.path}"] += 1
                if self.path == "/oauth/token":
                    vendor.tokens += 1
                    if vendor.token_status != 200:
                        self.answer(vendor.token_status, {"error": "access_denied"})
                        return
                    self.answer(200, {"access_token": f"made-up-{vendor.tokens}", "expires_in": 3600})
                elif self.path == "/api/v2/privacy/requests":
                    self.submit(json.loads(body))
                else:
                    self.answer(404, {"message": "no such path"})

            def submit(self, payload: dict[str, Any]) -> None:
                with vendor._lock:
                    vendor.submissions += 1
                    number = vendor.submissions
                if self.interfered(vendor.on_submit(number)):
                    return
                key = self.headers.get("Idempotency-Key") if vendor.keyed else None
                with vendor._lock:
                    known = vendor.ids.get(key) if key else None
                    if known is None:
                        known = vendor.make_id(len(vendor.bodies) + 1)
                        vendor.bodies[known] = payload
                        vendor.carried_out[payload["subjectId"]] += 1
                        if key:
                            vendor.ids[key] = known
                if self.interfered(vendor.on_submitted(number)):
                    return
                self.answer(202, {"id": known, "status": "PROCESSING"})

            def do_GET(self) -> None:
                vendor_id = self.path.rpartition("/")[2]
                vendor.calls["GET"] += 1
                payload = vendor.bodies.get(vendor_id)
                if payload is None:
                    self.answer(404, {"message": "not found"})
                    return
                script = vendor.statuses.setdefault(vendor_id, list(vendor.default_status))
                now = script.pop(0) if len(script) > 1 else script[0]
                self.answer(200, {"id": vendor_id, "subjectId": payload["subjectId"], **now})

            def interfered(self, with_: bool | int) -> bool:
                if with_ is True:
                    self.close_connection = True
                    self.connection.close()
                elif with_:
                    self.answer(int(with_), {"message": "as the test wishes"})
                return with_ is not False

            def answer(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                """A client that went away is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
