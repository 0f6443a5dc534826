"""The token endpoints: who gets a token, for what, and for how long."""

import pytest

from core.sandbox.faults import revoke_tokens
from tests.sandbox.vendor import Vendor, erasure


@pytest.mark.parametrize("connection", ["cxone", "genesys"])
def test_the_right_credentials_get_a_token_for_an_hour(vendor: Vendor, connection: str) -> None:
    answer = vendor.ask_token(connection)

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3600
    assert answer.json()["token_type"] == "bearer"


def test_credentials_may_come_as_http_basic(vendor: Vendor) -> None:
    answer = vendor.call(
        "POST",
        "/cxone/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(vendor.address.client_id, vendor.address.client_secret.get_secret_value()),
    )

    assert answer.status_code == 200


def test_wrong_credentials_are_an_invalid_client(vendor: Vendor) -> None:
    answer = vendor.ask_token("cxone", client_secret="wrong")

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_broken_basic_credentials_are_an_invalid_client(vendor: Vendor) -> None:
    answer = vendor.call(
        "POST",
        "/cxone/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": "Basic not base64"},
    )

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_another_grant_is_refused(vendor: Vendor) -> None:
    assert vendor.ask_token("cxone", grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_scope_that_the_vendor_does_not_know_is_refused(vendor: Vendor) -> None:
    answer = vendor.ask_token("cxone", scope="privacy:read everything")

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_scope", "message": "Unknown scope: everything"}


def test_a_token_without_the_scope_is_forbidden_and_the_scope_is_named(vendor: Vendor) -> None:
    headers = vendor.bearer("cxone", scope="privacy:read")

    answer = vendor.call("POST", "/cxone/api/v2/privacy/requests", json=erasure(), headers=headers)

    assert answer.status_code == 403
    assert "privacy:write" in answer.json()["message"]


def test_no_token_is_401(vendor: Vendor) -> None:
    answer = vendor.call("GET", "/cxone/api/v2/privacy/requests/any")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_of_one_vendor_does_not_open_the_other(vendor: Vendor) -> None:
    answer = vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=vendor.bearer("cxone"))

    assert answer.status_code == 401


def test_a_token_expires_after_an_hour(vendor: Vendor) -> None:
    headers = vendor.bearer("genesys")
    vendor.clock.advance(3599)
    assert vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=headers).status_code == 200

    vendor.clock.advance(1)

    assert vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=headers).status_code == 401


def test_revoked_tokens_are_worthless_at_once(vendor: Vendor) -> None:
    headers, other = vendor.bearer("genesys"), vendor.bearer("cxone")

    assert revoke_tokens(vendor.folder, "genesys") >= 1

    assert vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=headers).status_code == 401
    assert vendor.call("GET", "/cxone/api/v2/privacy/requests/none", headers=other).status_code == 404
