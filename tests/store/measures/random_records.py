"""Random requests and tasks written straight into the tables, by every kind of statement that may ever change them."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from core.clock import to_text
from core.model.privacy_requests import CLOSED, SUCCESSFUL, TERMINAL, TaskState, request_state
from core.store.database import Store
from core.store.phases import COLUMNS

CONNECTIONS = ("cxone", "another")
CATEGORIES = ("CONTACT", "EMAIL", "CHAT", "SMS")
LAWS = ("gdpr", "ccpa", "us-va")
TYPES = ("ERASURE", "ACCESS")
# With both changes of the clock in Berlin, and midnights that are another day in UTC.
START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 260

_OPEN = [state for state in TaskState if state not in TERMINAL]
_ERRORS = ("vendor_failed", "rejected", None)


def fill(store: Store, rng: random.Random, requests: int) -> None:
    """Some transactions that file, move on, end, take back, retry, extend and delete."""
    for _ in range(6):
        with store.writing() as transaction:
            for _ in range(requests // 6):
                _file(transaction.db, rng)
            for row in list(transaction.db.query("SELECT number FROM tasks ORDER BY random() LIMIT 40")):
                _move(transaction.db, rng, row["number"])
            _change_requests(transaction.db, rng)
            _delete_one(transaction.db, rng)


def fill_one(db: Database, latency_ms: int) -> None:
    """One request with one completed task of this latency."""
    rng = random.Random(latency_ms)
    _file(db, rng)
    db.execute(
        "UPDATE tasks SET state = 'completed', error = NULL, ended_at = '2026-06-01T00:00:00.000000Z', latency_ms = ? "
        "WHERE request = (SELECT max(number) FROM requests)",
        [latency_ms],
    )
    db.execute(
        "DELETE FROM tasks WHERE request = (SELECT max(number) FROM requests) AND connection != "
        "(SELECT min(connection) FROM tasks WHERE request = (SELECT max(number) FROM requests))"
    )


def _file(db: Database, rng: random.Random) -> None:
    at = START + timedelta(seconds=rng.randrange(DAYS * 86_400))
    categories = rng.sample(CATEGORIES, rng.randrange(1, 4))
    received = (at + timedelta(hours=2)).date() - timedelta(days=rng.choice((0, 0, 3)))
    number = db.execute(
        "INSERT INTO requests (intent, type, categories, scope, law, received, submitted_at, reference, filed_by, "
        "filed_by_name, state, pseudonym, due_on, deadlines, policy_version) "
        "VALUES (?,?,?,'ALL',?,?,?,'','a','A','queued',?,?,'[]','1')",
        [
            str(uuid.uuid4()), rng.choice(TYPES), json.dumps(categories), rng.choice(LAWS), received.isoformat(),
            to_text(at), uuid.uuid4().hex, (received + timedelta(days=rng.randrange(1, 60))).isoformat(),
        ],
    ).lastrowid  # fmt: skip
    for connection in rng.sample(CONNECTIONS, rng.choice((1, 1, 2))):
        _task(db, rng, number, connection, at)
    for (task,) in list(db.execute("SELECT number FROM tasks WHERE request = ?", [number])):
        for _ in range(rng.choice((1, 1, 1, 0))):
            _move(db, rng, task)
    _follow(db, number)


def _task(db: Database, rng: random.Random, request: int | None, connection: str, at: datetime) -> None:
    db.execute(
        "INSERT INTO tasks (id, request, connection, contract, kind, pseudonym, due_on, intent, state, created_at) "
        "SELECT ?, number, ?, 'c', type, ?, due_on, ?, 'queued', ? FROM requests WHERE number = ?",
        [uuid.uuid4().hex, connection, uuid.uuid4().hex, uuid.uuid4().hex, to_text(at), request],
    )


def _move(db: Database, rng: random.Random, number: int) -> None:
    """To another state; ended tasks stay ended, but are sometimes put right."""
    (row,) = db.query("SELECT * FROM tasks WHERE number = ?", [number])
    if row["ended_at"]:
        if rng.random() < 0.2:
            db.execute("UPDATE tasks SET attempts = attempts + 1, polls = polls + 2 WHERE number = ?", [number])
        return
    state = rng.choice(_OPEN) if rng.random() < 0.3 else rng.choice([*SUCCESSFUL, *sorted(TERMINAL)])
    changes: dict[str, Any] = {"state": state, "attempts": rng.randrange(4), "polls": rng.randrange(20)}
    if state in TERMINAL:
        latency = rng.choice((rng.randrange(50), rng.randrange(100_000), rng.randrange(86_400_000 * 40)))
        cuts = sorted(rng.randrange(latency + 1) for _ in COLUMNS[1:])
        parts = [after - before for before, after in zip([0, *cuts], [*cuts, latency], strict=True)]
        created = datetime.strptime(row["created_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
        code = rng.choice(_ERRORS)
        changes |= {
            "ended_at": to_text(created + timedelta(milliseconds=latency)),
            "latency_ms": latency,
            "error": json.dumps({"code": code, "message": "m"}) if code and state not in SUCCESSFUL else None,
            **dict(zip(COLUMNS, parts, strict=True)),
        }
    names = ", ".join(f"{name} = :{name}" for name in changes)
    db.execute(f"UPDATE tasks SET {names} WHERE number = :number", {**changes, "number": number})
    _follow(db, row["request"])


def _follow(db: Database, request: int | None) -> None:
    rows = list(db.query("SELECT state, ended_at FROM tasks WHERE request = ?", [request]))
    state = request_state([TaskState(row["state"]) for row in rows])
    closed = max(row["ended_at"] for row in rows) if state in CLOSED else None
    db.execute("UPDATE requests SET state = ?, closed_at = ? WHERE number = ?", [state, closed, request])


def _change_requests(db: Database, rng: random.Random) -> None:
    """Longer deadlines, denials given and put right, and a retry that opens a closed request again."""
    numbers = [row["number"] for row in db.query("SELECT number FROM requests")]
    for number in rng.sample(numbers, len(numbers) // 10):
        db.execute("UPDATE requests SET due_on = date(due_on, '+30 days') WHERE number = ?", [number])
    for row in list(db.query("SELECT number FROM requests WHERE state = 'refused'")):
        db.execute(
            "INSERT INTO denials (request, at, actor, actor_name, code, class_7102) VALUES (?,'','a','A','other',?) "
            "ON CONFLICT DO UPDATE SET class_7102 = excluded.class_7102",
            [row["number"], rng.choice(("unverifiable", "not_by_a_consumer", "exempt", "other"))],
        )
    denied = [row["request"] for row in db.query("SELECT request FROM denials")]
    for number in rng.sample(denied, len(denied) // 4):
        db.execute("DELETE FROM denials WHERE request = ?", [number])
    for row in list(db.query("SELECT number, submitted_at FROM requests WHERE state = 'failed' LIMIT 3")):
        _task(db, rng, row["number"], rng.choice(CONNECTIONS), datetime.fromisoformat(row["submitted_at"]))
        _follow(db, row["number"])


def _delete_one(db: Database, rng: random.Random) -> None:
    """As records whose time is over: the tasks first, then the request with its denial."""
    numbers = [row["number"] for row in db.query("SELECT number FROM requests")]
    for number in rng.sample(numbers, 2):
        db.execute("DELETE FROM tasks WHERE request = ?", [number])
        db.execute("DELETE FROM requests WHERE number = ?", [number])
