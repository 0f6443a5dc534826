"""A privacy request, the vendor tasks it fans out to, their states and the one transition table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.model.deadlines import Deadline
from core.model.identifiers import canonical


class RequestType(StrEnum):
    """What the data subject asks for."""

    ERASURE = "ERASURE"
    ACCESS = "ACCESS"


class TaskState(StrEnum):
    """Where one submission to one vendor system stands. Outcomes stay apart: none is folded into another."""

    AWAITING_APPROVAL = "awaiting_approval"
    ON_HOLD = "on_hold"
    QUEUED = "queued"
    SENDING = "sending"
    IN_PROGRESS = "in_progress"
    UNKNOWN_VENDOR_STATUS = "unknown_vendor_status"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CANNOT_BE_TRACKED = "cannot_be_tracked"
    NEEDS_PERSON = "needs_person"
    COMPLETED = "completed"
    NOTHING_FOUND = "nothing_found"
    PARTLY_COMPLETED = "partly_completed"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


_VENDOR_HAS_IT = {
    TaskState.IN_PROGRESS,
    TaskState.UNKNOWN_VENDOR_STATUS,
    TaskState.NEEDS_PERSON,
    TaskState.COMPLETED,
    TaskState.NOTHING_FOUND,
    TaskState.PARTLY_COMPLETED,
    TaskState.FAILED,
    TaskState.REFUSED,
    TaskState.CANCELLED,
}

# From each state to the states that may follow it. A state with no followers is terminal: retrying
# a failed task makes a new task, so that the failure stays on record.
TRANSITIONS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.AWAITING_APPROVAL: frozenset(
        {TaskState.QUEUED, TaskState.ON_HOLD, TaskState.REFUSED, TaskState.CANCELLED}
    ),
    TaskState.ON_HOLD: frozenset(
        {TaskState.AWAITING_APPROVAL, TaskState.QUEUED, TaskState.REFUSED, TaskState.CANCELLED}
    ),
    TaskState.QUEUED: frozenset(
        {TaskState.SENDING, TaskState.ON_HOLD, TaskState.NEEDS_PERSON, TaskState.REFUSED, TaskState.CANCELLED}
    ),
    TaskState.SENDING: frozenset(
        {TaskState.QUEUED, TaskState.OUTCOME_UNKNOWN, TaskState.CANNOT_BE_TRACKED} | _VENDOR_HAS_IT
    ),
    TaskState.IN_PROGRESS: frozenset(_VENDOR_HAS_IT),
    TaskState.UNKNOWN_VENDOR_STATUS: frozenset(_VENDOR_HAS_IT),
    TaskState.OUTCOME_UNKNOWN: frozenset({TaskState.QUEUED} | _VENDOR_HAS_IT),
    TaskState.CANNOT_BE_TRACKED: frozenset({TaskState.COMPLETED, TaskState.NOTHING_FOUND, TaskState.FAILED}),
    TaskState.NEEDS_PERSON: frozenset({TaskState.QUEUED} | _VENDOR_HAS_IT),
    TaskState.COMPLETED: frozenset(),
    TaskState.NOTHING_FOUND: frozenset(),
    TaskState.PARTLY_COMPLETED: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.REFUSED: frozenset(),
    TaskState.CANCELLED: frozenset(),
}

TERMINAL = frozenset(state for state, followers in TRANSITIONS.items() if not followers)
SUCCESSFUL = frozenset({TaskState.COMPLETED, TaskState.NOTHING_FOUND})
WAITS_FOR_A_PERSON = frozenset({TaskState.OUTCOME_UNKNOWN, TaskState.CANNOT_BE_TRACKED, TaskState.NEEDS_PERSON})
TRACKED = frozenset({TaskState.IN_PROGRESS, TaskState.UNKNOWN_VENDOR_STATUS})


class TransitionError(Exception):
    """A task was asked to go from one state to another that may not follow it."""


def check_transition(before: TaskState, after: TaskState) -> None:
    """Raise TransitionError unless `after` may follow `before`; staying where it is always may."""
    if after != before and after not in TRANSITIONS[before]:
        raise TransitionError(f"A task cannot go from {before} to {after}")


class RequestState(StrEnum):
    """Where one person's wish stands; always derived from its tasks, never set by hand."""

    AWAITING_APPROVAL = "awaiting_approval"
    ON_HOLD = "on_hold"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    NEEDS_PERSON = "needs_person"
    COMPLETED = "completed"
    NOTHING_FOUND = "nothing_found"
    PARTLY_COMPLETED = "partly_completed"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


