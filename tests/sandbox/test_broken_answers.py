"""Broken answers over real sockets: each fault does what its name says, and the deed is done whole or not at all."""

import gzip
import http.client
import io
import json
import socket
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.vendor import Vendor, erasure, eventually, new_subject, running


def created(vendor: Vendor, payload: dict[str, Any]) -> int:
    """How many requests the vendor has really made for this payload's subject."""
    number: int = vendor.seen("counts")["by_subject"].get(payload["subjectId"], 0)
    return number


def raw_submit(vendor: Vendor, payload: dict[str, Any]) -> bytes:
    """Everything that the vendor sends back to a submission, until it closes; raises what the socket raises."""
    bearer, body = vendor.bearer("cxone")["Authorization"], json.dumps(payload).encode()
    where = urlsplit(vendor.address.url)
    head = (
        "POST /cxone/api/v2/privacy/requests HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Authorization: {bearer}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    received = bytearray()
    with socket.create_connection((str(where.hostname), where.port or 0), timeout=5) as connection:
        connection.sendall(head.encode() + body)
        while part := connection.recv(65536):
            received += part
    return bytes(received)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_connection_is_a_reset_without_a_single_byte(vendor: Vendor, kind: str) -> None:
    payload = erasure()
    vendor.fault("cxone", **{kind: {"next": 1}})

    with pytest.raises(ConnectionResetError):
        raw_submit(vendor, payload)

    assert created(vendor, payload) == (kind == "drop_after")


def test_a_truncated_answer_is_shorter_than_it_says(vendor: Vendor) -> None:
    payload = erasure()
    vendor.fault(truncated={"next": 1})

    head, _, body = raw_submit(vendor, payload).partition(b"\r\n\r\n")

    promised = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-len"))
    assert head.startswith(b"HTTP/1.1 202")
    assert 0 < len(body) < promised
    assert created(vendor, payload) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncated"])
def test_an_ordinary_client_sees_a_broken_connection(vendor: Vendor, kind: str) -> None:
    vendor.fault("cxone", **{kind: {"next": 1}})

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        vendor.submit(erasure())
    assert vendor.submit(erasure()).status_code == 202


def test_a_lost_answer_is_found_again_with_the_same_key(vendor: Vendor) -> None:
    payload, key = erasure(), new_subject("key")
    vendor.fault(drop_after={"next": 1})
    with pytest.raises(requests.ConnectionError):
        vendor.submit(payload, key)

    again = vendor.submit(payload, key)

    assert again.status_code == 202
    assert created(vendor, payload) == 1


def test_a_slow_answer_comes_byte_by_byte(vendor: Vendor) -> None:
    vendor.fault(slow_drip={"next": 1}, slow_drip_ms=1)
    where = urlsplit(vendor.address.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=5)
    connection.request("GET", "/cxone/api/v2/privacy/requests/none", headers=vendor.bearer("cxone"))
    answer = connection.getresponse()
    parts = []
    while part := answer.read1(65536):
        parts.append(part)
    connection.close()

    assert json.loads(b"".join(parts))["error"] == "not_found"
    assert len(parts) > 20


def test_a_client_that_leaves_a_slow_answer_disturbs_nobody(vendor: Vendor) -> None:
    vendor.fault(slow_drip={"next": 1}, slow_drip_ms=10)
    where = urlsplit(vendor.address.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=5)
    connection.request("GET", "/cxone/api/v2/privacy/requests/none", headers=vendor.bearer("cxone"))
    answer = connection.getresponse()
    assert answer.read(1) == b"{"
    answer.close()
    connection.close()

    assert vendor.submit(erasure()).status_code == 202


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncated", "slow_drip", "error_500"])
def test_a_client_that_has_left_before_the_fault_disturbs_nobody(
    folder: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    with running(folder) as vendor:
        headers = vendor.bearer("cxone")
        vendor.fault("cxone", **{kind: {"next": 1}}, latency={"next": 1}, latency_ms=100)
        with pytest.raises(requests.Timeout):
            requests.get(f"{vendor.address.url}/cxone/api/v2/privacy/requests/any", headers=headers, timeout=0.03)

    assert not caplog.records


def test_latency_delays_the_answer_but_not_other_calls(vendor: Vendor) -> None:
    vendor.fault(latency={"next": 1}, latency_ms=100)
    headers = vendor.bearer("genesys")
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{vendor.address.url}/cxone/api/v2/privacy/requests",
            json=(payload := erasure()),
            headers=vendor.bearer("cxone"),
            timeout=0.05,
        )
    assert vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=headers).status_code == 200

    eventually(lambda: created(vendor, payload) == 1)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("seconds", "7"),
        ("fraction", "7.5"),
        ("year_9999", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("huge", "9999999999"),
        ("negative", "-1"),
        ("nan", "NaN"),
        ("text", "abc"),
        ("empty", ""),
        ("list", "120, 60"),
        ("zero", "0"),
        ("non_latin1", "١٢٠".encode().decode("latin-1")),
        ("absent", None),
    ],
)
def test_retry_after_comes_in_every_form(vendor: Vendor, form: str, expected: str | None) -> None:
    payload = erasure()
    vendor.fault(rate_limited={"next": 1}, retry_after=form, retry_after_seconds=7)

    answer = vendor.submit(payload)

    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == expected
    assert created(vendor, payload) == 0


