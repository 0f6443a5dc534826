"""Completion webhooks: what is signed is stored once and acknowledged, everything else is turned away unread."""

import hashlib
import json
import logging
import re
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPMethod
from typing import Any

import pytest
from standardwebhooks import Webhook

from core.model.deadlines import Deadline
from core.model.identifiers import pseudonym
from core.model.privacy_requests import RequestType, TaskState
from core.settings import SettingsError, load
from core.store import requests, task_leases, tasks
from core.store.identifiers import Secret
from core.store.requests import NewRequest
from core.store.tasks import Outcome
from tests.web.conftest import Served
from tests.web.sender import KEY, OTHER_KEY, PREVIOUS_KEY, connect, event, receive, request, send, signed

Serving = Callable[..., Served]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def about(subject: str, desk: Served) -> NewRequest:
    """A privacy request as it is filed, to the connection `cxone`."""
    today = desk.clock.now().date()
    return NewRequest(
        intent="i-1",
        type=RequestType.ERASURE,
        categories=("CONTACT",),
        scope="CONTACT",
        law="gdpr",
        region=None,
        received=today,
        reference="",
        filed_by="test|ada",
        filed_by_name="Ada Admin",
        pseudonym=pseudonym(subject, desk.desk.store.keys.pseudonym),
        secret=Secret(subject, ""),
        deadlines=(Deadline("respond", today + timedelta(days=30), "test", "Art. 12(3)", "made up"),),
        policy_version="test",
        connections=(("cxone", "cxone-requests"),),
    )


