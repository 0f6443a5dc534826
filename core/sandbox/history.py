"""A plausible past for a demonstration: invented requests in time order, the same for the same seed."""

import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from core.model.denials import DENIED, DenialCode
from core.model.privacy_requests import CascadeEntry, RequestType, TaskError, TaskState
from core.sandbox.outcomes import LINKED_ENTITIES, linked_entities

CATEGORIES = tuple(category for category in LINKED_ENTITIES if category != "ANALYTICS")
SCOPES = ("CONTACT", "ACCOUNT", "CONVERSATION", "ALL")

# Monday to Sunday, January to December, and the hours of the day in UTC: when people file requests.
_WEEKDAYS = (1.25, 1.15, 1.1, 1.05, 0.95, 0.25, 0.2)
_MONTHS = (1.35, 1.1, 1.05, 1.0, 1.15, 0.95, 0.8, 0.75, 1.05, 1.05, 1.2, 0.7)
_HOURS = (1, 1, 1, 1, 1, 2, 5, 12, 22, 28, 28, 24, 18, 22, 25, 23, 18, 12, 7, 5, 4, 3, 2, 1)

_MEDIAN_HOURS, _SPREAD = 9.0, 0.9
# One in eighty lies at the vendor until its legal date is near or past; for half of those the desk asks for more time.
_SLOW, _SLOW_DAYS = 1 / 80, (20.0, 80.0)

# How often an erasure waits for a second person, how often anything for the end of a legal hold, and how long.
_APPROVED, _APPROVAL_HOURS = 0.35, 3.0
_HELD, _HOLD_DAYS = 0.004, (1.0, 20.0)

_DENIALS = (
    DenialCode.INSUFFICIENT_VERIFICATION,
    DenialCode.ARTICLE_12_6,
    DenialCode.NO_MATCH,
    DenialCode.CLAIM_NOT_COVERED,
    DenialCode.OUTSIDE_JURISDICTION,
    DenialCode.TOO_MANY_REQUESTS,
)

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
    TaskState.REFUSED: TaskError(
        DENIED, "The request was denied.", "Tell the person why, and where they can complain."
    ),
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
    """One invented request with its one task. Times are aware and UTC, and None for what did not happen.

    In their order: filed, approved by a second person, released from a legal hold, sent, taken on by the vendor,
    finished by the vendor, and the end, when the desk was told. `throttled` is the share of the wait to be sent that
    the vendor's limit is the cause of. `extended` says that more time was asked for.
    """

    filed_at: datetime
    type: RequestType
    connection: str
    categories: tuple[str, ...]
    scope: str
    law: str
    subject: str
    outcome: TaskState
    approved_at: datetime | None
    released_at: datetime | None
    sent_at: datetime | None
    submitted_at: datetime | None
    finished_at: datetime | None
    ended_at: datetime | None
    throttled: float
    extended: bool
    denial: DenialCode | None
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
    wait = timedelta(seconds=rng.uniform(1, 90) * (20 if is_bad else 1))
    latency = timedelta(hours=_MEDIAN_HOURS * math.exp(rng.gauss(0, _SPREAD)) * (3 if is_bad else 1))
    slow = state is TaskState.COMPLETED and rng.random() < _SLOW
    if slow:
        latency = timedelta(days=rng.uniform(*_SLOW_DAYS))
    attempts = 1 + sum(rng.random() < (0.5 if is_bad else 0.04) for _ in range(4))
    way = _way(kind, filed_at, end, state, rng, wait=wait, latency=latency)
    state = way.state
    is_sent = state not in _NEVER_SENT
    has_vendor_id = is_sent and state not in {TaskState.OUTCOME_UNKNOWN, TaskState.NEEDS_PERSON}
    age = ((way.ended_at or end) - way.submitted_at).total_seconds() if way.submitted_at else 0.0
    records, cascade = _found(kind, categories, state, rng)
    return SampleRequest(
        filed_at=filed_at,
        type=kind,
        connection="cxone",
        categories=categories,
        scope=rng.choices(SCOPES, (45, 25, 20, 10))[0],
        law=rng.choices(("gdpr", "ccpa", "uk-gdpr"), (70, 20, 10))[0],
        subject=_subject(number, first, state),
        outcome=state,
        approved_at=way.approved_at,
        released_at=way.released_at,
        sent_at=way.sent_at,
        submitted_at=way.submitted_at,
        finished_at=way.finished_at,
        ended_at=way.ended_at,
        throttled=rng.uniform(0.2, 0.9) if rng.random() < (0.6 if is_bad else 0.12) else 0.0,
        extended=slow and way.ended_at is not None and rng.random() < 0.5,
        denial=rng.choice(_DENIALS) if state is TaskState.REFUSED else None,
        attempts=attempts if is_sent else 0,
        # A schedule that doubles from 5 s to 1 h asks about ten times in the first hour, then once an hour.
        polls=min(10, int(math.log2(age / 5 + 1))) + int(age // 3600) if has_vendor_id else 0,
        records_affected=records,
        cascade=cascade,
        error=rng.choice(_FAILURES) if state is TaskState.FAILED else _ERRORS.get(state),
        vendor_request_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)) if has_vendor_id else None,
    )


