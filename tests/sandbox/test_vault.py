"""The simulated vault: takes what is signed, once."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook

from tests.sandbox.vendor import Vendor, new_subject


def send(vendor: Vendor, record: Any, webhook_id: str, **changed: str) -> requests.Response:
    """A record signed by the reference implementation of Standard Webhooks."""
    body = json.dumps(record)
    now: datetime = vendor.clock.now()
    secret = vendor.address.vault_secret.get_secret_value()
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, now, body),
    }
    return vendor.call("POST", "/vault/records", data=body, headers=headers | changed)


def stored(vendor: Vendor, webhook_id: str) -> list[Any]:
    records = vendor.call("GET", "/vault/records").json()["records"]
    return [entry["record"] for entry in records if entry["webhookId"] == webhook_id]


def test_a_signed_record_is_stored_once_however_often_it_comes(vendor: Vendor) -> None:
    webhook_id, record = new_subject("msg"), {"requestId": "r-1", "status": "COMPLETED"}

    statuses = [send(vendor, record, webhook_id).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert stored(vendor, webhook_id) == [record]


def test_another_record_under_the_same_id_is_a_conflict(vendor: Vendor) -> None:
    webhook_id = new_subject("msg")
    send(vendor, {"n": 1}, webhook_id)

    assert send(vendor, {"n": 2}, webhook_id).status_code == 409
    assert stored(vendor, webhook_id) == [{"n": 1}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,ÿ"},
        {"webhook-id": "another"},
        {"webhook-id": ""},
        {"webhook-timestamp": "abc"},
        {"webhook-timestamp": "1" * 5000},
    ],
)
def test_a_record_with_a_wrong_signature_is_not_stored(vendor: Vendor, wrong: dict[str, str]) -> None:
    before = vendor.seen("counts")["vault_records"]

    assert send(vendor, {"n": 1}, new_subject("msg"), **wrong).status_code == 401
    assert vendor.seen("counts")["vault_records"] == before


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 200), (299, 200), (301, 401)])
def test_a_signature_is_good_for_five_minutes_either_way(vendor: Vendor, seconds: int, status: int) -> None:
    webhook_id, body = new_subject("msg"), "{}"
    then = vendor.clock.now() + timedelta(seconds=seconds)
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(then.timestamp())),
        "webhook-signature": Webhook(vendor.address.vault_secret.get_secret_value()).sign(webhook_id, then, body),
    }

    assert vendor.call("POST", "/vault/records", data=body, headers=headers).status_code == status


def test_a_signed_body_that_is_no_json_object_is_refused(vendor: Vendor) -> None:
    assert send(vendor, ["not an object"], new_subject("msg")).status_code == 400
