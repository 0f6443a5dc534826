"""Sample history written in bulk, with the same rows and audit events that real requests leave."""

import heapq
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any, Protocol

from core.clock import to_text
from core.model.deadlines import Deadline
from core.model.events import Event, EventKind
from core.model.identifiers import pseudonym
from core.model.people import DESK
from core.model.privacy_requests import (
    CLOSED,
    SUCCESSFUL,
    TERMINAL,
    WAITS_FOR_A_PERSON,
    CascadeEntry,
    RequestType,
    TaskError,
    TaskState,
    request_state,
)
from core.store import audit, identifiers
from core.store.database import Store, Transaction

BATCH = 1000

_VENDOR_STATUS = {
    TaskState.COMPLETED: "COMPLETED",
    TaskState.NOTHING_FOUND: "COMPLETED",
    TaskState.PARTLY_COMPLETED: "PARTIAL",
    TaskState.FAILED: "FAILED",
    TaskState.NEEDS_PERSON: "PROCESSING",
}


class Sample(Protocol):
    """What a sample request must tell; times are aware."""

    @property
    def filed_at(self) -> datetime: ...
    @property
    def type(self) -> RequestType: ...
    @property
    def connection(self) -> str: ...
    @property
    def categories(self) -> tuple[str, ...]: ...
    @property
    def scope(self) -> str: ...
    @property
    def law(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def outcome(self) -> TaskState: ...
    @property
    def submitted_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def attempts(self) -> int: ...
    @property
    def polls(self) -> int: ...
    @property
    def records_affected(self) -> int | None: ...
    @property
    def cascade(self) -> tuple[CascadeEntry, ...]: ...
    @property
    def error(self) -> TaskError | None: ...
    @property
    def vendor_request_id(self) -> str | None: ...


class _Step(IntEnum):
    FILED = 0
    SUBMITTED = 1
    ENDED = 2
    DESTROYED = 3


@dataclass(frozen=True)
class _Written:
    """A sample on its way through time."""

    sample: Sample
    number: int
    due: date
    deadlines: tuple[Deadline, ...]
    received: date
    pseudonym: str

    @property
    def id(self) -> str:
        return f"PR-{self.number:06d}"

    @property
    def task(self) -> str:
        return f"{self.id}-1"


def write(
    store: Store,
    history: Iterable[Sample],
    total: int,
    *,
    received_on: Callable[[Sample], date],
    deadlines_of: Callable[[Sample], tuple[Deadline, ...]],
    policy_version: str,
    grace_days: float,
) -> Iterator[tuple[int, int]]:
    """Write samples, which come in the order they were filed, as they would have happened, in order of time.

    What is still open is queued and goes through the worker like any other. Yields (done, of) after each batch.
    """
    waiting: list[tuple[datetime, int, _Step, _Written]] = []
    now = store.clock.now()
    done = 0
    source = iter(history)
    upcoming = next(source, None)
    while upcoming is not None or waiting:
        with store.writing() as transaction:
            number = _last_number(transaction)
            events: list[tuple[datetime, Event]] = []
            steps = 0
            while steps < BATCH and (upcoming is not None or waiting):
                steps += 1
                if upcoming is not None and (not waiting or upcoming.filed_at <= waiting[0][0]):
                    number += 1
                    deadlines = deadlines_of(upcoming)
                    written = _Written(
                        upcoming,
                        number,
                        next(d.due for d in deadlines if d.what == "respond"),
                        deadlines,
                        received_on(upcoming),
                        pseudonym(upcoming.subject, store.keys.pseudonym),
                    )
                    events.append((upcoming.filed_at, _file(transaction, written, policy_version, now)))
                    for at, step in _later(upcoming, grace_days, now):
                        heapq.heappush(waiting, (at, number, step, written))
                    done += 1
                    upcoming = next(source, None)
                else:
                    at, _, step, written = heapq.heappop(waiting)
                    events += [(at, event) for event in _advance(transaction, step, written, at, grace_days)]
            audit.append_many(transaction.db, store.keys, events)
            transaction.recorded += len(events)
        yield done, total


def _later(sample: Sample, grace_days: float, now: datetime) -> Iterator[tuple[datetime, _Step]]:
    if sample.outcome not in TERMINAL | WAITS_FOR_A_PERSON:
        return
    if sample.submitted_at and sample.vendor_request_id:
        yield sample.submitted_at, _Step.SUBMITTED
    ended = sample.ended_at or sample.submitted_at or sample.filed_at
    yield ended, _Step.ENDED
    gone = ended + timedelta(days=grace_days)
    if sample.outcome in TERMINAL and gone <= now:
        yield gone, _Step.DESTROYED


def _last_number(transaction: Transaction) -> int:
    (row,) = transaction.db.query("SELECT coalesce(max(number), 0) AS n FROM requests")
    return int(row["n"])


def _file(transaction: Transaction, written: _Written, policy_version: str, now: datetime) -> Event:
    sample, at = written.sample, to_text(written.sample.filed_at)
    transaction.db.execute(
        "INSERT INTO requests (number, intent, type, categories, scope, law, received, submitted_at, reference, "
        "filed_by, filed_by_name, state, pseudonym, due_on, deadlines, policy_version, sample) "
        "VALUES (?,?,?,?,?,?,?,?,'',?,?,'queued',?,?,?,?,1)",
        [
            written.number, str(uuid.uuid4()), sample.type, json.dumps(sample.categories), sample.scope, sample.law,
            written.received.isoformat(), at, DESK.id, "Sample history", written.pseudonym,
            written.due.isoformat(),
            json.dumps([{**asdict(d), "due": d.due.isoformat()} for d in written.deadlines]), policy_version,
        ],
    )  # fmt: skip
    still_open = sample.outcome not in TERMINAL | WAITS_FOR_A_PERSON
    transaction.db.execute(
        "INSERT INTO tasks (id, request, connection, contract, kind, pseudonym, due_on, intent, state, next_due_at, "
        "created_at) VALUES (?,?,?,'cxone-requests',?,?,?,?,'queued',?,?)",
        [
            written.task, written.number, sample.connection, sample.type, written.pseudonym, written.due.isoformat(),
            str(uuid.uuid4()), to_text(now) if still_open else None, at,
        ],
    )  # fmt: skip
    identifiers.keep(transaction, written.number, written.id, identifiers.Secret(sample.subject, ""))
    return Event(
        EventKind.REQUEST_FILED,
        DESK.id,
        request=written.id,
        outcome="queued",
        detail={
            "type": sample.type,
            "categories": list(sample.categories),
            "scope": sample.scope,
            "law": sample.law,
            "due": written.due.isoformat(),
            "subject": written.pseudonym,
            "tasks": [written.task],
            "sample": True,
        },
    )


def _advance(
    transaction: Transaction, step: _Step, written: _Written, at: datetime, grace_days: float
) -> Iterator[Event]:
    sample = written.sample
    if step is _Step.SUBMITTED:
        transaction.db.execute(
            "UPDATE tasks SET state = 'in_progress', vendor_request_id = ?, submitted_at = ?, attempts = ? "
            "WHERE id = ?",
            [sample.vendor_request_id, to_text(at), sample.attempts, written.task],
        )
        detail = {"attempt": sample.attempts, "vendor_request_id": sample.vendor_request_id}
        yield _task_event(EventKind.TASK_SUBMITTED, written, "in_progress", detail)
    elif step is _Step.ENDED:
        yield from _end(transaction, written, at, grace_days)
    else:
        transaction.db.execute("DELETE FROM identifiers WHERE request = ?", [written.number])
        detail = {"subject": written.pseudonym}
        yield Event(EventKind.IDENTIFIER_DESTROYED, DESK.id, request=written.id, detail=detail)


def _end(transaction: Transaction, written: _Written, at: datetime, grace_days: float) -> Iterator[Event]:
    sample, state = written.sample, request_state([written.sample.outcome])
    ended = sample.outcome in TERMINAL
    latency = round((at - sample.filed_at).total_seconds() * 1000) if ended else None
    transaction.db.execute(
        "UPDATE tasks SET state = ?, vendor_status = ?, ended_at = ?, latency_ms = ?, attempts = ?, polls = ?, "
        "records_affected = ?, cascade = ?, error = ?, next_due_at = NULL WHERE id = ?",
        [
            sample.outcome, _VENDOR_STATUS.get(sample.outcome),
            to_text(at) if ended else None, latency,
            sample.attempts, sample.polls, sample.records_affected, json.dumps([asdict(c) for c in sample.cascade]),
            json.dumps(asdict(sample.error)) if sample.error else None, written.task,
        ],
    )  # fmt: skip
    transaction.db.execute(
        "UPDATE requests SET state = ?, closed_at = ?, version = 2 WHERE number = ?",
        [state, to_text(at) if state in CLOSED else None, written.number],
    )
    if not ended:
        detail: dict[str, Any] = {"state": sample.outcome, "why": sample.error.code if sample.error else ""}
        yield _task_event(EventKind.TASK_NEEDS_PERSON, written, sample.outcome, detail)
        return
    transaction.db.execute(
        "UPDATE identifiers SET destroy_after = ? WHERE request = ?",
        [to_text(at + timedelta(days=grace_days)), written.number],
    )
    detail = {
        "state": sample.outcome,
        "vendor_status": _VENDOR_STATUS.get(sample.outcome),
        "records": sample.records_affected,
        "cascade": [asdict(c) for c in sample.cascade],
        "latency_ms": latency,
        "attempts": sample.attempts,
        "polls": sample.polls,
        "error": sample.error.code if sample.error else None,
    }
    yield _task_event(EventKind.TASK_ENDED, written, sample.outcome, detail)
    if sample.outcome in SUCCESSFUL and sample.type is RequestType.ERASURE:
        detail = {
            "request_id": sample.vendor_request_id,
            "subject": written.pseudonym,
            "completion_time_ms": latency,
            "records_deleted": sample.records_affected,
            "audit_timestamp": to_text(at),
        }
        yield _task_event(EventKind.PRIVACY_DELETION_COMPLETED, written, sample.outcome, detail)
    detail = {"state": state, "subject": written.pseudonym}
    yield Event(EventKind.REQUEST_CLOSED, DESK.id, request=written.id, outcome=state, detail=detail)


def _task_event(kind: EventKind, written: _Written, outcome: str, detail: dict[str, Any]) -> Event:
    return Event(
        kind,
        DESK.id,
        request=written.id,
        task=written.task,
        connection=written.sample.connection,
        outcome=outcome,
        detail=detail,
    )
