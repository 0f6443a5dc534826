"""The simulated vault: takes signed records of completed requests, each webhook id once."""

import hashlib
import json

from core.clock import to_text
from core.sandbox.answers import Answer, RefusedError
from core.sandbox.cxone import parsed
from core.sandbox.signatures import is_signed
from core.sandbox.vendor import Call, Sandbox


def store(sandbox: Sandbox, call: Call) -> Answer:
    """`POST /vault/records`: 200 for a new record and for the same one again, 409 for another under the same id."""
    if not is_signed(sandbox.address.vault_secret.get_secret_value(), call.headers, call.now, call.body):
        raise RefusedError(401, "invalid_signature", "The webhook signature is missing, stale or wrong")
    record = parsed(call.body)
    webhook_id, digest = call.headers["webhook-id"], hashlib.sha256(call.body).hexdigest()
    earlier = sandbox.db.execute("SELECT body_sha256 FROM vault_records WHERE webhook_id = ?", (webhook_id,)).fetchone()
    if earlier is None:
        sandbox.db.execute(
            "INSERT INTO vault_records (webhook_id, record, body_sha256, received_at) VALUES (?, ?, ?, ?)",
            (webhook_id, json.dumps(record), digest, to_text(call.now)),
        )
    elif earlier["body_sha256"] != digest:
        raise RefusedError(409, "conflict", "Another record came with this webhook-id before")
    return Answer(200, {"stored": True}, acted=earlier is None)