class _Way(NamedTuple):
    """When what happened to a request; the state may be another than was drawn, because time ran out."""

    state: TaskState
    approved_at: datetime | None = None
    released_at: datetime | None = None
    sent_at: datetime | None = None
    submitted_at: datetime | None = None
    finished_at: datetime | None = None
    ended_at: datetime | None = None


def _way(
    kind: RequestType,
    filed_at: datetime,
    end: datetime,
    state: TaskState,
    rng: random.Random,
    *,
    wait: timedelta,
    latency: timedelta,
) -> _Way:
    """Filed, perhaps approved, perhaps released from a hold, sent after `wait`, ended after `latency` and a look."""
    decision = timedelta(hours=0.05 + rng.expovariate(1 / _APPROVAL_HOURS))
    hold = timedelta(days=rng.uniform(*_HOLD_DAYS))
    approval, held = rng.random() < _APPROVED, rng.random() < _HELD
    answer, told_after = timedelta(seconds=rng.uniform(0.15, 2.5)), timedelta(seconds=rng.uniform(3, 3000))
    if state is TaskState.QUEUED:
        return _Way(state)
    if state in _NEVER_SENT:
        took = decision if state is TaskState.REFUSED else latency / 10
        return _Way(state, ended_at=min(filed_at + took, end))
    if state in _OUTCOMES:
        approved_at = filed_at + decision if approval and kind is RequestType.ERASURE else None
        released_at = (approved_at or filed_at) + hold if held else None
        sent_at = (released_at or approved_at or filed_at) + wait
        finished_at = sent_at + answer + latency
        if finished_at + told_after <= end:
            return _Way(
                state, approved_at, released_at, sent_at, sent_at + answer, finished_at, finished_at + told_after
            )
        # Not over yet: nothing of it has happened, and it goes its way through the worker.
        state = TaskState.IN_PROGRESS
    sent_at = min(filed_at + wait, end)
    return _Way(state, sent_at=sent_at, submitted_at=sent_at)


def _found(
    kind: RequestType, categories: tuple[str, ...], state: TaskState, rng: random.Random
) -> tuple[int | None, tuple[CascadeEntry, ...]]:
    if state is TaskState.NOTHING_FOUND:
        return 0, ()
    if state not in {TaskState.COMPLETED, TaskState.PARTLY_COMPLETED}:
        return None, ()
    cascade = tuple(CascadeEntry(entity, 1 + int(rng.expovariate(1 / 9))) for entity in linked_entities(categories))
    return sum(entry.records for entry in cascade), cascade if kind is RequestType.ERASURE else ()