class TestWhatIsTaken:
    def test_a_signed_event_is_stored_and_acknowledged(self, serve: Serving) -> None:
        desk = serve()

        answer = desk.post(event())

        assert (answer.status, answer.json) == (200, {"acknowledged": True})
        (row,) = desk.stored()
        assert (row["connection"], row["webhook_id"], row["vendor_request_id"]) == ("cxone", "msg_1", "req-1")
        assert (row["vendor_status"], row["body_sha256"]) == ("COMPLETED", hashlib.sha256(event()).hexdigest())
        assert "USR-8847291" not in json.dumps(row)
        assert desk.audited() == ["webhook.accepted"]

    def test_the_standardwebhooks_package_signs_what_the_desk_accepts(self, serve: Serving) -> None:
        desk = serve()
        now = desk.clock.now()
        headers = {
            "webhook-id": "msg_2",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": f"v1a,other v1,{'A' * 43}= {Webhook(KEY).sign('msg_2', now, event().decode())}",
        }

        assert desk.post(event(), headers).status == 200

    def test_the_previous_key_still_opens(self, serve: Serving) -> None:
        assert serve().post(key=PREVIOUS_KEY).status == 200

    def test_an_event_without_a_subject_or_with_fields_of_its_own_is_taken(self, serve: Serving) -> None:
        body = json.dumps({"requestId": "a.b:c_d-9", "status": "WEIRD", "new": {"field": [1.5, None]}}).encode()

        assert serve().post(body).status == 200

    def test_64_kib_are_taken(self, serve: Serving) -> None:
        assert serve().post(event() + b" " * (64 * 1024 - len(event()))).status == 200

    def test_the_same_again_is_acknowledged_and_nothing_happens(self, serve: Serving) -> None:
        desk = serve()

        assert [desk.post().status for _ in range(3)] == [200, 200, 200]

        assert len(desk.stored()) == 1
        assert desk.audited() == ["webhook.accepted"]

    def test_a_sender_that_never_saw_the_answer_sends_again_and_it_stays_one_event(self, serve: Serving) -> None:
        desk = serve()
        raw = request("POST", "/webhooks/cxone", signed(event(), desk.clock.now()), event())
        with connect(desk.url) as sock:
            sock.sendall(raw)
            until(desk.stored)

        assert send(desk.url, raw).status == 200

        assert desk.audited() == ["webhook.accepted"]

    def test_the_same_id_with_another_body_is_a_conflict_and_the_first_is_kept(
        self, serve: Serving, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk = serve()
        desk.post(event())
        (first,) = desk.stored()

        assert desk.post(event(status="FAILED")).status == 409

        assert desk.stored() == [first]
        assert desk.audited() == ["webhook.accepted", "webhook.conflict", "notice.raised"]
        assert [r.levelname for r in caplog.records if "conflict" in r.message] == ["WARNING"]

    def test_an_event_that_overtakes_our_own_answer_waits_for_its_request(self, serve: Serving) -> None:
        desk = serve()

        assert desk.post(event(requestId="not-known-yet")).status == 200

        (row,) = desk.stored()
        assert row["task"] is None

    def test_an_event_about_another_person_waits_for_a_person(self, serve: Serving) -> None:
        desk = serve()
        with desk.desk.store.writing() as transaction:
            request_id, _ = requests.file(transaction, about("USR-8847291", desk))
            (leased,) = task_leases.lease(transaction, "cxone", owner="w", limit=1, seconds=60)
            task_leases.settle(transaction, leased, Outcome(TaskState.IN_PROGRESS, vendor_request_id="req-1"))

        assert desk.post(event(subjectId="USR-1111111")).status == 200

        with desk.desk.store.reading() as db:
            found = tasks.get(db, f"{request_id}-1")
        assert found is not None
        assert found[0].state is TaskState.NEEDS_PERSON
        assert "webhook.contradiction" in desk.audited()


class TestWhoIsTurnedAway:
    @pytest.mark.parametrize("method", [m for m in HTTPMethod if m not in {"POST", "CONNECT"}])
    def test_any_other_method(self, served: Served, method: str) -> None:
        answer = send(served.url, request(method, "/webhooks/cxone", {}, length=None))

        assert (answer.status, answer.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize("name", ["nobody", "CXONE", "cxone%00", "%F0%9F%92%A9", "a" * 300])
    def test_an_unknown_connection_learns_nothing(self, served: Served, name: str) -> None:
        answer = served.post(connection=name)

        assert (answer.status, answer.json) == (404, {"error": "Not Found"})

    def test_a_connection_without_a_secret_answers_as_to_a_wrong_signature(self, served: Served) -> None:
        assert served.post(connection="silent").json == served.post(key=OTHER_KEY).json == {"error": "Unauthorized"}

    def test_the_key_is_chosen_by_the_path_and_not_by_the_body(self, served: Served) -> None:
        body = event(connection="other")

        assert served.post(body, key=OTHER_KEY).status == 401
        assert served.post(body, key=KEY, connection="other").status == 401

    def test_a_body_changed_by_one_byte_leaves_nothing_but_a_count(self, serve: Serving) -> None:
        desk = serve()
        changed = event().replace(b"14", b"15")

        assert desk.post(changed, signed(event(), desk.clock.now())).status == 401

        assert desk.stored() == []
        assert desk.audited() == []
        assert desk.webhooks.answers == {("cxone", 401): 1}

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_a_stale_timestamp(self, served: Served, seconds: int) -> None:
        headers = signed(event(), served.clock.now() + timedelta(seconds=seconds))

        assert served.post(event(), headers).status == 401

    @pytest.mark.parametrize("seconds", [-300, 300])
    def test_300_seconds_either_way_are_tolerated(self, serve: Serving, seconds: int) -> None:
        desk = serve()

        assert desk.post(event(), signed(event(), desk.clock.now() + timedelta(seconds=seconds))).status == 200

    @pytest.mark.parametrize(
        "timestamp", ["", "-1", "+1", "1e9", "1.5", "nan", "inf", " 1", "1_0", "٣", "9" * 13, "9" * 400, "0x1"]
    )
    def test_a_timestamp_that_is_not_digits(self, served: Served, timestamp: str) -> None:
        headers = {**signed(event(), served.clock.now()), "webhook-timestamp": timestamp.encode()}

        assert served.post(event(), headers).status == 401

    @pytest.mark.parametrize(
        "signature",
        ["", "v1", "v1,", "v1,a", "v1,a,b", "v1,,", ",,", "v1,ü", "v2,AAAA", "v1,====", "v1 ,AAAA", "\x7f", "v1,🙂"],
    )
    def test_a_signature_that_is_none(self, served: Served, signature: str) -> None:
        headers = {**signed(event(), served.clock.now()), "webhook-signature": signature.encode()}

        assert served.post(event(), headers).status == 401

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_a_missing_header(self, served: Served, name: str) -> None:
        headers = signed(event(), served.clock.now())
        del headers[name]

        assert served.post(event(), headers).status == 401

    def test_a_spoofed_sender_address_changes_nothing(self, serve: Serving) -> None:
        desk = serve()
        spoofed = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Real-IP": "127.0.0.1"}

        assert desk.post(event(), {**signed(event(), desk.clock.now(), key=OTHER_KEY), **spoofed}).status == 401
        assert desk.post(event(), {**signed(event(), desk.clock.now()), **spoofed}).status == 200


class TestWhatIsMalformed:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"not json",
            b"\xff\xfe\x00",
            b'{"requestId": "req-1", "status": "\xc3"}',
            b"null",
            b"[]",
            b'"COMPLETED"',
            b"{}",
            b'{"requestId": "req-1"}',
            b'{"status": "COMPLETED"}',
            b'{"requestId": "req-1", "status": NaN}',
            b'{"requestId": "req-1", "requestId": "req-2", "status": "COMPLETED"}',
            b'{"requestId": "\\ud800", "status": "COMPLETED"}',
            b"[" * 5000 + b"]" * 5000,
            event(requestId="../../etc/passwd"),
            event(requestId="req-1\n"),
            event(requestId="r" * 129),
            event(requestId=7),
            event(requestId=None),
            event(status=""),
            event(status="x" * 65),
            event(status="COMPLETED\u2028"),
            event(status=["COMPLETED"]),
            event(subjectId=""),
            event(subjectId="x" * 257),
            event(subjectId={"id": 1}),
            event(durationMs=10**30),
        ],
    )
    def test_a_signed_body_that_is_no_event_is_a_bad_request(self, served: Served, body: bytes) -> None:
        assert served.post(body).status == 400
        assert served.stored() == []

    @pytest.mark.parametrize(
        "body", [event(status="Bearer abcdefgh"), event(requestId="4111111111111111"), event(status="password=hunter2")]
    )
    def test_a_name_that_looks_like_a_secret_is_taken_but_enters_the_audit_log_as_its_hash_only(
        self, serve: Serving, body: bytes
    ) -> None:
        served = serve()
        assert served.post(body).status == 200
        assert len(served.stored()) == 1
        with served.desk.store.reading() as db:
            (row,) = db.query("SELECT detail FROM audit_events")
        assert "sha256:" in row["detail"]

    @pytest.mark.parametrize("webhook_id", ["", "a b", "ä", "x" * 257, "msg\t1"])
    def test_a_webhook_id_is_at_most_256_visible_ascii_characters(self, served: Served, webhook_id: str) -> None:
        assert served.post(event(), signed(event(), served.clock.now(), webhook_id=webhook_id)).status == 400

    def test_headers_beyond_4_kb_are_refused_before_any_signature_is_computed(self, served: Served) -> None:
        candidates = " ".join(f"v1,{number:044d}" for number in range(100))
        headers = {**signed(event(), served.clock.now()), "webhook-signature": candidates}

        assert served.post(event(), headers).status == 400

    def test_100_000_signatures_are_refused(self, served: Served) -> None:
        headers = {**signed(event(), served.clock.now()), "webhook-signature": "v1,AAAA " * 100_000}

        assert served.post(event(), headers).status == 400

    def test_a_header_given_twice_is_refused(self, served: Served) -> None:
        raw = request("POST", "/webhooks/cxone", signed(event(), served.clock.now()), event())
        twice = re.sub(rb"(webhook-id: msg_1\r\n)", rb"\1webhook-id: msg_9\r\n", raw)

        assert send(served.url, twice).status == 400


