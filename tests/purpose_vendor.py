"""A second vendor that speaks contract section 2, written apart from the sandbox: nothing may know the difference."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PATH = "/api/v2/privacy/purposes"


def purpose(number: int, **changes: Any) -> dict[str, Any]:
    """A purpose as this vendor keeps it."""
    return {
        "id": f"p-{number:04d}",
        "name": f"Purpose {number:04d}",
        "description": f"What purpose {number} is for",
        "retentionPeriod": "90d",
        "legalBasis": "contract",
        "isActive": True,
        "diversionIds": [],
        "createdDate": "2026-01-01T00:00:00Z",
        "modifiedDate": "2026-01-01T00:00:00Z",
        **changes,
    }


class PurposeVendor:
    """Keeps purposes in a list that a test may change at any time, and counts what it is asked.

    `on_list` and `on_put` are called with the number of the call (from 1) before it is answered. They may return an
    HTTP status, or (status, headers), to answer with instead, or True to close the connection; `after_put` likewise,
    when the change has been made. `on_page` may change what a page's answer says. `keeps` decides what a PUT leaves.
    """

    def __init__(self, purposes: list[dict[str, Any]], *, size: str = "pageSize", number: str = "pageNumber") -> None:
        self.purposes = purposes
        self.lists = 0
        self.puts = 0
        self.carried_out: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.tokens = 0
        self.on_list: Callable[[int], Any] = lambda number: None
        self.on_put: Callable[[int], Any] = lambda number: None
        self.after_put: Callable[[int], Any] = lambda number: None
        self.on_page: Callable[[int, dict[str, Any]], dict[str, Any]] = lambda number, body: body
        self.keeps: Callable[[dict[str, Any], dict[str, Any]], Mapping[str, Any]] = lambda before, sent: sent
        self._lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                vendor.tokens += 1
                self.answer(200, {"access_token": f"made-up-{vendor.tokens}", "expires_in": 3600})

            def do_GET(self) -> None:
                with vendor._lock:
                    vendor.lists += 1
                    call = vendor.lists
                if self.interfered(vendor.on_list(call)):
                    return
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if parts.path != PATH or set(query) != {size, number}:
                    self.answer(400, {"message": f"Only {PATH} with {size} and {number}"})
                    return
                per_page, page = int(query[size]), int(query[number])
                with vendor._lock:
                    there = deepcopy(vendor.purposes)
                body = {
                    "entities": there[(page - 1) * per_page : page * per_page],
                    "pageNumber": page,
                    "pageCount": -(-len(there) // per_page),
                    "total": len(there),
                }
                self.answer(200, vendor.on_page(call, body))

            def do_PUT(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with vendor._lock:
                    vendor.puts += 1
                    call = vendor.puts
                    vendor.bodies.append(sent)
                    vendor.headers.append(dict(self.headers.items()))
                if self.interfered(vendor.on_put(call)):
                    return
                with vendor._lock:
                    found = next((p for p in vendor.purposes if f"{PATH}/{p['id']}" == self.path), None)
                    if found is not None:
                        found.update(vendor.keeps(dict(found), sent))
                        vendor.carried_out[found["name"]] += 1
                if self.interfered(vendor.after_put(call)):
                    return
                self.answer(200 if found else 404, deepcopy(found) if found else {"message": "no such purpose"})

            def interfered(self, with_: Any) -> bool:
                if with_ is None:
                    return False
                if with_ is True:
                    self.close_connection = True
                    self.connection.close()
                    return True
                status, headers = with_ if isinstance(with_, tuple) else (with_, {})
                self.answer(status, {"message": "as the test wishes"}, headers)
                return True

            def answer(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that went away is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def live(self, name: str) -> dict[str, Any]:
        return next(p for p in self.purposes if p["name"] == name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
