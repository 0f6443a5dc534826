"""The vault gets a signed record, once by its id, in the shape it asks for."""

import base64
from typing import Any

import pytest
from standardwebhooks import Webhook

from core.clients.outcomes import BreakerEffect, Decision
from core.clients.vault import Vault
from core.clock import SystemClock
from core.settings import VaultSettings
from tests.clocks import ManualClock
from tests.loopback import LoopbackServer, Step, answer, drop_after_reading, truncated

SECRET = "whsec_" + base64.b64encode(b"canary-key-of-32-bytes-exactly!!").decode()
RECORD = {
    "subjectId": "subj_0123456789abcdef0123456789abcdef",
    "requestId": "REQ-1",
    "status": "COMPLETED",
    "timestamp": "2026-11-21T09:00:00.000000Z",
    "categories_erased": ["CONTACT", "CHAT"],
    "scope": "CONTACT",
}


def settings(server: LoopbackServer, **changes: Any) -> VaultSettings:
    return VaultSettings.model_validate({"url": f"{server.url}/in", "secret": SECRET, **changes})


def outcome(step: Step, **changes: Any) -> tuple[Decision, BreakerEffect, str | None]:
    with LoopbackServer([step]) as server, Vault(settings(server, **changes), ManualClock()) as vault:
        answer = vault.deliver("dlv-1", RECORD)
    return answer.verdict.decision, answer.verdict.breaker, answer.error.code if answer.error else None


def test_the_signature_holds_for_the_very_bytes_that_arrive() -> None:
    clock = SystemClock()  # the verifying library asks the machine's clock
    with LoopbackServer([answer(200, {})]) as server, Vault(settings(server), clock) as vault:
        vault.deliver("dlv-1", {**RECORD, "note": "Größe 漢字"})
        (request,) = server.received
    assert request.headers["webhook-id"] == "dlv-1"
    verified = Webhook(SECRET).verify(request.body, request.headers)
    assert verified == {**RECORD, "note": "Größe 漢字"}


def test_a_second_attempt_has_the_same_id_and_no_token() -> None:
    with LoopbackServer([answer(503, {}), answer(200, {})]) as server:
        with Vault(settings(server), ManualClock()) as vault:
            assert vault.deliver("dlv-1", RECORD).verdict.decision is Decision.RETRY
            assert vault.deliver("dlv-1", RECORD).ok
        assert [request.headers["webhook-id"] for request in server.received] == ["dlv-1", "dlv-1"]
        assert "authorization" not in server.received[0].headers


def test_the_template_renames_and_leaves_out() -> None:
    template = {"dataSubject": "subjectId", "ticket": "requestId"}
    with LoopbackServer([answer(200, {})]) as server:
        with Vault(settings(server, template=template), ManualClock()) as vault:
            vault.deliver("dlv-1", RECORD)
        assert server.received[0].json == {"dataSubject": RECORD["subjectId"], "ticket": "REQ-1"}


def test_a_template_that_asks_for_what_a_record_has_not_sends_nothing() -> None:
    with LoopbackServer([answer(200, {})]) as server:
        with Vault(settings(server, template={"x": "email"}), ManualClock()) as vault:
            result = vault.deliver("dlv-1", RECORD)
        assert server.received == []
    assert result.verdict.decision is Decision.PERMANENT
    assert result.error is not None
    assert "email" in result.error.message


@pytest.mark.parametrize(
    "step",
    [
        answer(200, body="ok", headers={"Content-Type": "text/plain"}),
        answer(202, body=""),
        answer(200, body="<html>", headers={"Content-Type": "text/html"}),
        truncated(status=200),
    ],
)
def test_any_2xx_is_a_delivery_whatever_its_body(step: Step) -> None:
    assert outcome(step) == (Decision.SUCCESS, BreakerEffect.SUCCESS, None)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (drop_after_reading(), (Decision.RETRY, BreakerEffect.FAILURE, "interrupted")),
        (answer(500, {}), (Decision.RETRY, BreakerEffect.FAILURE, "vendor_unavailable")),
        (answer(429, {}), (Decision.RETRY, BreakerEffect.NEUTRAL, "rate_limited")),
        (answer(401, {}), (Decision.PERMANENT, BreakerEffect.NEUTRAL, "authentication_failed")),
        (answer(400, {}), (Decision.PERMANENT, BreakerEffect.NEUTRAL, "rejected")),
        (answer(302, {}), (Decision.PERMANENT, BreakerEffect.NEUTRAL, "redirected")),
    ],
)
def test_anything_else_follows_the_retry_table(step: Step, expected: tuple[Decision, BreakerEffect, str]) -> None:
    assert outcome(step) == expected


def test_neither_key_nor_signature_is_recorded() -> None:
    with LoopbackServer([answer(200, {})]) as server, Vault(settings(server), ManualClock()) as vault:
        result = vault.deliver("dlv-1", RECORD)
        signature = server.received[0].headers["webhook-signature"]
    assert result.exchanges[0].request_headers["webhook-signature"] == "***"
    assert signature not in repr(result)
    assert SECRET not in repr(result)


def test_settings_without_a_url_make_no_vault() -> None:
    with pytest.raises(ValueError, match="no HTTPS vault"):
        Vault(VaultSettings(), ManualClock())
