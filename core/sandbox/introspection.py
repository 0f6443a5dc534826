"""What only a test or a demonstration may ask, under `/_sandbox`: what arrived, and what was really done."""

import json
import os
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.sandbox.outcomes import RESERVED_SUBJECTS
from core.sandbox.vendor import Sandbox

MOST = 1000


def about(sandbox: Sandbox, _request: Request) -> Any:
    """Who answers here; no secrets."""
    return {
        "name": "Privacy Desk sandbox",
        "pid": os.getpid(),
        "processing_seconds": sandbox.processing_seconds,
        "webhook_base": sandbox.webhook_base,
        "reserved_subjects": dict(RESERVED_SUBJECTS),
    }


def counts(sandbox: Sandbox, _request: Request) -> Any:
    """Attempts by connection and route; what was acted on, by idempotency key and by payload; requests a minute.

    `acted` counts the attempts that made or changed something. A promise of "exactly once" holds where it is 1.
    """
    rows = sandbox.db.execute
    attempts: dict[str, dict[str, int]] = {}
    for row in rows("SELECT connection, route, count(*) AS n FROM attempts GROUP BY connection, route"):
        attempts.setdefault(row["connection"], {})[row["route"]] = row["n"]
    per_minute: dict[str, dict[str, int]] = {}
    for row in rows("SELECT * FROM minutes ORDER BY minute"):
        per_minute.setdefault(row["connection"], {})[row["minute"]] = row["requests"]
    return {
        "attempts": attempts,
        "by_idempotency_key": {
            row["idempotency_key"]: {"attempts": row["n"], "acted": row["acted"]}
            for row in rows(
                "SELECT idempotency_key, count(*) AS n, sum(acted) AS acted FROM attempts"
                " WHERE idempotency_key IS NOT NULL GROUP BY idempotency_key"
            )
        },
        "by_body": {
            row["body_sha256"]: {"attempts": row["n"], "acted": row["acted"]}
            for row in rows(
                "SELECT body_sha256, count(*) AS n, sum(acted) AS acted FROM attempts"
                " WHERE route LIKE 'POST %' OR route LIKE 'PUT %' GROUP BY body_sha256"
            )
        },
        "by_subject": {
            row["subject"]: row["n"]
            for row in rows(
                "SELECT json_extract(payload, '$.subjectId') AS subject, count(*) AS n FROM requests GROUP BY subject"
            )
        },
        "requests": rows("SELECT count(*) FROM requests").fetchone()[0],
        "vault_records": rows("SELECT count(*) FROM vault_records").fetchone()[0],
        "webhooks": {
            row["state"]: row["n"] for row in rows("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
        },
        "per_minute": per_minute,
    }


def requests(sandbox: Sandbox, request: Request) -> Any:
    """Privacy requests that were really created, newest first; `?subject=` for one subject's."""
    subject = request.query_params.get("subject")
    found = sandbox.db.execute(
        "SELECT * FROM requests WHERE ?1 IS NULL OR json_extract(payload, '$.subjectId') = ?1"
        " ORDER BY seq DESC LIMIT ?2",
        (subject, MOST),
    )
    return {
        "requests": [
            {
                "id": row["id"],
                "idempotencyKey": row["idempotency_key"],
                "payloadSha256": row["payload_sha256"],
                "payload": json.loads(row["payload"]),
                "createdAt": row["created_at"],
                "doneAt": row["done_at"],
                "outcome": json.loads(row["outcome"]),
            }
            for row in found
        ]
    }


def attempts(sandbox: Sandbox, _request: Request) -> Any:
    """Every HTTP request at a simulated vendor, newest first, with the faults that struck it."""
    found = sandbox.db.execute("SELECT * FROM attempts ORDER BY seq DESC LIMIT ?", (MOST,))
    return {"attempts": [dict(row) | {"faults": json.loads(row["faults"])} for row in found]}


def webhooks(sandbox: Sandbox, _request: Request) -> Any:
    """Every webhook that was or will be sent, newest first."""
    found = sandbox.db.execute("SELECT * FROM deliveries ORDER BY seq DESC LIMIT ?", (MOST,))
    return {"webhooks": [dict(row) | {"body": json.loads(row["body"])} for row in found]}


def vault_records(sandbox: Sandbox, _request: Request) -> Any:
    """`GET /vault/records`: every record that the vault has taken, in the order they came."""
    found = sandbox.db.execute("SELECT * FROM vault_records ORDER BY seq")
    return {
        "records": [
            {"webhookId": row["webhook_id"], "receivedAt": row["received_at"], "record": json.loads(row["record"])}
            for row in found
        ]
    }


View = Callable[[Sandbox, Request], Any]
VIEWS: dict[str, View] = {
    "about": about,
    "counts": counts,
    "requests": requests,
    "attempts": attempts,
    "webhooks": webhooks,
}


def endpoint(sandbox: Sandbox, view: View) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        return JSONResponse(view(sandbox, request))

    return handle
