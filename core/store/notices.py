"""Notices on disk: raised in the transaction of their cause, a flood as one with a count, acknowledged by a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.events import Event, EventKind
from core.model.notices import ONCE, Notice, NoticeKind
from core.model.people import DESK, Actor
from core.store.database import Transaction
from core.store.proof import admissible

COUNT_CAP = 10_000


@dataclass(frozen=True)
class NoticeFilter:
    """Which notices: open ones, acknowledged ones, or all."""

    which: Literal["open", "acknowledged", "all"] = "open"


def raise_notice(
    transaction: Transaction,
    kind: NoticeKind,
    about: str,
    *,
    threshold: str = "",
    latest: str | None = None,
    count: int = 1,
) -> int | None:
    """Raise a notice in the transaction of its cause. Returns its id; None where it was raised for good before.

    Idempotent by kind, about and threshold: while such a notice is open, it only counts on, so that 10 000
    failures of one connection are one notice. Once it is acknowledged, the next cause raises a new one, but for
    the kinds in `ONCE`. `about` is an id or a name of the desk's (a connection, a hold, a batch), `latest` a
    request id; no personal data. A new notice is an audit event and waits to be delivered to the webhook.
    """
    db, at = transaction.db, to_text(transaction.at)
    for row in db.query(
        "UPDATE notices SET count = count + ?, last_at = ?, latest = coalesce(?, latest), over_at = NULL "
        "WHERE kind = ? AND about = ? AND threshold = ? AND acknowledged_at IS NULL RETURNING id",
        [0 if kind in ONCE else count, at, latest, kind, about, threshold],
    ):
        return int(row["id"])
    if kind in ONCE and was_raised(db, kind, about, threshold):
        return None
    number = db.execute(
        "INSERT INTO notices (kind, about, threshold, count, latest, raised_at, last_at) VALUES (?,?,?,?,?,?,?)",
        [kind, about, threshold, count, latest, at, at],
    ).lastrowid
    assert number is not None  # noqa: S101 - an INSERT always has one
    db.execute(
        "INSERT INTO notice_deliveries (notice, webhook_id, next_due_at) VALUES (?, ?, ?)",
        [number, f"nt_{uuid4().hex}", at],
    )
    transaction.record(
        Event(
            EventKind.NOTICE_RAISED,
            DESK.id,
            outcome="open",
            detail={"notice": number, "kind": kind, "about": admissible(about), "threshold": threshold},
        )
    )
    return number


def cause_is_over(transaction: Transaction, kind: NoticeKind, about: str) -> None:
    """What open notices of this kind tell of has gone away by itself; they stay until they are acknowledged."""
    transaction.db.execute(
        "UPDATE notices SET over_at = ? WHERE kind = ? AND about = ? AND acknowledged_at IS NULL AND over_at IS NULL",
        [to_text(transaction.at), kind, about],
    )


def acknowledge(transaction: Transaction, notice_id: int, by: Actor) -> bool:
    """False if there is no such open notice."""
    done = transaction.db.execute(
        "UPDATE notices SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_by_name = ? "
        "WHERE id = ? AND acknowledged_at IS NULL",
        [to_text(transaction.at), by.id, by.name, notice_id],
    ).rowcount
    return bool(done)


def count_open(db: Database) -> int:
    """How many notices nobody has acknowledged, counted to `COUNT_CAP`."""
    (row,) = db.query(
        "SELECT count(*) AS n FROM (SELECT 1 FROM notices WHERE acknowledged_at IS NULL LIMIT ?)", [COUNT_CAP]
    )
    return int(row["n"])


def was_raised(db: Database, kind: NoticeKind, about: str, threshold: str = "") -> bool:
    """Whether there ever was such a notice, acknowledged or not."""
    return any(
        db.query("SELECT 1 FROM notices WHERE kind = ? AND about = ? AND threshold = ?", [kind, about, threshold])
    )


def is_open(db: Database, kind: NoticeKind, about: str) -> bool:
    """Whether a notice is open whose cause has not gone away."""
    return any(
        db.query(
            "SELECT 1 FROM notices WHERE kind = ? AND about = ? AND acknowledged_at IS NULL AND over_at IS NULL",
            [kind, about],
        )
    )


def get(db: Database, notice_id: int) -> Notice | None:
    for row in db.query("SELECT * FROM notices WHERE id = ?", [notice_id]):
        return _notice(row)
    return None


def find(db: Database, where: NoticeFilter, *, limit: int = 50, offset: int = 0) -> tuple[list[Notice], int]:
    """One page of notices, newest first, and how many there are (counted to `COUNT_CAP`)."""
    clauses = {"open": "acknowledged_at IS NULL", "acknowledged": "acknowledged_at IS NOT NULL", "all": "1"}
    condition = clauses[where.which]
    rows = db.query(
        f"SELECT * FROM notices WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608 - fixed clauses
        [limit, offset],
    )
    found = [_notice(row) for row in rows]
    (counted,) = db.query(
        f"SELECT count(*) AS n FROM (SELECT 1 FROM notices WHERE {condition} LIMIT ?)",  # noqa: S608 - as above
        [COUNT_CAP],
    )
    return found, int(counted["n"])


def _notice(row: dict[str, Any]) -> Notice:
    return Notice(
        id=row["id"],
        kind=NoticeKind(row["kind"]),
        about=row["about"],
        threshold=row["threshold"],
        count=row["count"],
        latest=row["latest"],
        raised_at=from_text(row["raised_at"]),
        last_at=from_text(row["last_at"]),
        over_at=_instant(row["over_at"]),
        acknowledged_at=_instant(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"],
        acknowledged_by_name=row["acknowledged_by_name"],
    )


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