CLOSED = frozenset(
    {
        RequestState.COMPLETED,
        RequestState.NOTHING_FOUND,
        RequestState.PARTLY_COMPLETED,
        RequestState.FAILED,
        RequestState.REFUSED,
        RequestState.CANCELLED,
    }
)


def request_state(tasks: Iterable[TaskState]) -> RequestState:
    """The state of a request from those of its tasks (those that no retry has replaced).

    A request is complete only when each of its tasks is. Raises ValueError for no tasks at all.
    """
    states = set(tasks)
    if not states:
        raise ValueError("A request has at least one task")
    if states & WAITS_FOR_A_PERSON:
        return RequestState.NEEDS_PERSON
    if TaskState.AWAITING_APPROVAL in states:
        return RequestState.AWAITING_APPROVAL
    if TaskState.ON_HOLD in states:
        return RequestState.ON_HOLD
    if not states <= TERMINAL:
        return RequestState.QUEUED if states == {TaskState.QUEUED} else RequestState.IN_PROGRESS
    if len(states) == 1:
        return RequestState(next(iter(states)))
    if states <= SUCCESSFUL:
        return RequestState.COMPLETED
    if states & (SUCCESSFUL | {TaskState.PARTLY_COMPLETED}):
        return RequestState.PARTLY_COMPLETED
    if TaskState.FAILED in states:
        return RequestState.FAILED
    return RequestState.REFUSED


@dataclass(frozen=True)
class CascadeEntry:
    """What the vendor removed in one linked kind of entity."""

    entity: str
    records: int


@dataclass(frozen=True)
class TaskError:
    """Why a task did not go on: a stable `code`, one sentence of what happened, one of what to do."""

    code: str
    message: str
    advice: str = ""


# The code of the error with which the desk stops asking a vendor by itself.
GAVE_UP = "gave_up"


@dataclass(frozen=True)
class Task:
    """One submission to one vendor system. Times are aware and UTC, latency is in milliseconds."""

    id: str
    request_id: str
    connection: str
    contract: str
    kind: RequestType
    intent: str
    state: TaskState
    vendor_status: str | None = None
    vendor_request_id: str | None = None
    attempts: int = 0
    polls: int = 0
    next_due_at: datetime | None = None
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    latency_ms: int | None = None
    records_affected: int | None = None
    cascade: tuple[CascadeEntry, ...] = ()
    error: TaskError | None = None
    fence: int = 0
    may_have_acted: bool = False
    trying_since: datetime | None = None
    superseded_by: str | None = None
    pseudonym: str = ""
    identifier: int = 0  # which of the person's identifiers it is about, counted from 0

    @property
    def is_in_doubt(self) -> bool:
        """Whether the vendor may have it without its id being known: sent again only on a person's word."""
        may_have = self.state is TaskState.OUTCOME_UNKNOWN or self.may_have_acted
        return may_have and self.vendor_request_id is None and self.state not in TERMINAL


@dataclass(frozen=True)
class Draft:
    """What a person has typed so far; nothing in it is checked."""

    connections: tuple[str, ...] = ("cxone",)
    subject: str = ""
    type: str = RequestType.ERASURE
    categories: tuple[str, ...] = ()
    scope: str = ""
    description: str = ""
    law: str = ""
    region: str | None = None
    received: date | None = None
    reference: str = ""
    also_known_as: tuple[str, ...] = ()  # further identifiers of the same person; each is a task of its own
    under_hold: str = ""  # where a legal hold stands in the way: "" stop, "hold_back" until release, "override" it
    reason: str = ""  # for an override: why, shown to the second person who decides

    @property
    def identifiers(self) -> tuple[str, ...]:
        """All identifiers of the person in their canonical form, each once; the subject first."""
        return tuple(dict.fromkeys(map(canonical, (self.subject, *self.also_known_as))))


@dataclass(frozen=True)
class PrivacyRequest:
    """One person's wish, as it was filed.

    `subject` is None for whoever may not see it (then `masked_subject` stands in), and once it was destroyed.
    `version` grows with every change.
    """

    id: str
    type: RequestType
    categories: tuple[str, ...]
    scope: str
    description: str
    law: str
    region: str | None
    received: date
    submitted_at: datetime
    reference: str
    filed_by: str
    state: RequestState
    closed_at: datetime | None
    pseudonym: str
    subject: str | None
    due_on: date
    deadlines: tuple[Deadline, ...]
    policy_version: str
    version: int
    tasks: tuple[Task, ...] = ()
    masked_subject: str | None = None
    also_known_as: tuple[str, ...] = ()  # further identifiers; masked wherever `subject` is
    batch: str | None = None  # the batch it came in
