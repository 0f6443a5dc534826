"""One call: its verdict, its error in plain words, and what is recorded of it."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from core.auth.tokens import TokenSource
from core.clients.http import Answer, Call, VendorHttp, json_body, vendor_id
from core.clients.outcomes import MAY_HAVE_BEEN_DONE, BreakerEffect, Decision, Sending
from core.clock import Clock, SystemClock
from core.settings import ConnectionSettings
from tests.clocks import ManualClock
from tests.loopback import (
    LoopbackServer,
    Step,
    answer,
    bad_chunk,
    drip,
    drop_after_reading,
    gzip_bomb,
    raw,
    silence,
    truncated,
)

SUBJECT = "USR-8847291"
SECRET = "canary-client-secret"
TOKENS = "/oauth/token"
API = "/api/things"


def granted(token: str = "canary-token-1") -> Step:
    return answer(200, {"access_token": token, "expires_in": 3600})


def settings(server: LoopbackServer, **changes: Any) -> ConnectionSettings:
    values = {"contract": "cxone-requests", "base_url": server.url, "client_id": "desk", "client_secret": SECRET}
    return ConnectionSettings.model_validate({**values, "timeout_seconds": 2.0, **changes})


class Vendor(LoopbackServer):
    """A vendor with a token endpoint and one path."""

    def __init__(self, *steps: Step, tokens: tuple[Step, ...] = (), resets: int = 0) -> None:
        super().__init__({TOKENS: tokens or (granted(), granted("canary-token-2")), API: steps}, resets=resets)

    def call(
        self,
        sending: Sending = Sending.REPEATABLE,
        *,
        clock: Clock | None = None,
        timeout: float = 2.0,
        advice: Mapping[int, str] | None = None,
        **changes: Any,
    ) -> Answer:
        clock = clock or ManualClock()
        tokens = TokenSource(settings(self), clock)  # not what a hasty timeout is meant for
        method = "GET" if sending is Sending.REPEATABLE else "POST"
        body = None if method == "GET" else {"subjectId": SUBJECT}
        values = {"json": body, "sending": sending, "mask": {SUBJECT: "{subject}"}, **changes}
        with VendorHttp(settings(self, timeout_seconds=timeout), tokens, clock) as http:
            return http.call(Call(method, self.url + API, **values), advice=advice)


def once(*steps: Step, sending: Sending = Sending.REPEATABLE, **more: Any) -> Answer:
    with Vendor(*steps) as vendor:
        return vendor.call(sending, **more)


def summary(answer: Answer) -> tuple[Decision, BreakerEffect, str | None]:
    return answer.verdict.decision, answer.verdict.breaker, answer.error.code if answer.error else None


def test_a_good_answer_is_a_success_with_its_json() -> None:
    got = once(answer(200, {"id": "A1", "items": [1]}))
    assert got.ok
    assert got.error is None
    assert (got.status, got.body) == (200, {"id": "A1", "items": [1]})
    assert got.verdict.breaker is BreakerEffect.SUCCESS


def test_the_request_carries_the_token_the_json_and_its_own_headers() -> None:
    with Vendor(answer(200, [])) as vendor:
        vendor.call(Sending.KEYED, headers={"Idempotency-Key": "intent-1"}, params={"pageSize": 25, "q": "a b"})
        request = vendor.received[-1]
    assert request.target == f"{API}?pageSize=25&q=a+b"
    assert request.headers["authorization"] == "Bearer canary-token-1"
    assert request.headers["idempotency-key"] == "intent-1"
    assert request.headers["content-type"] == "application/json"
    assert request.body == json_body({"subjectId": SUBJECT})


def test_no_content_is_a_success_without_a_body() -> None:
    got = once(raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True))
    assert (got.ok, got.body) == (True, None)


# 2xx answers that are of no use, and connections that break: (error code, GET, POST with a key, POST without).
RETRY, LOOK_UP, PERMANENT = Decision.RETRY, Decision.LOOK_UP, Decision.PERMANENT
HTML = {"Content-Type": "text/html"}
BROKEN = {
    "dropped": (drop_after_reading(), "interrupted", RETRY),
    "truncated": (truncated(), "interrupted", RETRY),
    "bad chunk": (bad_chunk(), "interrupted", RETRY),
    "a status from nowhere": (raw(b"HTTP/1.1 999 What\r\n\r\n"), "interrupted", RETRY),
    "a page": (answer(200, body="<html>", headers=HTML), "not_json", RETRY),
    "JSON called a page": (answer(200, {}, headers=HTML), "not_json", RETRY),
    "no JSON": (answer(200, body="{"), "not_json", RETRY),
    "empty": (answer(200, body=""), "not_json", RETRY),
    "unknown encoding": (answer(200, {}, headers={"Content-Encoding": "br"}), "not_json", RETRY),
    "gzip bomb": (gzip_bomb(200), "too_large", PERMANENT),
    "duplicate keys": (
        answer(200, body='{"status":"COMPLETED","status":"FAILED"}'),
        "contract_violation",
        PERMANENT,
    ),
    "100000 levels": (answer(200, body="[" * 100_000), "contract_violation", PERMANENT),
    "5000 digits": (answer(200, body='{"n":' + "9" * 5000 + "}"), "contract_violation", PERMANENT),
    "NaN": (answer(200, body='{"n": NaN}'), "contract_violation", PERMANENT),
    "a bare number": (answer(200, 5), "contract_violation", PERMANENT),
}


@pytest.mark.parametrize(
    ("sending", "expected"), [(Sending.REPEATABLE, None), (Sending.KEYED, RETRY), (Sending.UNKEYED, LOOK_UP)]
)
@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_of_no_use_sends_a_post_the_way_of_an_interrupted_one(
    name: str, sending: Sending, expected: Decision | None
) -> None:
    step, code, of_a_get = BROKEN[name]
    got = once(step, sending=sending)
    assert got.error is not None
    assert (got.error.code, got.verdict.decision) == (code, expected or of_a_get)
    assert got.body is None
    assert code in MAY_HAVE_BEEN_DONE


@pytest.mark.parametrize("step", [silence(), drip(every=0.03)])
def test_a_vendor_that_is_slow_runs_into_the_deadline(step: Step) -> None:
    for sending, decision in [(Sending.KEYED, RETRY), (Sending.UNKEYED, LOOK_UP)]:
        got = once(step, sending=sending, clock=SystemClock(), timeout=0.15)
        assert summary(got) == (decision, BreakerEffect.FAILURE, "timed_out")
        assert got.elapsed_ms < 3000  # dripping to the end takes 30 s


def test_where_nothing_was_sent_even_a_post_without_a_key_is_retried() -> None:
    with Vendor() as vendor:
        connection = settings(vendor)
        tokens = TokenSource(connection, ManualClock())
        tokens.get()
    with VendorHttp(connection, tokens, ManualClock()) as http:
        got = http.call(Call("POST", vendor.url + API, json={}, sending=Sending.UNKEYED))
    assert summary(got) == (RETRY, BreakerEffect.FAILURE, "not_sent")
    assert got.error is not None
    assert "nothing was sent" in got.error.message
    assert [exchange.status for exchange in got.exchanges] == [None]


# status: (code, GET, POST with a key, POST without, breaker)
STATUSES = {
    301: ("redirected", PERMANENT, PERMANENT, PERMANENT, BreakerEffect.NEUTRAL),
    307: ("redirected", PERMANENT, PERMANENT, PERMANENT, BreakerEffect.NEUTRAL),
    400: ("rejected", PERMANENT, PERMANENT, PERMANENT, BreakerEffect.NEUTRAL),
    403: ("not_authorised", PERMANENT, PERMANENT, PERMANENT, BreakerEffect.NEUTRAL),
    404: ("not_found", PERMANENT, PERMANENT, PERMANENT, BreakerEffect.NEUTRAL),
    408: ("vendor_unavailable", RETRY, RETRY, LOOK_UP, BreakerEffect.NEUTRAL),
    409: ("conflict", PERMANENT, Decision.ATTACH, Decision.ATTACH, BreakerEffect.NEUTRAL),
    422: ("rejected", PERMANENT, PERMANENT, PERMANENT, BreakerEffect.NEUTRAL),
    425: ("vendor_unavailable", RETRY, RETRY, LOOK_UP, BreakerEffect.NEUTRAL),
    429: ("rate_limited", RETRY, RETRY, RETRY, BreakerEffect.NEUTRAL),
    500: ("vendor_unavailable", RETRY, RETRY, LOOK_UP, BreakerEffect.FAILURE),
    502: ("vendor_unavailable", RETRY, RETRY, LOOK_UP, BreakerEffect.FAILURE),
    503: ("vendor_unavailable", RETRY, RETRY, LOOK_UP, BreakerEffect.FAILURE),
    504: ("vendor_unavailable", RETRY, RETRY, LOOK_UP, BreakerEffect.FAILURE),
}


@pytest.mark.parametrize("column", [1, 2, 3])
@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_its_verdict_and_its_words(status: int, column: int) -> None:
    row = STATUSES[status]
    sending = (Sending.REPEATABLE, Sending.KEYED, Sending.UNKEYED)[column - 1]
    got = once(answer(status, {"message": "because"}), sending=sending)
    assert summary(got) == (row[column], row[4], row[0])
    assert got.error is not None
    assert str(status) in got.error.message
    assert got.error.message.endswith('It said: "because"')
    assert got.error.advice
    if row[column] is LOOK_UP:
        assert "not sent again" in got.error.advice


@pytest.mark.parametrize(
    ("header", "floor"),
    [("2", 2.0), ("1.5", 1.5), ("0", 0.0), ("9999999999", 86400.0), ("-1", None), ("NaN", None), ("", None),
     ("120, 60", None), ("\xff\xfe", None), ("Sat, 21 Nov 2026 09:00:30 GMT", 30.0)],
)  # fmt: skip
def test_retry_after_is_the_floor_of_the_verdict(header: str, floor: float | None) -> None:
    got = once(answer(429, {}, headers={"Retry-After": header, "Date": "Sat, 21 Nov 2026 09:00:00 GMT"}))
    assert summary(got) == (RETRY, BreakerEffect.NEUTRAL, "rate_limited")
    assert got.verdict.floor_seconds == floor


def test_a_post_without_a_key_never_goes_into_a_connection_that_may_be_closing() -> None:
    with Vendor(answer(200, {})) as vendor:
        connection, clock = settings(vendor), ManualClock()
        tokens = TokenSource(connection, clock)
        tokens.get()
        with VendorHttp(connection, tokens, clock) as http:
            opened = []
            for sending in (Sending.REPEATABLE, Sending.KEYED, Sending.UNKEYED):
                http.call(Call("POST", vendor.url + API, json={}, sending=sending))
                opened.append(vendor.connections)
    assert opened == [2, 2, 3]  # the token's own, one shared by the first two, a new one


def test_a_call_never_waits_itself() -> None:
    clock = ManualClock()
    once(answer(429, {}, headers={"Retry-After": "3600"}), clock=clock)
    assert clock.slept == []


def test_a_401_brings_one_new_token_and_one_repeat_of_the_same_request() -> None:
    with Vendor(answer(401, {}), answer(200, {"id": "A1"})) as vendor:
        got = vendor.call(Sending.UNKEYED)
        assert (vendor.count(TOKENS), vendor.count(API)) == (2, 2)
        first, second = (request for request in vendor.received if request.path == API)
    assert got.ok
    assert first.body == second.body
    assert [first.headers["authorization"], second.headers["authorization"]] == [
        "Bearer canary-token-1",
        "Bearer canary-token-2",
    ]
    assert [(exchange.status, bool(exchange.why)) for exchange in got.exchanges] == [(401, False), (200, True)]


def test_a_401_for_ever_ends_as_authentication_failed_after_one_refresh() -> None:
    with Vendor(answer(401, {})) as vendor:
        got = vendor.call()
        assert (vendor.count(TOKENS), vendor.count(API)) == (2, 2)
    assert summary(got) == (PERMANENT, BreakerEffect.NEUTRAL, "authentication_failed")
    assert got.error is not None
    assert "Authentication failed" in got.error.message


def test_a_401_whose_refresh_fails_may_be_tried_again_even_by_a_post() -> None:
    with Vendor(answer(401, {}), tokens=(granted(), answer(502, body="<html>", headers=HTML))) as vendor:
        got = vendor.call(Sending.UNKEYED)
    assert summary(got) == (RETRY, BreakerEffect.FAILURE, "token_unavailable")
    assert [exchange.status for exchange in got.exchanges] == [401]


@pytest.mark.parametrize(
    ("step", "expected", "floor"),
    [
        (answer(502, body="<html>", headers=HTML), (RETRY, BreakerEffect.FAILURE, "token_unavailable"), None),
        (answer(429, {}, headers={"Retry-After": "9"}), (RETRY, BreakerEffect.NEUTRAL, "rate_limited"), 9.0),
        (answer(401, {}), (PERMANENT, BreakerEffect.NEUTRAL, "authentication_failed"), None),
    ],
)
def test_without_a_token_nothing_is_sent(
    step: Step, expected: tuple[Decision, BreakerEffect, str], floor: float | None
) -> None:
    with Vendor(answer(200, {}), tokens=(step,)) as vendor:
        got = vendor.call(Sending.UNKEYED)
        assert vendor.count(API) == 0
    assert summary(got) == expected
    assert got.verdict.floor_seconds == floor
    assert got.exchanges == ()


def test_a_403_names_the_scope_and_what_else_to_check() -> None:
    error = once(answer(403, {"message": "missing scope"})).error
    assert error is not None
    assert "privacy:read privacy:write" in error.advice
    assert "data:read for analytics category erasure" in error.advice
    assert "type is client credentials" in error.advice


def test_a_client_may_give_its_own_advice_for_a_status() -> None:
    error = once(answer(404, {}), advice={404: "Somebody deleted it; read the list again."}).error
    assert error is not None
    assert error.advice == "Somebody deleted it; read the list again."


def test_the_token_goes_to_no_other_host() -> None:
    with LoopbackServer([answer(200, {})]) as elsewhere, Vendor(answer(200, {})) as vendor:
        connection = settings(vendor)
        with VendorHttp(connection, TokenSource(connection, ManualClock()), ManualClock()) as http:
            got = http.call(Call("GET", f"{elsewhere.url}{API}"))
        assert elsewhere.received == []
    assert summary(got) == (PERMANENT, BreakerEffect.NEUTRAL, "contract_violation")


def test_a_redirect_is_not_followed_and_its_address_is_not_repeated() -> None:
    with LoopbackServer([answer(200, {})]) as elsewhere:
        step = answer(307, {}, headers={"Location": f"{elsewhere.url}/?token=canary"})
        got = once(step, sending=Sending.UNKEYED)
        assert elsewhere.received == []
    assert got.error is not None
    assert "canary" not in f"{got.error} {got.exchanges}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "inner"}}, "inner"),
        ({"errors": [{"detail": "first"}, {"detail": "second"}]}, "first"),
        ({"code": "bad.request", "message": "Invalid data"}, "Invalid data"),
        ({"error": "invalid", "error_description": "long"}, "long"),
    ],
)
def test_the_vendors_own_words_are_found_wherever_it_puts_them(body: Any, said: str) -> None:
    error = once(answer(400, body)).error
    assert error is not None
    assert error.message.endswith(f'It said: "{said}"')


@pytest.mark.parametrize(
    "step",
    [
        answer(400, body="<h1>Bad</h1>", headers=HTML),
        answer(400, body="{"),
        answer(400, 5),
        truncated(status=400),
        bad_chunk(status=400),
    ],
)
def test_a_refusal_without_readable_words_is_a_refusal_all_the_same(step: Step) -> None:
    got = once(step, sending=Sending.UNKEYED)
    assert summary(got) == (PERMANENT, BreakerEffect.NEUTRAL, "rejected")
    assert got.error is not None
    assert "It said" not in got.error.message


def test_neither_the_subject_nor_a_secret_is_left_in_what_is_recorded_or_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"message": f"No consent of {SUBJECT}\r\nBearer canary-token-1 {SECRET}" + "x" * 1000}
    headers = {"Set-Cookie": "sid=canary", "X-Echo": f"{SUBJECT} canary-token-1"}
    got = once(
        answer(400, echo, headers=headers), sending=Sending.KEYED, params={"q": SUBJECT, "access_token": "canary"}
    )
    (exchange,) = got.exchanges
    assert exchange.request_headers["Authorization"] == "Bearer ***"
    assert exchange.request_body == '{"subjectId":"{subject}"}'
    assert "q={subject}" in exchange.url
    assert exchange.response_headers["X-Echo"] == "{subject} ***"
    assert got.error is not None
    assert len(got.error.message) < 700
    shown = f"{exchange} {got.error} {got!r} {caplog.text}"
    for hidden in (SUBJECT, SECRET, "canary"):
        assert hidden not in shown


def test_an_exchange_tells_when_what_and_how_long() -> None:
    clock = ManualClock()
    (exchange,) = once(answer(200, {"a": 1}), clock=clock).exchanges
    assert (exchange.at, exchange.method, exchange.status, exchange.why) == (clock.now(), "GET", 200, "")
    assert exchange.response_body == '{"a": 1}'
    assert exchange.elapsed_ms >= 0


def test_the_repr_of_a_call_keeps_what_it_sends_to_itself() -> None:
    call = Call("POST", "https://api.example.com/x", json={"s": SUBJECT}, params={"s": SUBJECT}, mask={SUBJECT: "{s}"})
    assert SUBJECT not in repr(call)


def test_many_threads_share_one_client_and_one_refresh() -> None:
    refused = [answer(401, {})]

    def until_renewed(line: Any) -> bool:
        step = answer(200, {}) if line.request.headers["authorization"].endswith("-2") else refused[0]
        return step(line)

    with Vendor(until_renewed) as vendor:
        connection = settings(vendor)
        clock = SystemClock()
        found: list[bool] = []
        with VendorHttp(connection, TokenSource(connection, clock), clock) as http:
            threads = [
                threading.Thread(target=lambda: found.append(http.call(Call("GET", vendor.url + API)).ok))
                for _ in range(30)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert found == [True] * 30
        assert vendor.count(TOKENS) == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a-B_9.:x", "a-B_9.:x"), ("x" * 128, "x" * 128), (12345, "12345"),
        ("", None), ("x" * 129, None), ("a/b", None), ("a b", None), ("a\n", None), ("..", None), (".", None),
        ("%2e", None), ("a?b", None), ("ü", None), (None, None), (True, None), (1.5, None), ({}, None),
    ],
)  # fmt: skip
def test_a_vendor_id_enters_a_url_only_in_safe_characters(value: object, expected: str | None) -> None:
    assert vendor_id(value) == expected
