"""From what a client brought back to what a task becomes: the decisions of the worker, without input or output."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clients.cxone_requests import Submission, Tracking
from core.clients.http import Answer
from core.clients.outcomes import MAY_HAVE_BEEN_DONE, Decision
from core.clients.retry_table import backoff_seconds
from core.model.privacy_requests import GAVE_UP, TERMINAL, Task, TaskError, TaskState
from core.settings import ConnectionSettings
from core.store.tasks import Outcome

PARKED_MAX_SECONDS = 3600.0

# Nothing is wrong with the request when the desk itself is not let in: it waits, and nothing was carried out.
_NOT_LET_IN = frozenset({"authentication_failed", "token_unavailable"})


@dataclass(frozen=True)
class Schedule:
    """When a task is looked at next, for one connection; jittered, so that many tasks do not move in step."""

    connection: ConnectionSettings
    rng: random.Random

    def poll(self, task: Task, now: datetime) -> datetime:
        """From `poll_first_seconds`, growing by half each time, to `poll_max_seconds`; a tenth of jitter."""
        c = self.connection
        # Exponent bounded: 1.5 to the power of some thousand polls is not a float any more.
        delay = min(c.poll_max_seconds, c.poll_first_seconds * 1.5 ** min(max(0, task.polls), 64))
        return now + timedelta(seconds=delay * self.rng.uniform(0.9, 1.1))

    def retry(self, task: Task, answer: Answer, now: datetime) -> datetime:
        """Full jitter over the base delay; after a 500 or 503 first fifteen times the base (30 s, contract 1.4).

        Once `max_attempts` are used up the task is parked: tried at most once an hour until the vendor is back.
        """
        base = self.connection.base_delay_seconds
        parked = task.attempts >= self.connection.max_attempts
        cap = PARKED_MAX_SECONDS if parked else 30 * base
        delay = backoff_seconds(task.attempts, base, cap, self.rng)
        if parked:
            delay = max(delay, 15 * base)
        elif answer.status in {500, 503} and task.attempts == 1:
            delay = 15 * base
        return now + timedelta(seconds=max(delay, answer.verdict.floor_seconds or 0.0))

    def given_up(self, task: Task, now: datetime) -> bool:
        since = task.trying_since or task.created_at
        return since is not None and now - since > timedelta(days=self.connection.give_up_days)


def after_submission(task: Task, submission: Submission, schedule: Schedule, now: datetime) -> Outcome:
    """What a task becomes after the vendor was asked to take it on."""
    answer, decision = submission.answer, submission.answer.verdict.decision
    code = answer.error.code if answer.error else ""
    # Without a status and for one of these reasons, it was the token server that would not.
    kept_out = code in _NOT_LET_IN or (answer.status is None and code in {"not_authorised", "contract_violation"})
    in_doubt = task.may_have_acted or (code in MAY_HAVE_BEEN_DONE and not kept_out)
    if decision in {Decision.SUCCESS, Decision.ATTACH} and submission.vendor_request_id:
        return Outcome(
            TaskState.IN_PROGRESS,
            next_due_at=schedule.poll(task, now),
            vendor_status=submission.vendor_status,
            vendor_request_id=submission.vendor_request_id,
        )
    if decision is Decision.RETRY or kept_out:
        spent = kept_out and task.attempts >= schedule.connection.max_attempts
        if spent or schedule.given_up(task, now):
            return needs_person(answer.error, "The vendor could not be reached.", may_have_acted=in_doubt)
        return Outcome(
            TaskState.QUEUED,
            next_due_at=schedule.retry(task, answer, now),
            error=answer.error,
            may_have_acted=in_doubt,
        )
    if decision is Decision.PERMANENT and not in_doubt:
        return Outcome(TaskState.FAILED, error=answer.error or _UNEXPLAINED)
    return outcome_unknown(answer.error)


def after_tracking(task: Task, tracking: Tracking, schedule: Schedule, now: datetime) -> Outcome:
    """What a task becomes after the vendor was asked how it stands. Only evidence ends it."""
    answer = tracking.answer
    if tracking.state is None:
        refused = answer.status is not None and 300 <= answer.status < 500
        let_in = answer.error is None or answer.error.code not in _NOT_LET_IN
        if answer.verdict.decision is Decision.PERMANENT and refused and let_in:
            return needs_person(answer.error, "The vendor does not tell how this request stands.")
        if schedule.given_up(task, now):
            return needs_person(answer.error, "The vendor has not said how this request ended.")
        due = max(schedule.poll(task, now), now + timedelta(seconds=answer.verdict.floor_seconds or 0.0))
        return Outcome(task.state, next_due_at=due, error=answer.error)
    outcome = Outcome(
        tracking.state,
        vendor_status=tracking.vendor_status,
        records_affected=tracking.records_affected,
        cascade=tracking.cascade,
    )
    if tracking.state in TERMINAL:
        return replace(outcome, error=_vendor_error(tracking), vendors_own_ms=tracking.duration_ms)
    if schedule.given_up(task, now):
        return needs_person(None, "The vendor has not finished this request in the time allowed for it.")
    return replace(outcome, next_due_at=schedule.poll(task, now), error=_unknown_status(tracking))


def outcome_unknown(error: TaskError | None) -> Outcome:
    """Sent, or perhaps sent, and no way to ask: never sent again without a person's word."""
    return Outcome(
        TaskState.OUTCOME_UNKNOWN,
        error=TaskError(
            "outcome_unknown",
            "The request may or may not have reached the vendor"
            + (f": {error.message[0].lower()}{error.message[1:]}" if error and error.message else "."),
            "It is not sent again by itself. Wait for the vendor's own message, or look it up in the vendor's "
            "console and then attest the outcome or send it again.",
        ),
        may_have_acted=True,
    )


def needs_person(error: TaskError | None, message: str, *, may_have_acted: bool = False) -> Outcome:
    """The end of what the desk can do by itself."""
    return Outcome(
        TaskState.NEEDS_PERSON,
        may_have_acted=may_have_acted,
        error=TaskError(
            error.code if error else GAVE_UP,
            f"{message} {error.message}" if error else message,
            (error.advice if error and error.advice else "")
            or "Look it up in the vendor's console, then go on tracking it or attest the outcome.",
        ),
    )


_UNEXPLAINED = TaskError("rejected", "The vendor refused the request without saying why.", "Ask the vendor.")


def _vendor_error(tracking: Tracking) -> TaskError | None:
    if tracking.state is TaskState.FAILED:
        return TaskError(
            "vendor_failed",
            tracking.error_message or "The vendor reports that the request failed.",
            "Read the vendor's message, put right what it names, then send the request again.",
        )
    if tracking.state is TaskState.PARTLY_COMPLETED:
        return TaskError(
            "partly_completed",
            tracking.error_message or "The vendor completed only a part of the request.",
            "Ask the vendor which part is left, and file a request for it.",
        )
    return None


def _unknown_status(tracking: Tracking) -> TaskError | None:
    if tracking.state is not TaskState.UNKNOWN_VENDOR_STATUS:
        return None
    return TaskError(
        "unknown_vendor_status",
        f"The vendor reports the status {tracking.vendor_status!r}, which Privacy Desk does not know.",
        "It keeps asking. Look the request up in the vendor's console if this does not change.",
    )
