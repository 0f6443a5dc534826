"""Standard Webhooks signatures, made and checked against the sandbox's own clock."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from core.settings import webhook_key

TOLERANCE_SECONDS = 300


def sign(secret: str, webhook_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook (standardwebhooks.com)."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_digest(secret, webhook_id, timestamp, body)}",
    }


def is_signed(secret: str, headers: Mapping[str, str], now: datetime, body: bytes) -> bool:
    """Whether the three headers are there, recent (300 s either way) and made with the secret."""
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not webhook_id or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = f"v1,{_digest(secret, webhook_id, timestamp, body)}".encode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode()) for one in given)


def _digest(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(webhook_key(secret), signed, hashlib.sha256).digest()).decode()
