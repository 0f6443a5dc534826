"""Send notices to an HTTPS endpoint of the desk's own people, signed per Standard Webhooks."""

from collections.abc import Mapping
from typing import Any

from standardwebhooks import Webhook

from core.clients.http import Answer, Call, VendorHttp, json_body
from core.clients.outcomes import Sending
from core.clock import Clock
from core.settings import NoticeSettings, webhook_key


class NoticeWebhook:
    """One endpoint. Raises ValueError where the settings name none."""

    def __init__(self, settings: NoticeSettings, clock: Clock) -> None:
        if settings.url is None or settings.secret is None:
            raise ValueError("These settings name no webhook for notices")
        self._url = settings.url
        self._signer = Webhook(webhook_key(settings.secret.get_secret_value()))
        self._clock = clock
        self._http = VendorHttp(settings, None, clock)

    def close(self) -> None:
        self._http.close()

    def deliver(self, webhook_id: str, body: Mapping[str, Any]) -> Answer:
        """One attempt; any 2xx is a success. `webhook_id` stays the same over all attempts, so that a second copy
        can be told from a new notice."""
        now = self._clock.now()
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(webhook_id, now, json_body(body).decode()),
        }
        return self._http.call(
            Call("POST", self._url, json=body, headers=headers, sending=Sending.KEYED, expects="nothing")
        )
