"""Sample comparisons of retention purposes, as the desk's own schedule leaves them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.clock import to_text
from core.model.events import Event, EventKind
from core.model.people import DESK
from core.store.database import Transaction


class Comparison(Protocol):
    """What a sample comparison must tell; the time is aware."""

    @property
    def at(self) -> datetime: ...
    @property
    def connection(self) -> str: ...
    @property
    def in_force(self) -> int: ...
    @property
    def drifted(self) -> int: ...
    @property
    def missing(self) -> int: ...
    @property
    def undeclared(self) -> int: ...
    @property
    def latency_ms(self) -> int: ...


def keep(transaction: Transaction, compared: Sequence[Comparison]) -> list[tuple[datetime, Event]]:
    """Write their rows; returns the events, which go into the log in order of time."""
    events = []
    for one in compared:
        counts = {
            "in_force": one.in_force, "drifted": one.drifted, "missing": one.missing, "undeclared": one.undeclared,
            "ambiguous": 0,
        }  # fmt: skip
        asked = to_text(one.at - timedelta(milliseconds=one.latency_ms))
        number = transaction.db.execute(
            "INSERT INTO purpose_comparisons (connection, origin, asked_by, asked_by_name, asked_at, ended_at, "
            "latency_ms, calls, in_force, drifted, missing, undeclared, ambiguous) "
            "VALUES (?,'schedule',?,'Sample history',?,?,?,1,?,?,?,?,?)",
            [one.connection, DESK.id, asked, to_text(one.at), one.latency_ms, *counts.values()],
        ).lastrowid
        detail = {"comparison": f"PC-{number:06d}", **counts, "latency_ms": one.latency_ms, "calls": 1}
        outcome = "in_force" if one.in_force and not one.drifted + one.missing else "drifted"
        event = Event(EventKind.PURPOSES_COMPARED, DESK.id, connection=one.connection, outcome=outcome, detail=detail)
        events.append((one.at, event))
    return events
