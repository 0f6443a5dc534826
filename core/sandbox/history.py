"""A plausible past for a demonstration: invented requests in time order, the same for the same seed."""

import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from core.model.privacy_requests import CascadeEntry, RequestType, TaskError, TaskState
from core.sandbox.outcomes import LINKED_ENTITIES, linked_entities

CATEGORIES = tuple(category for category in LINKED_ENTITIES if category != "ANALYTICS")
SCOPES = ("CONTACT", "ACCOUNT", "CONVERSATION", "ALL")

# Monday to Sunday, January to December, and the hours of the day in UTC: when people file requests.
_WEEKDAYS = (1.25, 1.15, 1.1, 1.05, 0.95, 0.25, 0.2)
_MONTHS = (1.35, 1.1, 1.05, 1.0, 1.15, 0.95, 0.8, 0.75, 1.05, 1.05, 1.2, 0.7)
_HOURS = (1, 1, 1, 1, 1, 2, 5, 12, 22, 28, 28, 24, 18, 22, 25, 23, 18, 12, 7, 5, 4, 3, 2, 1)

_MEDIAN_HOURS, _SPREAD = 9.0, 0.9

# What a finished task came to, by chance: in an ordinary week, and in the week of the incident.
_OUTCOMES = (
    TaskState.COMPLETED,
    TaskState.NOTHING_FOUND,
    TaskState.FAILED,
    TaskState.PARTLY_COMPLETED,
    TaskState.CANCELLED,
    TaskState.REFUSED,
)
_ORDINARY = tuple(accumulate((90.5, 4.0, 2.5, 1.5, 1.0, 0.5)))
_INCIDENT = tuple(accumulate((58.0, 3.0, 34.0, 3.0, 1.0, 1.0)))

# The newest requests, newest first, so that an overview has something to show.
_NEWEST = (
    TaskState.QUEUED,
    TaskState.QUEUED,
    TaskState.IN_PROGRESS,
    TaskState.IN_PROGRESS,
    TaskState.QUEUED,
    TaskState.OUTCOME_UNKNOWN,
    TaskState.IN_PROGRESS,
    TaskState.NEEDS_PERSON,
    TaskState.IN_PROGRESS,
    TaskState.UNKNOWN_VENDOR_STATUS,
    TaskState.OUTCOME_UNKNOWN,
    TaskState.NEEDS_PERSON,
)

_NEVER_SENT = frozenset({TaskState.QUEUED, TaskState.CANCELLED, TaskState.REFUSED})

