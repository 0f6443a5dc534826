"""The simulated CXone: requests are created once, tracked to their end, and checked by the vendor itself."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.sandbox.vendor import Vendor, erasure, eventually, new_subject


def acted(vendor: Vendor, key: str) -> dict[str, int]:
    counts: dict[str, int] = vendor.seen("counts")["by_idempotency_key"][key]
    return counts


def test_a_request_is_processing_and_later_completed(vendor: Vendor) -> None:
    payload = erasure()
    answer = vendor.submit(payload)
    assert answer.status_code == 202
    assert answer.json()["status"] == "PROCESSING"

    request_id = answer.json()["id"]
    assert vendor.track(request_id).json()["status"] == "PROCESSING"
    vendor.clock.advance(3)
    done = vendor.track(request_id).json()

    assert done["status"] == "COMPLETED"
    assert {name: done[name] for name in ("subjectId", "categories", "scope")} == {
        name: payload[name] for name in ("subjectId", "categories", "scope")
    }
    assert done["durationMs"] > 0
    assert {entry["entity"] for entry in done["cascade"]} == {"CONTACT", "CONVERSATION", "CHAT", "TRANSCRIPT"}
    assert done["recordsAffected"] == sum(entry["records"] for entry in done["cascade"]) > 0


def test_the_same_subject_has_the_same_outcome_every_time(vendor: Vendor) -> None:
    payload = erasure()
    ids = [vendor.submit(payload).json()["id"] for _ in range(2)]
    vendor.clock.advance(3)

    first, second = (vendor.track(request_id).json() for request_id in ids)

    assert first.pop("id") != second.pop("id")
    assert first == second


def test_an_access_request_removes_nothing(vendor: Vendor) -> None:
    request_id = vendor.submit(erasure(type="ACCESS")).json()["id"]
    vendor.clock.advance(3)

    done = vendor.track(request_id).json()

    assert done["cascade"] == []
    assert done["recordsAffected"] > 0


def test_an_id_that_was_never_given_is_not_found(vendor: Vendor) -> None:
    assert vendor.track("no-such-request").status_code == 404


def test_the_same_key_and_payload_again_is_the_same_answer_and_acts_once(vendor: Vendor) -> None:
    payload, key = erasure(), new_subject("key")

    first, second = vendor.submit(payload, key), vendor.submit(dict(reversed(payload.items())), key)

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert acted(vendor, key) == {"attempts": 2, "acted": 1}
    assert len(vendor.seen(f"requests?subject={payload['subjectId']}")["requests"]) == 1


def test_the_same_key_with_another_payload_is_422(vendor: Vendor) -> None:
    key = new_subject("key")
    vendor.submit(erasure(), key)

    assert vendor.submit(erasure(), key).status_code == 422
    assert acted(vendor, key) == {"attempts": 2, "acted": 1}


def test_the_same_key_while_the_first_is_in_flight_is_409(vendor: Vendor) -> None:
    payload, key = erasure(), new_subject("key")
    headers = vendor.bearer("cxone") | {"Idempotency-Key": key}

    def submit() -> requests.Response:
        return vendor.call("POST", "/cxone/api/v2/privacy/requests", json=payload, headers=headers)

    vendor.fault(latency={"next": 1}, latency_ms=100)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(submit)
        eventually(lambda: vendor.seen("attempts")["attempts"][0]["idempotency_key"] == key)

        assert submit().status_code == 409
        assert slow.result().status_code == 202
    assert vendor.submit(payload, key).json()["id"] == slow.result().json()["id"]
    assert acted(vendor, key) == {"attempts": 3, "acted": 1}


def test_a_refused_payload_does_not_use_the_key_up(vendor: Vendor) -> None:
    key = new_subject("key")
    assert vendor.submit(erasure(scope="EVERYTHING"), key).status_code == 400

    assert vendor.submit(erasure(), key).status_code == 202


def test_without_a_key_every_submission_is_a_new_request(vendor: Vendor) -> None:
    payload = erasure()

    assert vendor.submit(payload).json()["id"] != vendor.submit(payload).json()["id"]
    assert vendor.seen("counts")["by_subject"][payload["subjectId"]] == 2


def test_a_key_can_be_made_compulsory(vendor: Vendor) -> None:
    vendor.fault(idempotency_required=True)

    assert vendor.submit(erasure()).json()["error"] == "idempotency_key_missing"
    assert vendor.submit(erasure(), new_subject("key")).status_code == 202


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"subjectId": "USR-1\n"}, "subjectId"),
        ({"subjectId": "a/b"}, "subjectId"),
        ({"subjectId": "x" * 129}, "subjectId"),
        ({"subjectId": 8847291}, "subjectId"),
        ({"type": "DELETE"}, "type"),
        ({"categories": []}, "categories"),
        ({"categories": "CONTACT"}, "categories"),
        ({"categories": ["CONTACT", {}]}, "categories"),
        ({"categories": ["CONTACT", "CONTACT"]}, "categories"),
        ({"scope": "EVERYTHING"}, "scope"),
        ({"scope": "ALL", "categories": ["CONTACT", "SURVEY", "IVR", "CHAT", "EMAIL", "SMS"]}, "scope depth"),
        ({"callbackUrl": "not a url"}, "callbackUrl"),
        ({"callbackUrl": "https://[::1"}, "callbackUrl"),
        ({"description": "x" * 256}, "description"),
        ({"priority": "high"}, "priority"),
    ],
)
def test_a_wrong_field_is_refused_by_name(vendor: Vendor, wrong: dict[str, Any], named: str) -> None:
    answer = vendor.submit(erasure() | wrong)

    assert answer.status_code == 400
    assert named in answer.json()["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(vendor: Vendor, body: bytes) -> None:
    headers = vendor.bearer("cxone")

    answer = vendor.call("POST", "/cxone/api/v2/privacy/requests", data=body, headers=headers)

    assert answer.status_code == 400


def test_a_body_over_1_mib_is_refused(vendor: Vendor) -> None:
    assert vendor.submit(erasure(description="x" * (1 << 20))).status_code == 413


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("SANDBOX-FAILED", {"status": "FAILED", "recordsAffected": 0}),
        ("SANDBOX-NOTHING", {"status": "COMPLETED", "recordsAffected": 0, "cascade": []}),
        ("SANDBOX-PARTIAL", {"status": "PARTIAL"}),
        ("SANDBOX-UNKNOWN", {"status": "ARCHIVED"}),
        ("SANDBOX-SLOW", {"status": "PROCESSING"}),
    ],
)
def test_reserved_subjects_end_as_announced(vendor: Vendor, prefix: str, expected: dict[str, Any]) -> None:
    assert prefix in vendor.seen("about")["reserved_subjects"]
    request_id = vendor.submit(erasure(new_subject(prefix))).json()["id"]
    vendor.clock.advance(3600)

    done = vendor.track(request_id).json()

    assert {name: done[name] for name in expected} == expected
    assert ("errorMessage" in done) == (prefix in {"SANDBOX-FAILED", "SANDBOX-PARTIAL"})


@pytest.mark.parametrize(
    ("prefix", "status", "code"),
    [("SANDBOX-REJECTED", 400, "retention_constraint"), ("SANDBOX-FORBIDDEN", 403, "insufficient_scope")],
)
def test_reserved_subjects_are_refused_as_announced(vendor: Vendor, prefix: str, status: int, code: str) -> None:
    subject = new_subject(prefix)

    answer = vendor.submit(erasure(subject))

    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert subject not in vendor.seen("counts")["by_subject"]
