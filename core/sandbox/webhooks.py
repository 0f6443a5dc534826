"""Completion webhooks out to the desk: signed, sent again when refused, each a row that outlives a restart."""

import asyncio
import json
import sqlite3
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from core.clock import to_text
from core.sandbox.database import transaction
from core.sandbox.dice import strikes
from core.sandbox.signatures import sign
from core.sandbox.vendor import Sandbox
from core.settings import is_loopback

# Seconds before the second, third, … try; after the last the webhook is given up.
RETRY_SECONDS = (1, 5, 30, 120, 600)
TIMEOUT_SECONDS = 3
REGISTERED_PATH = "/webhooks/cxone"

_IDLE_SECONDS = 0.05
_BATCH = 16
_WRONG_KEY = "whsec_" + "A" * 40


@dataclass(frozen=True)
class _Post:
    seq: int
    url: str
    headers: dict[str, str]
    body: bytes
    attempts: int


async def deliver_for_ever(sandbox: Sandbox) -> None:
    """Send what is due until cancelled. The file is touched in the event loop only, the network in threads only."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(4, thread_name_prefix="sandbox-webhooks") as pool:
        while True:
            posts = _due(sandbox)
            answers = await asyncio.gather(*(loop.run_in_executor(pool, _send, post) for post in posts))
            _record(sandbox, zip(posts, answers, strict=True))
            if not posts:
                await asyncio.sleep(_IDLE_SECONDS)


def _due(sandbox: Sandbox) -> list[_Post]:
    """What is to be sent now, in the order it fell due."""
    db, now = sandbox.db, sandbox.clock.now()
    query = "SELECT * FROM deliveries WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, seq LIMIT ?"
    rows = db.execute(query, (to_text(now), _BATCH)).fetchall()
    if not rows:
        return []
    with transaction(db):
        for row in rows:
            if not row["planned"]:
                _plan(sandbox, row, now)
        rows = db.execute(query, (to_text(now), _BATCH)).fetchall()
        return [post for row in rows if (post := _post(sandbox, row, now))]


def _plan(sandbox: Sandbox, row: sqlite3.Row, now: datetime) -> None:
    """Throw the dice for a webhook that falls due for the first time, and put its companions beside it."""
    db, faults = sandbox.db, sandbox.faults("cxone")
    late = faults.webhook_late_seconds if strikes(db, "cxone", faults, "webhook_late") else 0
    due = now + timedelta(seconds=late)
    db.execute("UPDATE deliveries SET planned = 1, due_at = ? WHERE seq = ?", (to_text(due), row["seq"]))
    event = json.loads(row["body"])
    companions: list[tuple[str, str]] = []
    if strikes(db, "cxone", faults, "webhook_duplicate"):
        companions += [(row["webhook_id"], row["body"]), (_new_id(), row["body"])]
    if strikes(db, "cxone", faults, "webhook_conflict"):
        companions.append((row["webhook_id"], json.dumps(event | {"recordsAffected": event["recordsAffected"] + 1})))
    if strikes(db, "cxone", faults, "webhook_out_of_order"):
        companions.append((_new_id(), json.dumps(event | {"status": "PROCESSING"})))
    for number, (webhook_id, body) in enumerate(companions, start=1):
        db.execute(
            "INSERT INTO deliveries (webhook_id, url, body, due_at, planned) VALUES (?, ?, ?, ?, 1)",
            (webhook_id, row["url"], body, to_text(due + timedelta(seconds=number / 10))),
        )


def _post(sandbox: Sandbox, row: sqlite3.Row, now: datetime) -> _Post | None:
    url = row["url"] or (sandbox.webhook_base and f"{sandbox.webhook_base}{REGISTERED_PATH}")
    if not url or not is_loopback(urlsplit(url).hostname):
        why = "the sandbox sends to this machine only" if url else "no webhook address is registered"
        sandbox.db.execute("UPDATE deliveries SET state = 'refused', last_answer = ? WHERE seq = ?", (why, row["seq"]))
        return None
    is_wrong = strikes(sandbox.db, "cxone", sandbox.faults("cxone"), "webhook_wrong_signature")
    body = row["body"].encode()
    headers = sign(
        _WRONG_KEY if is_wrong else sandbox.address.webhook_secret.get_secret_value(), row["webhook_id"], now, body
    )
    return _Post(row["seq"], url, {**headers, "content-type": "application/json"}, body, row["attempts"])


def _send(post: _Post) -> str:
    """The status it was answered with, or the name of what went wrong."""
    import requests  # here, because it costs a tenth of the sandbox's start and most starts send nothing soon

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                post.url,
                data=post.body,
                headers=post.headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, ValueError) as error:
            return type(error).__name__
        answer.close()
        return str(answer.status_code)


def _record(sandbox: Sandbox, answered: Iterable[tuple[_Post, str]]) -> None:
    pairs = list(answered)
    if not pairs:
        return
    now = sandbox.clock.now()
    with transaction(sandbox.db):
        for post, answer in pairs:
            if answer.startswith("2"):
                state, due = "delivered", now
            elif post.attempts < len(RETRY_SECONDS):
                state, due = "waiting", now + timedelta(seconds=RETRY_SECONDS[post.attempts])
            else:
                state, due = "given_up", now
            sandbox.db.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, last_answer = ?, due_at = ? WHERE seq = ?",
                (state, answer, to_text(due), post.seq),
            )


def _new_id() -> str:
    return f"msg_{uuid.uuid4().hex}"
