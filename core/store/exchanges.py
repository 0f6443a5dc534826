"""Every HTTP attempt of a task, already masked, as the request's page shows it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.store.database import Transaction


@dataclass(frozen=True)
class StoredExchange:
    """One attempt; `purpose` is submit or track, `why` is why it was repeated (empty for a first attempt)."""

    task: str
    connection: str
    at: datetime
    attempt: int
    purpose: str
    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str | None
    status: int | None
    response_headers: Mapping[str, str]
    response_body: str | None
    elapsed_ms: int
    why: str


def keep(transaction: Transaction, exchanges: Iterable[StoredExchange]) -> None:
    for exchange in exchanges:
        row: dict[str, Any] = {**vars(exchange), "at": to_text(exchange.at)}
        row["request_headers"] = json.dumps(dict(exchange.request_headers))
        row["response_headers"] = json.dumps(dict(exchange.response_headers))
        transaction.db.execute(
            "INSERT INTO exchanges (task, connection, at, attempt, purpose, method, url, request_headers, "
            "request_body, status, response_headers, response_body, elapsed_ms, why) VALUES (:task, :connection, "
            ":at, :attempt, :purpose, :method, :url, :request_headers, :request_body, :status, "
            ":response_headers, :response_body, :elapsed_ms, :why)",
            row,
        )


def of_tasks(db: Database, task_ids: Iterable[str], limit: int = 200) -> list[StoredExchange]:
    """The newest attempts of some tasks, oldest first."""
    rows = list(
        db.query(
            "SELECT task, connection, at, attempt, purpose, method, url, request_headers, request_body, status, "
            "response_headers, response_body, elapsed_ms, why FROM exchanges "
            "WHERE task IN (SELECT value FROM json_each(?)) ORDER BY number DESC LIMIT ?",
            [json.dumps(list(task_ids)), limit],
        )
    )
    for row in rows:
        row["at"] = from_text(row["at"])
        row["request_headers"] = json.loads(row["request_headers"])
        row["response_headers"] = json.loads(row["response_headers"])
    return [StoredExchange(**row) for row in reversed(rows)]
