"""Webhooks out: signed, sent again when refused, kept over a restart, and never sent off this machine."""

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.sandbox.vendor import Vendor, erasure, eventually, new_subject, running


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    def is_signed(self, secret: str) -> bool:
        """Whether the reference implementation of Standard Webhooks would have signed it so."""
        then = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), tz=UTC)
        expected = Webhook(secret).sign(self.headers["webhook-id"], then, self.body)
        return self.headers["webhook-signature"] == expected


@dataclass
class Desk:
    """Whoever receives webhooks; answers with the statuses it is told, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: queue.Queue[Received] = field(default_factory=queue.Queue)

    def next(self) -> Received:
        return self.received.get(timeout=5)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(desk.statuses.pop(0) if desk.statuses else 200)
            self.send_header("Location", f"{desk.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            desk.received.put(Received(self.path, headers, body))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        desk.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        yield desk
        server.shutdown()
        thread.join()


@pytest.fixture
def calling(folder: Path, desk: Desk) -> Iterator[Vendor]:
    """A sandbox that has the desk's address registered."""
    with running(folder, webhook_base=desk.url) as vendor:
        yield vendor


def finish(vendor: Vendor, **payload: Any) -> str:
    """Submit a request and let it end; its id."""
    request_id: str = vendor.submit(erasure(**payload)).json()["id"]
    vendor.clock.advance(3)
    return request_id


def states(vendor: Vendor) -> dict[str, int]:
    found: dict[str, int] = vendor.seen("counts")["webhooks"]
    return found


def settle(vendor: Vendor, wanted: dict[str, int]) -> None:
    eventually(lambda: states(vendor) == wanted)


def tried(vendor: Vendor, times: int) -> None:
    """Wait until the newest webhook has been tried so often."""
    eventually(lambda: vendor.seen("webhooks")["webhooks"][0]["attempts"] == times)


def test_a_finished_request_is_told_to_the_registered_address(calling: Vendor, desk: Desk) -> None:
    request_id = finish(calling)

    received = desk.next()

    done = calling.track(request_id).json()
    assert received.path == "/webhooks/cxone"
    assert received.event == {
        "requestId": request_id,
        **{
            name: done[name] for name in ("subjectId", "status", "categories", "scope", "durationMs", "recordsAffected")
        },
    }
    assert received.is_signed(calling.address.webhook_secret.get_secret_value())
    assert received.headers["webhook-timestamp"] == str(int(calling.clock.now().timestamp()))
    settle(calling, {"delivered": 1})


def test_nothing_is_told_before_the_end(calling: Vendor) -> None:
    calling.submit(erasure())
    calling.clock.advance(2.9)

    assert states(calling) == {"waiting": 1}


def test_a_request_that_never_ends_is_never_told(calling: Vendor) -> None:
    finish(calling, subject=new_subject("SANDBOX-SLOW"))

    assert states(calling) == {}


def test_the_callback_url_of_a_request_comes_first(calling: Vendor, desk: Desk) -> None:
    finish(calling, callbackUrl=f"{desk.url}/own/path")

    assert desk.next().path == "/own/path"


def test_a_refused_webhook_comes_again_later_with_the_same_id(calling: Vendor, desk: Desk) -> None:
    desk.statuses = [503, 302]
    finish(calling)
    tries = []
    for wait in (1, 5, 0):
        tries.append(desk.next())
        tried(calling, len(tries))
        calling.clock.advance(wait)

    assert len({one.headers["webhook-id"] for one in tries}) == 1
    assert len({one.headers["webhook-timestamp"] for one in tries}) == 3
    assert {one.path for one in tries} == {"/webhooks/cxone"}, "a redirect is not followed"
    settle(calling, {"delivered": 1})


def test_after_six_tries_a_webhook_is_given_up(calling: Vendor, desk: Desk) -> None:
    desk.statuses = [500] * 6
    finish(calling)
    for attempts in range(1, 7):
        desk.next()
        tried(calling, attempts)
        calling.clock.advance(600)

    settle(calling, {"given_up": 1})
    assert calling.seen("webhooks")["webhooks"][0]["last_answer"] == "500"


def test_a_webhook_survives_a_restart(folder: Path, desk: Desk) -> None:
    with running(folder, webhook_base="http://127.0.0.1:9") as vendor:
        request_id = vendor.submit(erasure()).json()["id"]
        clock = vendor.clock
    clock.advance(3)

    with running(folder, clock, webhook_base=desk.url):
        assert desk.next().event["requestId"] == request_id


def test_a_receiver_that_is_not_there_is_tried_again(folder: Path) -> None:
    with running(folder, webhook_base="http://127.0.0.1:9") as vendor:
        finish(vendor)
        webhook = eventually(lambda: [w for w in vendor.seen("webhooks")["webhooks"] if w["attempts"]])[0]

    assert (webhook["state"], webhook["last_answer"]) == ("waiting", "ConnectionError")


@pytest.mark.parametrize("url", ["https://desk.example.com/webhooks/cxone", "http://169.254.169.254/latest"])
def test_nothing_is_sent_off_this_machine(calling: Vendor, url: str) -> None:
    finish(calling, callbackUrl=url)

    settle(calling, {"refused": 1})
    assert calling.seen("webhooks")["webhooks"][0]["last_answer"] == "the sandbox sends to this machine only"


def test_a_webhook_address_off_this_machine_is_refused_at_the_start(folder: Path) -> None:
    with pytest.raises(ValueError, match="this machine only"), running(folder, webhook_base="https://desk.example.com"):
        pass


def test_duplicates_come_with_the_same_and_with_a_new_id(calling: Vendor, desk: Desk) -> None:
    calling.fault(webhook_duplicate={"next": 1})
    finish(calling)
    first = desk.next()
    calling.clock.advance(1)

    again = [desk.next(), desk.next()]

    assert {one.body for one in again} == {first.body}
    ids = {one.headers["webhook-id"] for one in again}
    assert first.headers["webhook-id"] in ids
    assert len(ids) == 2


def test_a_conflict_is_another_body_under_the_same_id(calling: Vendor, desk: Desk) -> None:
    calling.fault(webhook_conflict={"next": 1})
    finish(calling)
    first = desk.next()
    calling.clock.advance(1)

    second = desk.next()

    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.body != first.body
    assert second.is_signed(calling.address.webhook_secret.get_secret_value())


def test_processing_can_come_after_completed(calling: Vendor, desk: Desk) -> None:
    calling.fault(webhook_out_of_order={"next": 1})
    request_id = finish(calling)
    first = desk.next()
    calling.clock.advance(1)

    second = desk.next()

    assert [first.event["status"], second.event["status"]] == ["COMPLETED", "PROCESSING"]
    assert first.event["requestId"] == second.event["requestId"] == request_id
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


def test_a_late_webhook_is_late(calling: Vendor, desk: Desk) -> None:
    calling.fault(webhook_late={"next": 1}, webhook_late_seconds=60)
    finish(calling)
    eventually(lambda: calling.seen("webhooks")["webhooks"][0]["planned"])
    calling.clock.advance(59)
    assert states(calling) == {"waiting": 1}

    calling.clock.advance(1)

    assert desk.next().event["status"] == "COMPLETED"


def test_a_wrong_signature_is_followed_by_a_right_one(calling: Vendor, desk: Desk) -> None:
    calling.fault(webhook_wrong_signature={"next": 1})
    desk.statuses = [401]
    secret = calling.address.webhook_secret.get_secret_value()
    finish(calling)

    assert not desk.next().is_signed(secret)
    tried(calling, 1)
    calling.clock.advance(1)
    assert desk.next().is_signed(secret)
