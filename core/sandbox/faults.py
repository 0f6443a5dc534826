"""Faults on demand: what can go wrong at each simulated vendor, set from any process, seen on the next request."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from core.sandbox import database

Connection = Literal["cxone", "genesys", "vault"]
CONNECTIONS: tuple[Connection, ...] = get_args(Connection)

RetryAfter = Literal[
    "seconds", "fraction", "http_date", "past_date", "year_9999", "huge", "negative", "nan", "text", "empty", "list",
    "zero", "non_latin1", "absent",
]  # fmt: skip
WrongJson = Literal["invalid", "duplicate_keys", "nan", "html", "deep", "huge_integer"]
WrongRecords = Literal["negative", "text", "float", "null", "missing"]
WrongPages = Literal["no_pages", "same_page_again"]


class Chance(BaseModel):
    """When a fault strikes: each of the next `next` requests, and after them each with `probability` (0 to 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probability: float = Field(default=0.0, ge=0, le=1)
    next: int = Field(default=0, ge=0, le=1_000_000)

    def __bool__(self) -> bool:
        return self.probability > 0 or self.next > 0


OFF = Chance()


class Faults(BaseModel):
    """The faults of one connection; all off by default. Kinds with a chance come first, their parameters after.

    At most one of the kinds from `drop_before` to `slow_drip` strikes a request, the first in this order; a kind
    that was not asked keeps its count.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency: Chance = OFF
    drop_before: Chance = OFF
    rate_limited: Chance = OFF
    error_500: Chance = OFF
    error_503: Chance = OFF
    expired_token: Chance = OFF
    drop_after: Chance = OFF
    wrong_json: Chance = OFF
    truncated: Chance = OFF
    oversized: Chance = OFF
    gzip_bomb: Chance = OFF
    slow_drip: Chance = OFF
    unknown_status: Chance = OFF
    wrong_records: Chance = OFF
    repeated_id: Chance = OFF
    wrong_pages: Chance = OFF
    webhook_duplicate: Chance = OFF
    webhook_conflict: Chance = OFF
    webhook_late: Chance = OFF
    webhook_out_of_order: Chance = OFF
    webhook_wrong_signature: Chance = OFF

    applies_to: Literal["api", "token", "both"] = "api"
    latency_ms: int = Field(default=500, ge=0, le=120_000)
    retry_after: RetryAfter = "seconds"
    retry_after_seconds: float = Field(default=1.0, ge=0, le=86_400)
    act_before_error: bool = False
    wrong_json_kind: WrongJson = "invalid"
    slow_drip_ms: int = Field(default=300, ge=1, le=10_000)
    unknown_status_text: str = Field(default="ARCHIVED", max_length=100)
    wrong_records_kind: WrongRecords = "negative"
    wrong_pages_kind: WrongPages = "no_pages"
    webhook_late_seconds: float = Field(default=60.0, ge=0, le=86_400)
    limit_per_minute: int = Field(default=0, ge=0, le=1_000_000)
    idempotency_required: bool = False
    seed: int = 0

    def chance(self, kind: str) -> Chance:
        """The chance of a kind by its field name."""
        chance = getattr(self, kind)
        if not isinstance(chance, Chance):
            raise TypeError(f"{kind} is a parameter, not a kind of fault")
        return chance


# The fields of Faults that say when something goes wrong; all others are parameters.
KINDS = tuple(name for name, field in Faults.model_fields.items() if field.annotation is Chance)

# One plain line a switch, for a form that is built from the model.
FAULT_HELP: Mapping[str, str] = {
    "latency": "Answer late.",
    "drop_before": "Close the connection without an answer, before anything was done.",
    "rate_limited": "Answer 429, too many requests.",
    "error_500": "Answer 500, internal error.",
    "error_503": "Answer 503, service unavailable.",
    "expired_token": "Answer 401 although the token is good.",
    "drop_after": "Do what was asked, then close the connection without an answer.",
    "wrong_json": "Do what was asked, then answer with a body that is not proper JSON.",
    "truncated": "Do what was asked, then stop in the middle of the answer.",
    "oversized": "Do what was asked, then answer with more than 1 MiB.",
    "gzip_bomb": "Do what was asked, then answer with 200 KB that unpack to 200 MB.",
    "slow_drip": "Do what was asked, then send the answer one byte at a time.",
    "unknown_status": "Report a status that no contract names.",
    "wrong_records": "Report a number of records that cannot be right.",
    "repeated_id": "Answer a new request with the id of an earlier one.",
    "wrong_pages": "List purposes with wrong page numbers.",
    "webhook_duplicate": "Send each webhook again: once with the same id, once with a new id.",
    "webhook_conflict": "Send a second webhook with the same id and another body.",
    "webhook_late": "Send webhooks late.",
    "webhook_out_of_order": "Send PROCESSING after the final status.",
    "webhook_wrong_signature": "Sign a webhook with a wrong key.",
    "applies_to": "Which calls the faults strike: the API, the token endpoint, or both.",
    "latency_ms": "How late an answer is, in milliseconds.",
    "retry_after": "The form of Retry-After on a 429.",
    "retry_after_seconds": "The wait that Retry-After asks for, in seconds.",
    "act_before_error": "With 500 and 503: do what was asked before answering with the error.",
    "wrong_json_kind": "What is wrong with the JSON.",
    "slow_drip_ms": "Milliseconds between two bytes of a slow answer.",
    "unknown_status_text": "The status that is reported.",
    "wrong_records_kind": "What is wrong with the number of records.",
    "wrong_pages_kind": "What is wrong with the pages: a page count of 0, or the first page again and again.",
    "webhook_late_seconds": "How late a webhook is, in seconds.",
    "limit_per_minute": "Requests allowed in a calendar minute before a 429; 0 is no limit.",
    "idempotency_required": "Refuse a submission without an Idempotency-Key.",
    "seed": "The seed of the dice: the same seed and the same order of requests give the same faults.",
}


def read_faults(folder: Path, connection: Connection) -> Faults:
    """The faults of a connection as they were last set."""
    with closing(database.connect(folder)) as db:
        row = db.execute("SELECT settings FROM faults WHERE connection = ?", (connection,)).fetchone()
    return Faults.model_validate_json(row["settings"]) if row else Faults()


def write_faults(folder: Path, connection: Connection, faults: Faults) -> None:
    """Set the faults of a connection and start its counts and dice anew. Raises ValueError for an unknown connection.

    Works with or without a running sandbox; a running one obeys from its next request on.
    """
    if connection not in CONNECTIONS:
        raise ValueError(f"The sandbox has no connection {connection!r}; it has {', '.join(CONNECTIONS)}")
    with closing(database.connect(folder)) as db, database.transaction(db):
        db.execute("INSERT OR REPLACE INTO faults VALUES (?, ?)", (connection, faults.model_dump_json()))
        db.execute("DELETE FROM draws WHERE connection = ?", (connection,))


def clear_faults(folder: Path) -> None:
    """Switch every fault of every connection off."""
    for connection in CONNECTIONS:
        write_faults(folder, connection, Faults())


def fired(folder: Path, connection: Connection) -> dict[str, int]:
    """How many times each kind has struck since the faults were last set."""
    with closing(database.connect(folder)) as db:
        rows = db.execute("SELECT kind, fired FROM draws WHERE connection = ? AND fired > 0", (connection,))
        return {row["kind"]: row["fired"] for row in rows}


def revoke_tokens(folder: Path, connection: Connection) -> int:
    """Make every token that a connection has issued worthless; how many there were."""
    with closing(database.connect(folder)) as db, database.transaction(db):
        return db.execute("DELETE FROM tokens WHERE connection = ?", (connection,)).rowcount
