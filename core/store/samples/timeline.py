"""One sample on its way through time: what its rows hold after each step, and the events of the step."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from core.clock import to_text
from core.model.events import Event, EventKind
from core.model.people import DESK
from core.model.privacy_requests import (
    CLOSED,
    SUCCESSFUL,
    TERMINAL,
    WAITS_FOR_A_PERSON,
    RequestType,
    TaskState,
    request_state,
)
from core.store.approvals import ApprovalKind, ApprovalState
from core.store.samples.sample import Pinned, Sample

# Who decides in sample history: nobody who can sign in.
APPROVER: Final = "sandbox|approver"
APPROVER_NAME: Final = "Sample approver"

# A sample has one task: its request's state is looked up, not derived four times over.
REQUEST_STATE: Final = {state: request_state([state]) for state in TaskState}

_VENDOR_STATUS: Final = {
    TaskState.COMPLETED: "COMPLETED",
    TaskState.NOTHING_FOUND: "COMPLETED",
    TaskState.PARTLY_COMPLETED: "PARTIAL",
    TaskState.FAILED: "FAILED",
    TaskState.NEEDS_PERSON: "PROCESSING",
}


class Step(IntEnum):
    """In the order in which those of one instant happen."""

    FILED = 0
    APPROVED = 1
    RELEASED = 2
    SENT = 3
    SUBMITTED = 4
    EXTENDED = 5
    ENDED = 6
    DESTROYED = 7


def steps(sample: Sample, grace: timedelta, now: datetime) -> Iterator[tuple[datetime, Step]]:
    """What happens to a sample after it is filed, and when; nothing where it is left to the worker."""
    if sample.outcome not in TERMINAL | WAITS_FOR_A_PERSON:
        return
    if sample.approved_at:
        yield sample.approved_at, Step.APPROVED
    if sample.released_at:
        yield sample.released_at, Step.RELEASED
    if sample.sent_at:
        yield sample.sent_at, Step.SENT
    if sample.submitted_at and sample.vendor_request_id:
        yield sample.submitted_at, Step.SUBMITTED
    ended = sample.ended_at or sample.submitted_at or sample.filed_at
    if sample.extended:
        # With the law's own time for it nearly over, as people do.
        yield min(sample.filed_at + timedelta(days=24), ended), Step.EXTENDED
    yield ended, Step.ENDED
    if sample.outcome in TERMINAL and ended + grace <= now:
        yield ended + grace, Step.DESTROYED


class Written:
    """A sample's rows as they stand at the last step it has taken."""

    __slots__ = (
        "approval", "asks", "attempts", "closed_at", "delivery", "due", "hold", "id", "intent", "number", "pinned",
        "pseudonym", "sample", "state", "submitted_at", "task", "version",
    )  # fmt: skip

    def __init__(self, sample: Sample, intent: str, pseudonym: str, pinned: Pinned) -> None:
        self.sample = sample
        self.intent = intent
        self.pseudonym = pseudonym
        self.pinned = pinned
        self.name(0)
        self.asks = hashlib.sha256(intent.encode()).hexdigest()  # the digest of what a second person is asked for
        self.delivery = f"vd_{self.asks[:32]}"
        self.approval = 0
        self.hold = 0
        self.due = pinned.due
        self.version = 1
        self.attempts = 0
        self.submitted_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.state = TaskState.QUEUED
        if sample.approved_at or sample.denial:
            self.state = TaskState.AWAITING_APPROVAL
        elif sample.released_at:
            self.state = TaskState.ON_HOLD

    def name(self, number: int) -> None:
        """The number that its request has in the store; its ids follow from it."""
        self.number = number
        self.id = f"PR-{number:06d}"
        self.task = f"{self.id}-1"

    def take(self, step: Step, at: datetime) -> None:
        """Change the rows as the step does."""
        sample = self.sample
        if step is Step.APPROVED:
            self.state = TaskState.ON_HOLD if sample.released_at else TaskState.QUEUED
        elif step is Step.RELEASED:
            self.state = TaskState.QUEUED
        elif step is Step.SENT:
            self.state, self.attempts = TaskState.SENDING, sample.attempts
        elif step is Step.SUBMITTED:
            self.state, self.submitted_at = TaskState.IN_PROGRESS, at
        elif step is Step.EXTENDED:
            self.due = self.pinned.extended or self.due
        elif step is Step.ENDED:
            self.state, self.version = sample.outcome, 2
            self.submitted_at = self.submitted_at or sample.submitted_at
            self.closed_at = at if REQUEST_STATE[self.state] in CLOSED else None

    def phases(self) -> tuple[int, ...]:
        """Milliseconds of approval, queued, throttled, vendor, callback and person, up to the step last taken."""
        sample = self.sample
        if self.state not in TERMINAL | WAITS_FOR_A_PERSON:
            return (0, 0, 0, 0, 0, 0)
        begun = sample.filed_at
        ends = {
            "approval": sample.approved_at or (sample.ended_at if sample.denial else None),
            "person": sample.released_at,
            "queued": sample.sent_at or sample.ended_at,
            "vendor": sample.finished_at or (None if sample.ended_at else sample.submitted_at),
            "callback": sample.ended_at,
        }
        spent, before = dict.fromkeys(("throttled", *ends), 0), 0
        for phase, end in ends.items():
            if end is not None:
                so_far = round((end - begun).total_seconds() * 1000)
                spent[phase], before = so_far - before, so_far
        spent["throttled"] = int(spent["queued"] * sample.throttled)
        spent["queued"] -= spent["throttled"]
        return tuple(spent[name] for name in ("approval", "queued", "throttled", "vendor", "callback", "person"))

    def events(self, step: Step) -> Iterator[Event]:
        """What the step leaves in the audit log, after it was taken."""
        sample = self.sample
        detail: dict[str, Any]
        if step is Step.FILED:
            yield from self._filed()
        elif step is Step.APPROVED:
            yield self._decided(ApprovalState.APPROVED)
        elif step is Step.RELEASED:
            detail = {"hold": f"LH-{self.hold:06d}", "free": [self.id]}
            yield Event(EventKind.HOLD_RELEASED, APPROVER, outcome="released", detail=detail)
            yield self._task_event(EventKind.TASK_NO_LONGER_HELD, "queued", {"state": "queued"})
        elif step is Step.SENT:
            detail = {"attempt": sample.attempts, "intent": self.intent, "fence": sample.attempts}
            yield self._task_event(EventKind.TASK_SENDING, "sending", detail)
        elif step is Step.SUBMITTED:
            detail = {"attempt": sample.attempts, "vendor_request_id": sample.vendor_request_id}
            yield self._task_event(EventKind.TASK_SUBMITTED, "in_progress", detail)
        elif step is Step.EXTENDED:
            detail = {
                "due_before": self.pinned.due.isoformat(), "due": self.due.isoformat(), "pack": self.pinned.pack,
            }  # fmt: skip
            yield Event(EventKind.DEADLINE_EXTENDED, APPROVER, request=self.id, outcome="extended", detail=detail)
        elif step is Step.ENDED:
            yield from self._ended()
        else:
            yield Event(EventKind.IDENTIFIER_DESTROYED, DESK.id, request=self.id, detail={"subject": self.pseudonym})

    def _filed(self) -> Iterator[Event]:
        sample, pinned = self.sample, self.pinned
        detail: dict[str, Any]
        if self.hold:
            detail = {
                "hold": f"LH-{self.hold:06d}", "subject": self.pseudonym, "categories": [], "ground": "art_17_3_e",
            }  # fmt: skip
            yield Event(EventKind.HOLD_PLACED, APPROVER, outcome="placed", detail=detail)
        detail = {
            "type": sample.type,
            "categories": list(sample.categories),
            "scope": sample.scope,
            "law": sample.law,
            "received": pinned.received.isoformat(),
            "due": pinned.due.isoformat(),
            "policy": pinned.policy_version,
            "pack": pinned.pack,
            "subject": self.pseudonym,
            "tasks": [self.task],
            "sample": True,
        }
        state = REQUEST_STATE[self.state]
        yield Event(EventKind.REQUEST_FILED, DESK.id, request=self.id, outcome=state, detail=detail)
        if self.approval:
            detail = self._approval_detail()
            yield Event(
                EventKind.APPROVAL_ASKED, DESK.id, request=self.id, outcome=ApprovalState.PENDING, detail=detail
            )

    def _ended(self) -> Iterator[Event]:
        sample, state = self.sample, self.state
        if state not in TERMINAL:
            detail: dict[str, Any] = {"state": state, "why": sample.error.code if sample.error else ""}
            yield self._task_event(EventKind.TASK_NEEDS_PERSON, state, detail)
            return
        if sample.denial:
            yield self._decided(ApprovalState.DENIED)
        latency = sum(self.phases())
        detail = {
            "state": state,
            "vendor_status": _VENDOR_STATUS.get(state),
            "records": sample.records_affected,
            "cascade": self.cascade(),
            "latency_ms": latency,
            "attempts": sample.attempts,
            "polls": sample.polls,
            "error": sample.error.code if sample.error else None,
        }
        kind = EventKind.TASK_CANCELLED if state is TaskState.CANCELLED else EventKind.TASK_ENDED
        yield self._task_event(kind, state, {} if state is TaskState.CANCELLED else detail)
        if state in SUCCESSFUL:
            if sample.type is RequestType.ERASURE:
                detail = {
                    "request_id": sample.vendor_request_id,
                    "subject": self.pseudonym,
                    "completion_time_ms": latency,
                    "records_deleted": sample.records_affected,
                    "audit_timestamp": self.text(sample.ended_at),
                }
                yield self._task_event(EventKind.PRIVACY_DELETION_COMPLETED, state, detail)
            detail = {"delivery": self.delivery, "attempts": 1, "vault": "built-in"}
            yield Event(
                EventKind.VAULT_DELIVERED, DESK.id, request=self.id, task=self.task, outcome="delivered", detail=detail
            )
        if sample.denial:
            detail = {"code": sample.denial, "class_7102": sample.denial.class_7102, "note_sha256": None}
            yield Event(EventKind.REQUEST_DENIED, APPROVER, request=self.id, outcome="refused", detail=detail)
        closed = REQUEST_STATE[state]
        detail = {"state": closed, "subject": self.pseudonym}
        yield Event(EventKind.REQUEST_CLOSED, DESK.id, request=self.id, outcome=closed, detail=detail)

    def cascade(self) -> list[dict[str, Any]]:
        # `asdict` copies deeply, which was a tenth of a fill.
        return [{"entity": entry.entity, "records": entry.records} for entry in self.sample.cascade]

    @property
    def vendor_status(self) -> str | None:
        return _VENDOR_STATUS.get(self.state) if self.state in TERMINAL | WAITS_FOR_A_PERSON else None

    @staticmethod
    def text(at: datetime | None) -> str | None:
        return to_text(at) if at else None

    def _decided(self, state: ApprovalState) -> Event:
        detail = {**self._approval_detail(), "ground_sha256": None}
        return Event(EventKind.APPROVAL_DECIDED, APPROVER, request=self.id, outcome=state, detail=detail)

    def _approval_detail(self) -> dict[str, Any]:
        return {
            "approval": f"AP-{self.approval:06d}", "kind": ApprovalKind.ERASURE, "about": self.id,
            "payload_sha256": self.asks,
        }  # fmt: skip

    def _task_event(self, kind: EventKind, outcome: str, detail: dict[str, Any]) -> Event:
        return Event(
            kind, DESK.id, request=self.id, task=self.task, connection=self.sample.connection, outcome=outcome,
            detail=detail,
        )  # fmt: skip
