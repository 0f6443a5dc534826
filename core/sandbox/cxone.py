"""NICE CXone as the tutorial contract has it: submit a privacy request once, track it to its end."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from core.clock import to_text
from core.sandbox.answers import Answer, RefusedError
from core.sandbox.oauth import require
from core.sandbox.outcomes import LINKED_ENTITIES, outcome, reserved
from core.sandbox.vendor import Call, Sandbox

_SUBJECT = re.compile(r"[a-zA-Z0-9_\-.]{1,128}")
_SCOPES = ("ACCOUNT", "CONTACT", "CONVERSATION", "ALL")
_FIELDS = {"subjectId", "type", "categories", "scope", "callbackUrl", "description"}


def submit(sandbox: Sandbox, call: Call) -> Answer:
    """`POST /api/v2/privacy/requests`: at most one request an `Idempotency-Key`, whatever is sent again."""
    require(sandbox, call, "cxone", "privacy:write")
    key = call.idempotency_key
    if key is None and sandbox.faults("cxone").idempotency_required:
        raise RefusedError(400, "idempotency_key_missing", "This operation requires an Idempotency-Key header")
    if key is not None and not 1 <= len(key) <= 255:
        raise RefusedError(400, "idempotency_key_invalid", "The Idempotency-Key must have 1 to 255 characters")
    payload = parsed(call.body)
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
    if earlier := _by_key(sandbox, key):
        if earlier["payload_sha256"] != digest:
            raise RefusedError(422, "idempotency_key_reused", "This Idempotency-Key came with another payload before")
        return Answer(202, {"id": earlier["id"], "status": "PROCESSING"})
    _check(payload)
    request_id = str(uuid.uuid4())
    final = outcome(payload, sandbox.processing_seconds)
    done_at = to_text(call.now + timedelta(seconds=sandbox.processing_seconds))
    is_slow = reserved(payload["subjectId"]) == "SLOW"
    sandbox.db.execute(
        "INSERT INTO requests (id, idempotency_key, payload_sha256, payload, created_at, done_at, outcome)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            request_id,
            key,
            digest,
            json.dumps(payload),
            to_text(call.now),
            None if is_slow else done_at,
            json.dumps(final),
        ),
    )
    if not is_slow and ("callbackUrl" in payload or sandbox.webhook_base):
        sandbox.db.execute(
            "INSERT INTO deliveries (webhook_id, url, body, due_at, planned) VALUES (?, ?, ?, ?, 0)",
            (
                f"msg_{uuid.uuid4().hex}",
                payload.get("callbackUrl"),
                event(request_id, final["status"], payload, final),
                done_at,
            ),
        )
    return Answer(202, {"id": request_id, "status": "PROCESSING"}, acted=True)


def track(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/privacy/requests/{id}`: PROCESSING, then the outcome."""
    require(sandbox, call, "cxone", "privacy:read")
    row = sandbox.db.execute("SELECT * FROM requests WHERE id = ?", (call.path["id"],)).fetchone()
    if row is None:
        raise RefusedError(404, "not_found", "There is no privacy request with this id")
    payload = json.loads(row["payload"])
    body = {"id": row["id"], "status": "PROCESSING", "type": payload["type"], **_echo(payload)}
    if row["done_at"] is not None and row["done_at"] <= to_text(call.now):
        body |= json.loads(row["outcome"])
    return Answer(200, body)


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises RefusedError (400) for anything else."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "invalid_request", "The body is not valid JSON") from error
    if not isinstance(payload, dict):
        raise RefusedError(400, "invalid_request", "The body must be a JSON object")
    return payload


def _check(payload: Mapping[str, Any]) -> None:
    """The vendor's own checks of a payload. Raises RefusedError naming every field that is wrong."""
    subject, categories, callback = payload.get("subjectId"), payload.get("categories"), payload.get("callbackUrl")
    description = payload.get("description", "")
    wrong = [f"{name} is not a known field" for name in sorted(payload.keys() - _FIELDS)]
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        wrong.append("subjectId must be 1 to 128 letters, digits, or any of _ - .")
    if payload.get("type") not in ("ERASURE", "ACCESS"):
        wrong.append("type must be ERASURE or ACCESS")
    if not isinstance(categories, list) or not categories or not all(_is_category(one) for one in categories):
        wrong.append(f"categories must list one or more of {', '.join(LINKED_ENTITIES)}")
    elif len(set(categories)) < len(categories):
        wrong.append("categories must not repeat")
    elif payload.get("scope") == "ALL" and len(categories) > 5:
        wrong.append("scope ALL with more than 5 categories exceeds the maximum scope depth")
    if payload.get("scope") not in _SCOPES:
        wrong.append(f"scope must be one of {', '.join(_SCOPES)}")
    if "callbackUrl" in payload and not _is_url(callback):
        wrong.append("callbackUrl must be an absolute http or https URL")
    if not isinstance(description, str) or len(description) > 255:
        wrong.append("description must be text of at most 255 characters")
    if wrong:
        raise RefusedError(400, "invalid_request", "; ".join(wrong))
    match reserved(str(subject)):
        case "REJECTED":
            raise RefusedError(400, "retention_constraint", "A retention policy forbids to erase this subject's data")
        case "FORBIDDEN":
            raise RefusedError(403, "insufficient_scope", "The client lacks the scope privacy:write for this subject")


def event(request_id: str, status: str, payload: Mapping[str, Any], final: Mapping[str, Any]) -> str:
    """The body of a completion webhook."""
    about = {"requestId": request_id, **_echo(payload), "status": status}
    return json.dumps(about | {"durationMs": final["durationMs"], "recordsAffected": final["recordsAffected"]})


def _echo(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in ("subjectId", "categories", "scope")}


def _by_key(sandbox: Sandbox, key: str | None) -> Any:
    return sandbox.db.execute("SELECT * FROM requests WHERE idempotency_key = ?", (key,)).fetchone()


def _is_category(value: Any) -> bool:
    return isinstance(value, str) and value in LINKED_ENTITIES


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
