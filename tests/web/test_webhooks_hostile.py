"""Hostile webhook requests in any number: each is refused or dropped, none is accepted, none breaks the server."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clocks import ManualClock
from tests.web.conftest import Serve, Served
from tests.web.sender import OTHER_KEY, Headers, event, request, send, signed

NOW = ManualClock().now()  # where every served desk stands
Sent = tuple[bytes, bool]  # the bytes, and whether the sender hangs up behind them

_VENDOR_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

# Anything HTTP lets through in a header, and some that it does not.
header_values = st.one_of(
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"")),
    st.sampled_from(
        [b"", b"v1,", b"v1,a,b", b"-1", b"9" * 400, b"1e9", b"\xff\xfe", b"chunked", b"100-continue", b"0"]
    ),
    st.integers(0, 8192).map(lambda length: b"x" * length),
)
header_names = st.one_of(
    st.sampled_from(
        [
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
            "Content-Length",
            "Content-Encoding",
            "Content-Type",
            "Transfer-Encoding",
            "Expect",
            "Connection",
            "Upgrade",
            "Cookie",
            "X-Forwarded-For",
        ]
    ),
    st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,15}", fullmatch=True),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
bodies = st.one_of(
    st.binary(max_size=300),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.just(event()),
)


def is_event(body: bytes) -> bool:
    """Whether a body could be taken for an event: then it must not be sent with a good signature."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    known = value.get("requestId") if isinstance(value, dict) else None
    return isinstance(known, str) and bool(_VENDOR_ID.fullmatch(known))


@st.composite
def unsigned(draw: st.DrawFn) -> Sent:
    """A request whose signature is missing, of another connection's key, or made up; anything else may be wrong too."""
    method = draw(st.sampled_from(["POST"] * 12 + ["GET", "PUT", "TRACE", "post"]))
    path = draw(
        st.sampled_from(["/webhooks/cxone", "/webhooks/cxone?x=1", "/webhooks/other", "/webhooks/", "/webhooks"])
    )
    body = draw(bodies)
    headers: Headers = draw(st.dictionaries(header_names, header_values, max_size=2))
    if draw(st.integers(0, 3)):
        wrong = signed(body, NOW, key=OTHER_KEY if "cxone" in path else "whsec_" + "D" * 40)
        headers = {**wrong, **headers}
    length = draw(st.one_of(st.just(-1), st.just(-1), st.none(), st.integers(0, 400), st.integers(0, 2**70)))
    return request(method, path, headers, body, length=length), False


@st.composite
def signed_nonsense(draw: st.DrawFn) -> Sent:
    """What a vendor whose key is right may send although it is no event."""
    body = draw(bodies.filter(lambda body: not is_event(body)))
    return request("POST", "/webhooks/cxone", signed(body, NOW), body), False


@st.composite
def no_http(draw: st.DrawFn) -> Sent:
    """Bytes that are no request; the sender then hangs up, for the server would wait for the rest."""
    start = draw(st.sampled_from([b"", b"POST /webhooks/cxone HTTP/1.1\r\n", b"POST "]))
    return start + draw(st.binary(max_size=300)), True


hostile = st.one_of(unsigned(), unsigned(), unsigned(), signed_nonsense(), no_http())


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that does not wait long for a body that was announced and does not come."""
    with ExitStack() as stack:
        yield Serve(tmp_path_factory.mktemp("impatient"), stack)(read_seconds=0.02)


def stays_shut(served: Served, sent: Sent) -> None:
    raw, hangs_up = sent
    answer = send(served.url, raw, then_end=hangs_up)

    assert 400 <= answer.status < 500 or (hangs_up and answer.status == 0), answer
    assert served.stored() == []
    assert served.audited() == []


@given(sent=hostile)
@settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_200_hostile_requests_are_refused(impatient: Served, sent: Sent) -> None:
    stays_shut(impatient, sent)


@pytest.mark.full
@given(sent=hostile)
@settings(max_examples=10_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_10_000_hostile_requests_are_refused(impatient: Served, sent: Sent) -> None:
    stays_shut(impatient, sent)
