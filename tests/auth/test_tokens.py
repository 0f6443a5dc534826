"""Tokens: one fetch for any number of threads, kept, renewed in time, and never shown."""

import base64
import logging
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from core.auth.tokens import Token, TokenError, TokenSource
from core.clock import SystemClock
from core.settings import ConnectionSettings
from tests.clocks import ManualClock
from tests.loopback import Line, LoopbackServer, Step, answer, drip, drop_after_reading, gzip_bomb

SECRET = "canary-client-secret"


def connection(server: LoopbackServer, **changes: Any) -> ConnectionSettings:
    values = {
        "contract": "cxone-requests",
        "base_url": server.url,
        "client_id": "desk",
        "client_secret": SECRET,
        "timeout_seconds": 2.0,
    }
    return ConnectionSettings.model_validate({**values, **changes})


def granted(token: str = "canary-token", **fields: Any) -> Step:
    return answer(200, {"access_token": token, "token_type": "bearer", "expires_in": 3600, **fields})


def refused(*script: Step, **changes: Any) -> TokenError:
    with LoopbackServer(script) as server, pytest.raises(TokenError) as caught:
        TokenSource(connection(server, **changes), ManualClock()).get()
    return caught.value


def at_once(count: int, work: Callable[[], Token]) -> list[Token]:
    barrier = threading.Barrier(count)
    found: list[Token] = []

    def run() -> None:
        barrier.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_the_credentials_go_into_the_form_with_the_scope() -> None:
    with LoopbackServer([granted()]) as server:
        assert TokenSource(connection(server), ManualClock()).get().value.get_secret_value() == "canary-token"
        (request,) = server.received
    assert (request.method, request.path) == ("POST", "/oauth/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["desk"],
        "client_secret": [SECRET],
        "scope": ["privacy:read privacy:write"],
    }


def test_with_basic_the_credentials_stay_out_of_the_form_and_an_empty_scope_is_not_sent() -> None:
    with LoopbackServer([granted()]) as server:
        settings = connection(server, credentials_in="basic", scope=None, token_url=f"{server.url}/login")
        TokenSource(settings, ManualClock()).get()
        (request,) = server.received
    assert request.path == "/login"
    assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"]}
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"desk:{SECRET}".encode()).decode()


def test_a_token_is_kept_until_sixty_seconds_before_it_expires() -> None:
    clock = ManualClock()
    with LoopbackServer([granted("first"), granted("second")]) as server:
        tokens = TokenSource(connection(server), clock)
        first = tokens.get()
        clock.advance(3600 - 61)
        assert tokens.get() is first
        clock.advance(1)
        second = tokens.get()
    assert second.value.get_secret_value() == "second"
    assert second.generation > first.generation
    assert (first.expires_at - ManualClock().now()).total_seconds() == 3600


def test_a_clock_set_back_does_not_prolong_a_token() -> None:
    clock = ManualClock()
    with LoopbackServer([granted()]) as server:
        tokens = TokenSource(connection(server), clock)
        tokens.get()
        clock.advance(3541)
        clock.jump(-7200)
        tokens.get()
        assert len(server.received) == 2


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600), ("3600", 3600), (" 3600.0 ", 3600), (90.5, 90.5), (172800, 86400), (1, 30),
        ("abc", 300), (-5, 300), (0, 300), (1e30, 300), (None, 300), (True, 300), ([], 300), ("9" * 400, 300),
    ],
)  # fmt: skip
def test_an_odd_lifetime_means_five_minutes_and_an_extreme_one_is_clamped(expires_in: Any, seconds: float) -> None:
    with LoopbackServer([granted(expires_in=expires_in)]) as server:
        token = TokenSource(connection(server), ManualClock()).get()
    assert (token.expires_at - ManualClock().now()).total_seconds() == seconds


def test_a_missing_lifetime_means_five_minutes_and_a_missing_type_means_bearer() -> None:
    with LoopbackServer([answer(200, {"access_token": "canary-token"})]) as server:
        token = TokenSource(connection(server), ManualClock()).get()
    assert (token.expires_at - ManualClock().now()).total_seconds() == 300


def test_a_token_shorter_lived_than_the_margin_is_still_kept_for_half_its_life() -> None:
    clock = ManualClock()
    with LoopbackServer([granted(expires_in=30)]) as server:
        tokens = TokenSource(connection(server), clock)
        tokens.get()
        clock.advance(14)
        tokens.get()
        assert len(server.received) == 1
        clock.advance(1)
        tokens.get()
        assert len(server.received) == 2


def test_fifty_threads_with_an_empty_cache_make_one_token_request() -> None:
    def slowly(line: Line) -> bool:
        line.closing.wait(0.05)
        return granted()(line)

    with LoopbackServer([slowly]) as server:
        tokens = TokenSource(connection(server), SystemClock())
        found = at_once(50, tokens.get)
        assert len(server.received) == 1
    assert len(found) == 50
    assert len({token.generation for token in found}) == 1


def test_fifty_threads_refused_with_the_same_token_make_one_refresh() -> None:
    with LoopbackServer([granted("first"), granted("second")]) as server:
        tokens = TokenSource(connection(server), SystemClock())
        stale = tokens.get()
        found = at_once(50, lambda: tokens.refresh(stale))
        assert len(server.received) == 2
    assert {token.value.get_secret_value() for token in found} == {"second"}


def test_whoever_comes_late_with_a_stale_token_gets_the_new_one() -> None:
    with LoopbackServer([granted("first"), granted("second")]) as server:
        tokens = TokenSource(connection(server), ManualClock())
        stale = tokens.get()
        second = tokens.refresh(stale)
        assert tokens.refresh(stale) is second
        assert tokens.get() is second
        assert len(server.received) == 2


