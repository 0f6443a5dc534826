"""One exchange stays within its bounds whatever the other side does."""

import datetime as dt
import errno
import gzip
import ipaddress
import logging
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.auth.transport import IDLE_SECONDS, Failure, Reply, Stage, Transport
from core.clock import SystemClock
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

# Far over every deadline here, for a busy machine's sake, and far under the 30 s that any dripping answer takes.
SOON = 3000
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def exchange(*script: Step, timeout: float = 2.0, resets: int = 0, method: str = "GET") -> Reply:
    with LoopbackServer(script, resets=resets) as server:
        transport = Transport(SystemClock(), timeout_seconds=timeout)
        try:
            return transport.send(method, f"{server.url}/x", headers={})
        finally:
            transport.close()


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport(SystemClock(), timeout_seconds=5)
    yield transport
    transport.close()


@pytest.fixture
def hasty() -> Iterator[Transport]:
    transport = Transport(SystemClock(), timeout_seconds=0.25)
    yield transport
    transport.close()


def test_a_whole_answer_comes_back_with_its_status_headers_and_body() -> None:
    reply = exchange(answer(202, {"id": "A1"}, headers={"X-Trace": "7"}))
    assert (reply.status, reply.body, reply.failure) == (202, b'{"id": "A1"}', None)
    assert reply.headers["x-trace"] == "7"


@pytest.mark.parametrize(
    "step",
    [
        silence(),
        drip(every=0.03),
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000, every=0.03, head=b""),
        drip(b"1\r\na\r\n" * 200, every=0.03, head=CHUNKED),
    ],
    ids=["never answers", "drips the body", "drips the head", "drips chunks"],
)
def test_the_deadline_is_of_the_wall_clock_however_the_answer_trickles(step: Step) -> None:
    reply = exchange(step, timeout=0.2)
    assert reply.failure is Failure.TIMED_OUT
    assert 200 <= reply.elapsed_ms < SOON


@pytest.mark.parametrize(
    "step",
    [
        truncated(),
        bad_chunk(),
        drop_after_reading(),
        raw(CHUNKED + b"4\r\nabcd\r\n"),
        raw(CHUNKED + b"8\r\nabcd"),
        raw(b"\x00\xff\x01" * 1000),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"1" * 200_000),
        answer(body=gzip.compress(b"{}")[:-3], headers={"Content-Encoding": "gzip"}),
        answer(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    ],
    ids=[
        "short",
        "bad chunk",
        "dropped",
        "no last chunk",
        "short chunk",
        "noise",
        "endless header",
        "gzip cut",
        "no gzip",
    ],
)
def test_a_broken_answer_is_an_interruption(step: Step) -> None:
    reply = exchange(step)
    assert (reply.failure, reply.body, reply.stage) == (Failure.INTERRUPTED, b"", Stage.READ)


@pytest.mark.parametrize("error", [ConnectionResetError, BrokenPipeError, TimeoutError, OSError])
def test_a_connection_that_breaks_while_it_is_made_sent_nothing(
    error: type[OSError], transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise error(errno.ECONNRESET, "reset")

    monkeypatch.setattr(socket.socket, "connect", broken)
    for scheme in ("http", "https"):
        reply = transport.send("POST", f"{scheme}://127.0.0.1:9/", headers={}, body=b"x")
        assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.CONNECT)


def test_a_connection_reset_before_a_byte_is_read_counts_as_interrupted_because_the_request_had_left() -> None:
    assert exchange(answer(), resets=1).failure is Failure.INTERRUPTED


@pytest.mark.parametrize(
    "step",
    [gzip_bomb(200), answer(body=b"x" * (1024 * 1024 + 1)), raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 150_000)],
    ids=["gzip bomb", "one byte too many", "endless interim answers"],
)
def test_an_answer_over_the_cap_is_cut_off(step: Step) -> None:
    reply = exchange(step)
    assert (reply.failure, reply.body) == (Failure.TOO_LARGE, b"")


def test_a_bomb_is_never_inflated_in_memory() -> None:
    bomb = gzip_bomb(200)
    tracemalloc.start()
    try:
        assert exchange(bomb).failure is Failure.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_an_answer_of_exactly_the_cap_passes() -> None:
    assert len(exchange(answer(body=b"x" * 1024 * 1024)).body) == 1024 * 1024


def test_gzip_is_decoded_and_any_other_encoding_refused() -> None:
    assert exchange(answer(body=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})).body == b"{}"
    assert exchange(answer(body=b"x", headers={"Content-Encoding": "br"})).failure is Failure.ENCODED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with LoopbackServer([answer(200)]) as elsewhere:
        reply = exchange(answer(status, {}, headers={"Location": f"{elsewhere.url}/stolen"}), method="POST")
        assert reply.status == status
        assert elsewhere.received == []


def test_a_redirect_to_nonsense_with_a_bomb_for_a_body_is_still_bounded() -> None:
    bomb = gzip_bomb(50)
    assert exchange(bomb).failure is Failure.TOO_LARGE
    assert exchange(answer(302, {}, headers={"Location": "http://[nonsense"})).status == 302


def test_a_refused_connection_sent_nothing(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    reply = transport.send("POST", f"http://127.0.0.1:{port}/", headers={}, body=b"x")
    assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.CONNECT)