_FAILURES = (
    TaskError(
        "vendor_failed",
        "The deletion job stopped: the data store did not answer.",
        "Read the vendor's message, put right what it names, then send the request again.",
    ),
    TaskError(
        "vendor_failed",
        "A retention policy holds some of the records.",
        "Ask the vendor which policy applies, then send the request again.",
    ),
)
_ERRORS = {
    TaskState.PARTLY_COMPLETED: TaskError(
        "partly_completed",
        "Some recordings are in use and could not be removed.",
        "Ask the vendor which part is left, and file a request for it.",
    ),
    TaskState.OUTCOME_UNKNOWN: TaskError(
        "outcome_unknown",
        "The request may or may not have reached the vendor.",
        "Look it up in the vendor's console, then attest the outcome or send it again.",
    ),
    TaskState.NEEDS_PERSON: TaskError(
        "not_authorised",
        "The vendor does not allow this client to do that (HTTP 403).",
        "Check the client's scopes and that its type is client credentials, then send the request again.",
    ),
    TaskState.UNKNOWN_VENDOR_STATUS: TaskError(
        "unknown_vendor_status",
        "The vendor reports the status 'ARCHIVED', which Privacy Desk does not know.",
        "Look the request up in the vendor's console if this does not change.",
    ),
}


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One invented request with its one task. Times are aware and UTC; latency runs from sending to the end, in ms."""

    filed_at: datetime
    type: RequestType
    connection: str
    categories: tuple[str, ...]
    scope: str
    law: str
    subject: str
    outcome: TaskState
    submitted_at: datetime | None
    ended_at: datetime | None
    latency_ms: int | None
    attempts: int
    polls: int
    records_affected: int | None
    cascade: tuple[CascadeEntry, ...]
    error: TaskError | None
    vendor_request_id: str | None


def sample_history(days: int, requests: int, end: datetime, seed: int = 7) -> Iterator[SampleRequest]:
    """`requests` requests over the `days` before `end`, oldest first; deterministic, and nothing lies after `end`.

    Busy on weekdays, in January and before the holidays; one week, three fifths of the way along, goes badly.
    The newest few are still open. Raises ValueError for a period or number below 1, or an `end` without a zone.
    """
    if days < 1 or requests < 1:
        raise ValueError("A history needs at least one day and one request")
    if end.tzinfo is None:
        raise ValueError("An instant needs a time zone")
    return _requests(days, requests, end.astimezone(UTC), random.Random(seed))


def _requests(days: int, requests: int, end: datetime, rng: random.Random) -> Iterator[SampleRequest]:
    start = end - timedelta(days=days)
    incident = start + timedelta(days=days * 0.6)
    incident_end = incident + timedelta(days=min(7.0, days / 8))
    still_open = min(len(_NEWEST), requests // 3)
    first = rng.randrange(9_000_000)
    for number, filed_at in enumerate(_filing_times(days, requests, start, rng), start=1):
        from_end = requests - number
        is_bad = incident <= filed_at < incident_end
        state = (
            _NEWEST[from_end]
            if from_end < still_open
            else rng.choices(_OUTCOMES, cum_weights=_INCIDENT if is_bad else _ORDINARY)[0]
        )
        yield _request(number, first, filed_at, end, state, rng, is_bad=is_bad)


def _filing_times(days: int, requests: int, start: datetime, rng: random.Random) -> Iterator[datetime]:
    weights = []
    for hour in range(days * 24):
        at = start + timedelta(hours=hour)
        weights.append(_WEEKDAYS[at.weekday()] * _MONTHS[at.month - 1] * _HOURS[at.hour])
    hours = rng.choices(range(days * 24), cum_weights=list(accumulate(weights)), k=requests)
    # Less than an hour after the start of an hour that lies before the end: never after the end.
    seconds = sorted(hour * 3600 + rng.randrange(3600) for hour in hours)
    return (start + timedelta(seconds=second) for second in seconds)


def _subject(number: int, first: int, state: TaskState) -> str:
    """Nobody asks twice: 7919 is a prime that shares no factor with 9 million. What is open stays open."""
    person = 1_000_000 + (first + number * 7919) % 9_000_000
    still = {TaskState.IN_PROGRESS: "SANDBOX-SLOW", TaskState.UNKNOWN_VENDOR_STATUS: "SANDBOX-UNKNOWN"}
    return f"{still.get(state, 'USR')}-{person}"


def _request(
    number: int, first: int, filed_at: datetime, end: datetime, state: TaskState, rng: random.Random, *, is_bad: bool
) -> SampleRequest:
    kind = RequestType.ERASURE if rng.random() < 0.8 else RequestType.ACCESS
    categories = tuple(rng.sample(CATEGORIES, rng.choices((1, 2, 3, 4, 5), (30, 30, 22, 12, 6))[0]))
    queued = timedelta(seconds=rng.uniform(1, 90) * (20 if is_bad else 1))
    latency = timedelta(hours=_MEDIAN_HOURS * math.exp(rng.gauss(0, _SPREAD)) * (3 if is_bad else 1))
    attempts = 1 + sum(rng.random() < (0.5 if is_bad else 0.04) for _ in range(4))
    submitted_at: datetime | None = min(filed_at + queued, end)
    ended_at: datetime | None = None
    if state in {TaskState.CANCELLED, TaskState.REFUSED}:
        submitted_at, ended_at = None, min(filed_at + latency / 10, end)
    elif state is TaskState.QUEUED:
        submitted_at = None
    elif state in _OUTCOMES:
        if filed_at + queued + latency > end:
            state = TaskState.IN_PROGRESS
        else:
            ended_at = filed_at + queued + latency
    is_sent = state not in _NEVER_SENT
    has_vendor_id = is_sent and state not in {TaskState.OUTCOME_UNKNOWN, TaskState.NEEDS_PERSON}
    age = ((ended_at or end) - submitted_at).total_seconds() if submitted_at else 0.0
    records, cascade = _found(kind, categories, state, rng)
    return SampleRequest(
        filed_at=filed_at,
        type=kind,
        connection="cxone",
        categories=categories,
        scope=rng.choices(SCOPES, (45, 25, 20, 10))[0],
        law=rng.choices(("gdpr", "ccpa", "uk-gdpr"), (80, 12, 8))[0],
        subject=_subject(number, first, state),
        outcome=state,
        submitted_at=submitted_at,
        ended_at=ended_at,
        latency_ms=round(age * 1000) if submitted_at and ended_at else None,
        attempts=attempts if is_sent else 0,
        # A schedule that doubles from 5 s to 1 h asks about ten times in the first hour, then once an hour.
        polls=min(10, int(math.log2(age / 5 + 1))) + int(age // 3600) if has_vendor_id else 0,
        records_affected=records,
        cascade=cascade,
        error=rng.choice(_FAILURES) if state is TaskState.FAILED else _ERRORS.get(state),
        vendor_request_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)) if has_vendor_id else None,
    )


def _found(
    kind: RequestType, categories: tuple[str, ...], state: TaskState, rng: random.Random
) -> tuple[int | None, tuple[CascadeEntry, ...]]:
    if state is TaskState.NOTHING_FOUND:
        return 0, ()
    if state not in {TaskState.COMPLETED, TaskState.PARTLY_COMPLETED}:
        return None, ()
    cascade = tuple(CascadeEntry(entity, 1 + int(rng.expovariate(1 / 9))) for entity in linked_entities(categories))
    return sum(entry.records for entry in cascade), cascade if kind is RequestType.ERASURE else ()