@pytest.mark.parametrize(("form", "seconds"), [("http_date", 7), ("past_date", -3600)])
def test_retry_after_as_a_date_agrees_with_the_date_header(vendor: Vendor, form: str, seconds: int) -> None:
    vendor.fault(rate_limited={"next": 1}, retry_after=form, retry_after_seconds=7)

    headers = vendor.submit(erasure()).headers

    wait = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])
    assert wait.total_seconds() == seconds


@pytest.mark.parametrize(("kind", "status"), [("error_500", 500), ("error_503", 503)])
@pytest.mark.parametrize("acts", [False, True])
def test_a_server_error_may_come_before_or_after_the_deed(vendor: Vendor, kind: str, status: int, acts: bool) -> None:
    payload, key = erasure(), new_subject("key")
    vendor.fault("cxone", **{kind: {"next": 1}}, act_before_error=acts)

    assert vendor.submit(payload, key).status_code == status

    assert created(vendor, payload) == acts
    assert vendor.submit(payload, key).status_code == 202
    assert created(vendor, payload) == 1


def test_a_good_token_can_be_called_expired(vendor: Vendor) -> None:
    vendor.fault(expired_token={"next": 1})
    headers = vendor.bearer("cxone")

    answers = [vendor.call("GET", "/cxone/api/v2/privacy/requests/none", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 404]


@pytest.mark.parametrize("kind", ["invalid", "huge_integer", "deep", "html"])
def test_a_body_that_no_parser_takes(vendor: Vendor, kind: str) -> None:
    payload = erasure()
    vendor.fault(wrong_json={"next": 1}, wrong_json_kind=kind)

    answer = vendor.submit(payload)

    assert answer.headers["Content-Type"].startswith("text/html" if kind == "html" else "application/json")
    assert answer.status_code == (200 if kind == "html" else 202)
    with pytest.raises((ValueError, RecursionError)):
        json.loads(answer.content)
    assert created(vendor, payload) == 1


@pytest.mark.parametrize(("kind", "mark"), [("duplicate_keys", b'"status":"FAILED"'), ("nan", b":NaN")])
def test_a_body_that_only_a_strict_parser_refuses(vendor: Vendor, kind: str, mark: bytes) -> None:
    vendor.fault(wrong_json={"next": 1}, wrong_json_kind=kind)

    answer = vendor.submit(erasure())

    assert isinstance(json.loads(answer.content), dict)
    assert mark in answer.content


def test_an_oversized_answer_is_valid_json_of_more_than_1_mib(vendor: Vendor) -> None:
    vendor.fault(oversized={"next": 1})

    answer = vendor.submit(erasure())

    assert len(answer.content) > 1 << 20
    assert answer.json()["status"] == "PROCESSING"


def test_a_gzip_bomb_is_small_on_the_wire_and_huge_after(vendor: Vendor) -> None:
    vendor.fault(gzip_bomb={"next": 1})

    head, _, body = raw_submit(vendor, erasure()).partition(b"\r\n\r\n")

    assert b"content-encoding: gzip" in head.lower()
    assert len(body) < 300_000
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
        assert unpacked.read(6) == b'{"id":'
        assert len(unpacked.read(8 << 20)) == 8 << 20


def test_a_status_that_no_contract_names(vendor: Vendor) -> None:
    request_id = vendor.submit(erasure()).json()["id"]
    vendor.clock.advance(3)
    vendor.fault(unknown_status={"next": 1}, unknown_status_text="completed")

    assert [vendor.track(request_id).json()["status"] for _ in range(2)] == ["completed", "COMPLETED"]


@pytest.mark.parametrize(
    ("kind", "value"), [("negative", -1), ("text", "12"), ("float", 1e30), ("null", None), ("missing", "not there")]
)
def test_a_number_of_records_that_cannot_be(vendor: Vendor, kind: str, value: Any) -> None:
    request_id = vendor.submit(erasure()).json()["id"]
    vendor.fault(wrong_records={"next": 1}, wrong_records_kind=kind)
    assert "recordsAffected" not in vendor.track(request_id).json(), "a fault waits for an answer that it fits"
    vendor.clock.advance(3)

    assert vendor.track(request_id).json().get("recordsAffected", "not there") == value
    assert vendor.track(request_id).json()["recordsAffected"] > 0


def test_a_new_request_can_be_given_the_id_of_another(vendor: Vendor) -> None:
    earlier = vendor.submit(erasure()).json()["id"]
    vendor.fault(repeated_id={"next": 1})

    assert vendor.submit(payload := erasure()).json()["id"] == earlier
    assert created(vendor, payload) == 1


def test_pages_can_be_wrong(vendor: Vendor) -> None:
    right = [vendor.purposes(pageNumber=number).json() for number in (1, 2)]
    vendor.fault("genesys", wrong_pages={"next": 1}, wrong_pages_kind="no_pages")
    assert vendor.purposes(pageNumber=1).json() == right[0] | {"pageCount": 0}

    vendor.fault("genesys", wrong_pages={"next": 1}, wrong_pages_kind="same_page_again")
    assert vendor.purposes(pageNumber=2).json() == right[1] | {"entities": right[0]["entities"]}
