"""A sandbox on a real socket in a thread of the test, and the few calls that tests make of it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import requests

from core.sandbox.address import Address, read_address
from core.sandbox.faults import Connection, Faults, write_faults
from core.sandbox.server import SandboxServer
from tests.clocks import ManualClock

# Starts a sandbox as a child process.


def eventually(condition: Callable[[], Any]) -> Any:
    """The first true value of `condition`; fails after about five seconds."""
    for _ in range(500):
        if value := condition():
            return value
        sleep(0.01)
    raise AssertionError("it did not happen")


@dataclass
class Vendor:
    """A running sandbox as a client sees it."""

    folder: Path
    clock: ManualClock
    address: Address

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, f"{self.address.url}{path}", timeout=5, **options)

    def ask_token(self, connection: str, **form: str) -> requests.Response:
        secret = self.address.client_secret.get_secret_value()
        credentials = {"client_id": self.address.client_id, "client_secret": secret}
        data = {"grant_type": "client_credentials", **credentials, **form}
        return self.call("POST", f"/{connection}/oauth/token", data=data)

    def bearer(self, connection: str, *, scope: str = "") -> dict[str, str]:
        answer = self.ask_token(connection, scope=scope)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def submit(self, payload: dict[str, Any], key: str | None = None, **headers: str) -> requests.Response:
        headers = {**self.bearer("cxone"), **headers, **({"Idempotency-Key": key} if key else {})}
        return self.call("POST", "/cxone/api/v2/privacy/requests", json=payload, headers=headers)

    def track(self, request_id: str) -> requests.Response:
        return self.call("GET", f"/cxone/api/v2/privacy/requests/{request_id}", headers=self.bearer("cxone"))

    def purposes(self, **query: int) -> requests.Response:
        return self.call("GET", "/genesys/api/v2/privacy/purposes", params=query, headers=self.bearer("genesys"))

    def put_purpose(self, purpose_id: str, purpose: dict[str, Any]) -> requests.Response:
        path = f"/genesys/api/v2/privacy/purposes/{purpose_id}"
        return self.call("PUT", path, json=purpose, headers=self.bearer("genesys"))

    def seen(self, what: str) -> Any:
        return self.call("GET", f"/_sandbox/{what}").json()

    def fault(self, connection: Connection = "cxone", **faults: Any) -> None:
        write_faults(self.folder, connection, Faults.model_validate(faults))


@contextmanager
def running(folder: Path, clock: ManualClock | None = None, **options: Any) -> Iterator[Vendor]:
    """A sandbox for a folder, stopped at the end."""
    clock = clock or ManualClock()
    server = SandboxServer(folder, clock=clock, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Vendor(folder, clock, eventually(lambda: read_address(folder)))
    finally:
        server.stop()
        thread.join()


def erasure(subject: str | None = None, **more: Any) -> dict[str, Any]:
    """A payload in order, for a subject that no other test uses."""
    return {
        "subjectId": subject or new_subject(),
        "type": "ERASURE",
        "categories": ["CONTACT", "CHAT"],
        "scope": "CONTACT",
        **more,
    }


def new_subject(prefix: str = "USR") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