def test_a_host_without_an_address_sent_nothing(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    reply = transport.send("POST", "http://vendor.example.com/", headers={}, body=b"x")
    assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.RESOLVE)


def test_a_look_up_that_hangs_ends_with_the_deadline(hasty: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hangs(*_: Any) -> Any:
        released.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    reply = hasty.send("GET", "http://vendor.example.com/", headers={})
    released.set()
    assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.RESOLVE)
    assert 250 <= reply.elapsed_ms < SOON


def test_the_second_address_of_a_host_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    with LoopbackServer([answer(200)]) as server:
        alive = ("127.0.0.1", server.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        transport = Transport(SystemClock(), timeout_seconds=2)
        assert transport.send("GET", "http://vendor.example.com/", headers={}).status == 200
        transport.close()


def _tls(folder: Path) -> Callable[[socket.socket], socket.socket]:
    """What makes TLS of a socket, with a certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    day = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return lambda sock: context.wrap_socket(sock, server_side=True)


def test_a_certificate_nobody_vouches_for_sent_nothing_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = _tls(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
    with LoopbackServer([answer(200)], wrap=tls) as server:
        transport = Transport(SystemClock(), timeout_seconds=2)
        reply = transport.send("POST", f"https://127.0.0.1:{server.port}/", headers={}, body=b"secret")
        transport.close()
        assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.TLS)
        assert server.received == []


def test_a_verified_tls_connection_obeys_the_same_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = _tls(tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "server.pem"))
    with LoopbackServer([answer(200, {"a": 1}), drip(every=0.03)], wrap=tls) as server:
        transport = Transport(SystemClock(), timeout_seconds=0.8)
        url = f"https://127.0.0.1:{server.port}/"
        assert transport.send("GET", url, headers={}).body == b'{"a": 1}'
        slow = transport.send("GET", url, headers={})
        transport.close()
        assert (slow.failure, slow.elapsed_ms < SOON, server.connections) == (Failure.TIMED_OUT, True, 1)


def test_a_tls_handshake_that_never_comes_sent_nothing(hasty: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        reply = hasty.send("POST", f"https://127.0.0.1:{mute.getsockname()[1]}/", headers={}, body=b"x")
    assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.TLS)
    assert reply.elapsed_ms < SOON


def test_a_handshake_has_all_the_time_that_is_left_although_the_addresses_shared_it(
    hasty: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", mute.getsockname())] * 2
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        reply = hasty.send("GET", "https://vendor.example.com/", headers={})
    assert (reply.failure, reply.stage) == (Failure.NOT_SENT, Stage.TLS)
    assert 240 <= reply.elapsed_ms < SOON


def test_proxies_and_netrc_of_the_environment_are_not_used(
    transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    with LoopbackServer([answer(500)]) as proxy, LoopbackServer([answer(200)]) as server:
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert transport.send("GET", server.url, headers={}).status == 200
        assert proxy.received == []
        assert "authorization" not in server.received[0].headers


def test_cookies_are_not_kept(transport: Transport) -> None:
    with LoopbackServer([answer(200, {}, headers={"Set-Cookie": "session=1"})]) as server:
        transport.send("GET", server.url, headers={})
        transport.send("GET", server.url, headers={})
        assert "cookie" not in server.received[1].headers


def test_connections_are_used_again_but_not_after_a_long_silence_and_not_for_a_fresh_one() -> None:
    clock = ManualClock()
    transport = Transport(clock, timeout_seconds=2)
    with LoopbackServer([answer(200)]) as server:
        transport.send("GET", server.url, headers={})
        transport.send("GET", server.url, headers={})
        assert server.connections == 1
        clock.advance(IDLE_SECONDS)
        transport.send("GET", server.url, headers={})
        assert server.connections == 2
        transport.send("POST", server.url, headers={}, fresh=True)
        assert server.connections == 3
    transport.close()


def test_nothing_is_sent_twice_by_itself() -> None:
    unavailable = answer(503, {}, headers={"Retry-After": "0"})
    with LoopbackServer([unavailable, drop_after_reading()]) as server:
        transport = Transport(SystemClock(), timeout_seconds=1)
        assert transport.send("POST", server.url, headers={}, body=b"x").status == 503
        assert transport.send("POST", server.url, headers={}, body=b"x").failure is Failure.INTERRUPTED
        transport.close()
        assert len(server.received) == 2


def test_many_threads_share_one_transport(transport: Transport) -> None:
    with LoopbackServer([answer(200, {"ok": True})]) as server:
        replies: list[Reply] = []
        threads = [
            threading.Thread(target=lambda: replies.append(transport.send("GET", server.url, headers={})))
            for _ in range(30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [reply.body for reply in replies] == [b'{"ok": true}'] * 30


def test_no_log_record_leaves_the_http_library_at_any_level(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with LoopbackServer([raw(b"HTTP/1.1 200 OK\r\n: x\r\nfoo\r\nContent-Length: 2\r\n\r\n{}")]) as server:
        transport.send("GET", f"{server.url}/people?subject=USR-8847291", headers={"Authorization": "Bearer s3cret"})
    assert caplog.records == []


def test_the_repr_of_a_reply_keeps_the_body_to_itself() -> None:
    assert "USR-8847291" not in repr(exchange(answer(200, {"subjectId": "USR-8847291"})))