class TestHowMuchAndHowFast:
    def test_64_kib_and_one_byte_are_refused_by_their_announcement(self, served: Served) -> None:
        raw = request("POST", "/webhooks/cxone", signed(event(), served.clock.now()), length=64 * 1024 + 1)

        answer = send(served.url, raw)

        assert (answer.status, answer.headers["connection"]) == (413, "close")

    def test_no_length_is_refused(self, served: Served) -> None:
        headers = signed(event(), served.clock.now())

        assert send(served.url, request("POST", "/webhooks/cxone", headers, length=None)).status == 411
        chunked = request("POST", "/webhooks/cxone", {**headers, "Transfer-Encoding": "chunked"}, length=None)
        assert send(served.url, chunked + b"0\r\n\r\n").status == 411

    @pytest.mark.parametrize("length", ["-1", "+5", "5 5", "0x10", "1e3", "5, 6", "٣", ""])
    def test_a_length_that_is_none_is_refused(self, served: Served, length: str) -> None:
        headers = {**signed(event(), served.clock.now()), "Content-Length": length.encode()}

        assert send(served.url, request("POST", "/webhooks/cxone", headers, event(), length=None)).status == 400

    def test_a_length_beside_a_transfer_encoding_is_refused_and_the_connection_closed(self, served: Served) -> None:
        headers = {**signed(event(), served.clock.now()), "Transfer-Encoding": "chunked"}
        smuggled = request("POST", "/webhooks/other", signed(event(), served.clock.now(), key=OTHER_KEY), event())
        raw = request("POST", "/webhooks/cxone", headers, b"0\r\n\r\n" + smuggled, length=5)

        with connect(served.url) as sock:
            sock.sendall(raw)
            answer = receive(sock)
            rest = receive(sock)

        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert rest.status == 0, "nothing was answered after it"
        assert served.stored() == []

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "GZIP"])
    def test_a_compressed_body_is_refused_and_never_unpacked(self, served: Served, encoding: str) -> None:
        headers = {**signed(event(), served.clock.now()), "Content-Encoding": encoding}

        assert served.post(event(), headers).status == 415

    def test_a_sender_that_stops_half_way_is_cut_off_and_nobody_else_waits(self, serve: Serving) -> None:
        desk = serve(read_seconds=0.2)
        with connect(desk.url) as slow:
            slow.sendall(request("POST", "/webhooks/cxone", signed(event(), desk.clock.now()), b"abc", length=10))

            assert desk.post().status == 200
            answer = receive(slow)

            assert (answer.status, answer.headers["connection"]) == (408, "close")
            assert slow.recv(1) == b""

    def test_a_sender_that_drips_is_cut_off_as_well(self, serve: Serving) -> None:
        desk = serve(read_seconds=0.2)
        with connect(desk.url) as slow:
            slow.sendall(request("POST", "/webhooks/cxone", signed(event(), desk.clock.now()), length=1000))
            slow.settimeout(0.03)
            dripped = 0
            while dripped < 100:
                slow.sendall(b"x")
                dripped += 1
                try:
                    if slow.recv(1):
                        break
                except TimeoutError:
                    continue

        assert dripped < 50
        assert desk.webhooks.answers == {("cxone", 408): 1}

    def test_a_sender_that_hangs_up_half_way_leaves_nothing(self, serve: Serving) -> None:
        desk = serve()
        with connect(desk.url) as sock:
            sock.sendall(request("POST", "/webhooks/cxone", signed(event(), desk.clock.now()), b"abc", length=10))

        assert desk.post().status == 200
        assert len(desk.stored()) == 1

    def test_too_many_at_once_are_asked_to_come_again(self, serve: Serving) -> None:
        desk = serve(at_once=1)
        with connect(desk.url) as slow:
            slow.sendall(request("POST", "/webhooks/cxone", signed(event(), desk.clock.now()), b"abc", length=10))
            until(lambda: desk.webhooks._handling)

            answer = desk.post()

        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        until(lambda: not desk.webhooks._handling)
        assert desk.post().status == 200

    def test_a_busy_database_means_come_again_and_it_stays_one_event(self, serve: Serving) -> None:
        desk = serve(store_seconds=0.1)
        blocker = sqlite3.connect(desk.desk.store.path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")

        answer = desk.post()
        blocker.rollback()
        blocker.close()

        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        until(desk.stored)  # it was still trying
        assert desk.post().status == 200
        assert desk.audited() == ["webhook.accepted"]

    def test_a_broken_database_means_come_again_and_is_logged(
        self, serve: Serving, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk = serve()
        desk.desk.store.path.rename(desk.desk.store.path.with_name("gone.db"))

        assert desk.post().status == 503

        (record,) = [r for r in caplog.records if r.message == "webhook not stored"]
        assert record.exc_info is not None


def test_the_log_names_neither_body_nor_identifier(serve: Serving, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk = serve()
    secret = event(requestId="canary-request", subjectId="canary-subject", status="CANARY")
    desk.post(secret, webhook_id="canary-id")
    desk.post(secret, webhook_id="canary-id-2", key=OTHER_KEY)
    desk.post(secret + b" ", webhook_id="canary-id")
    desk.post(event(requestId="canary/request"), webhook_id="canary-id-3")
    desk.post(secret, connection="canary-connection")

    told: list[Any] = [vars(record) for record in caplog.records if record.name.startswith("core.")]

    assert {record["why"] for record in told if "why" in record} >= {"signature", "requestId", "connection"}
    assert "canary" not in repr(told).lower()


@pytest.mark.parametrize("secret", ["whsec_hello world!!", "", "whsec_", "whsec_AAAA", "whsec_" + "A" * 88, "ä"])
def test_a_secret_that_is_too_short_too_long_or_no_base64_stops_the_start(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVACY_DESK_CONNECTIONS__CXONE__WEBHOOK_SECRET", secret)

    with pytest.raises(SettingsError) as stopped:
        load()

    (line,) = stopped.value.lines
    assert line.startswith("PRIVACY_DESK_CONNECTIONS__CXONE__WEBHOOK_SECRET: ")
    assert len(secret) < 8 or secret not in line