def test_a_failed_fetch_is_shared_by_those_who_waited_and_forgotten_after() -> None:
    asking = threading.Semaphore(0)
    failed: list[TokenError] = []

    def once_all_ask(line: Line) -> bool:
        for _ in range(20):
            asking.acquire(timeout=5)
        line.closing.wait(0.1)
        return answer(502, body="<html>Bad gateway</html>", headers={"Content-Type": "text/html"})(line)

    with LoopbackServer([once_all_ask, granted()]) as server:
        tokens = TokenSource(connection(server, timeout_seconds=10), SystemClock())

        def attempt() -> Token:
            asking.release()
            try:
                return tokens.get()
            except TokenError as error:
                failed.append(error)
                return Token(SecretStr(""), SystemClock().now(), 0)

        at_once(20, attempt)
        assert (len(failed), len(server.received)) == (20, 1)
        assert tokens.get().generation == 1


@pytest.mark.parametrize(
    "step",
    [
        answer(502, body="<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
        answer(500, {}),
        answer(503, {}),
        answer(408, {}),
        answer(200, body="<html>Maintenance</html>", headers={"Content-Type": "text/html"}),
        answer(200, body="no json"),
        drop_after_reading(),
    ],
    ids=["HTML 502", "500", "503", "408", "HTML 200", "not JSON", "dropped"],
)
def test_a_token_server_in_trouble_is_worth_another_try(step: Step) -> None:
    error = refused(step)
    assert (error.code, error.retryable) == ("token_unavailable", True)
    assert "html" not in error.message.lower()


def test_a_token_server_that_drips_is_cut_off_in_time() -> None:
    with LoopbackServer([drip(every=0.02)]) as server, pytest.raises(TokenError) as caught:
        TokenSource(connection(server, timeout_seconds=0.15), SystemClock()).get()
    assert caught.value.retryable


def test_a_token_server_that_is_not_there_is_worth_another_try() -> None:
    with LoopbackServer([granted()]) as server:
        settings = connection(server)
    with pytest.raises(TokenError) as caught:
        TokenSource(settings, ManualClock()).get()
    assert (caught.value.code, caught.value.retryable) == ("token_unavailable", True)


def test_a_token_server_that_asks_to_slow_down_names_the_floor() -> None:
    error = refused(answer(429, {}, headers={"Retry-After": "17"}))
    assert (error.code, error.retryable, error.floor_seconds) == ("rate_limited", True, 17.0)


@pytest.mark.parametrize(
    "step",
    [answer(401, {"error": "invalid_client"}), answer(400, {"error": "invalid_client"}), answer(401, body="no")],
)
def test_wrong_credentials_are_final_and_say_what_to_check(step: Step) -> None:
    error = refused(step)
    assert (error.code, error.retryable) == ("authentication_failed", False)
    assert "Authentication failed" in error.message
    assert "privacy:read privacy:write" in error.advice
    assert "data:read for analytics category erasure" in error.advice
    assert "type is client credentials" in error.advice


def test_a_scope_not_granted_is_named() -> None:
    for step in (answer(400, {"error": "invalid_scope"}), answer(403, {})):
        error = refused(step, contract="genesys-purposes")
        assert (error.code, error.retryable) == ("not_authorised", False)
        assert "privacy:purpose:write" in error.advice
        assert "data:read" not in error.advice


@pytest.mark.parametrize("status", [302, 307, 404])
def test_an_address_that_is_no_token_endpoint_is_final(status: int) -> None:
    error = refused(answer(status, {}, headers={"Location": "https://elsewhere.example.com/"}))
    assert (error.code, error.retryable) == ("token_unavailable", False)


@pytest.mark.parametrize(
    "step",
    [
        granted(token_type="mac"),
        granted(token_type=5),
        granted("two\nlines"),
        granted("with space"),
        granted("tab\t"),
        granted("ümlaut"),
        granted(""),
        granted("x" * 65536),
        granted(access_token=None),
        granted(access_token=["a"]),
        answer(200, []),
        answer(200, body='{"access_token": "a", "access_token": "b"}'),
        gzip_bomb(50),
    ],
)
def test_an_answer_that_breaks_the_contract_is_refused(step: Step) -> None:
    error = refused(step)
    assert (error.code, error.retryable) == ("contract_violation", False)


def test_a_token_of_another_type_is_named_as_the_reason() -> None:
    assert "bearer" in refused(granted(token_type="mac")).message


def test_a_connection_without_credentials_asks_nobody() -> None:
    with LoopbackServer([granted()]) as server, pytest.raises(TokenError) as caught:
        TokenSource(connection(server, client_secret=""), ManualClock()).get()
    assert (caught.value.code, caught.value.retryable) == ("authentication_failed", False)
    assert server.received == []


def test_no_token_secret_or_server_text_appears_in_logs_reprs_or_errors(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    steps = [granted(), answer(401, {"error": "invalid_client", "error_description": f"{SECRET} canary-token"})]
    with LoopbackServer(steps) as server:
        settings = connection(server)
        tokens = TokenSource(settings, ManualClock())
        token = tokens.get()
        with pytest.raises(TokenError) as caught:
            tokens.refresh(token)
    shown = f"{caplog.text} {token!r} {tokens!r} {settings!r} {caught.value!r} {caught.value} {caught.value.__cause__}"
    assert SECRET not in shown
    assert "canary-token" not in shown
    assert "***" in repr(token)
