"""Deliver the proof of a completed request to an HTTPS vault, signed per Standard Webhooks."""

from collections.abc import Mapping
from typing import Any, Self

from standardwebhooks import Webhook

from core.clients.http import Answer, Call, VendorHttp, json_body
from core.clients.outcomes import BreakerEffect, Decision, Sending, Verdict
from core.clock import Clock
from core.model.privacy_requests import TaskError
from core.settings import VaultSettings, webhook_key


class Vault:
    """One HTTPS vault. Raises ValueError where the settings name none."""

    def __init__(self, settings: VaultSettings, clock: Clock) -> None:
        if settings.url is None or settings.secret is None:
            raise ValueError("These settings name no HTTPS vault")
        self._url = settings.url
        self._template = settings.template
        self._signer = Webhook(webhook_key(settings.secret.get_secret_value()))
        self._clock = clock
        self._http = VendorHttp(settings, None, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def deliver(self, delivery_id: str, record: Mapping[str, Any]) -> Answer:
        """One attempt to deliver one record; any 2xx is a success.

        `delivery_id` stays the same over all attempts: as `webhook-id` it lets the vault drop a second copy.
        The settings' template renames: from the vault's field to the record's. Without one, the record goes
        as it is.
        """
        missing = sorted(set(self._template.values()) - set(record))
        if missing:
            return _no_such_field(missing)
        sent = {theirs: record[ours] for theirs, ours in self._template.items()} or dict(record)
        now = self._clock.now()
        headers = {
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(delivery_id, now, json_body(sent).decode()),
        }
        return self._http.call(
            Call("POST", self._url, json=sent, headers=headers, sending=Sending.KEYED, expects="nothing")
        )


def _no_such_field(missing: list[str]) -> Answer:
    error = TaskError(
        "contract_violation",
        f"The vault's template names fields that a record does not have: {', '.join(missing)}; nothing was sent.",
        "Correct PRIVACY_DESK_VAULT__TEMPLATE and send it again.",
    )
    return Answer(Verdict(Decision.PERMANENT, BreakerEffect.NEUTRAL), None, None, error, (), 0)
