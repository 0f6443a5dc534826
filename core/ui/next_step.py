"""What happens next with a request, in a sentence or two, from the states of its tasks."""

from collections.abc import Mapping
from datetime import datetime

from core.model.privacy_requests import CLOSED, PrivacyRequest, RequestState, Task, TaskState
from core.ui.words import duration, minute

_ENDED = {
    RequestState.COMPLETED: "Every system has done its part.",
    RequestState.NOTHING_FOUND: "No system holds anything about this person.",
    RequestState.PARTLY_COMPLETED: "A part is done, a part is not. The tasks below say which; file what is left anew.",
    RequestState.FAILED: "It was not carried out. Put right what is said below, then send it again.",
    RequestState.REFUSED: "It was refused. The task below says why.",
    RequestState.CANCELLED: "It was cancelled before it reached the vendor.",
}

_WAITS = {TaskState.QUEUED: "It waits to be sent.", TaskState.SENDING: "It was being sent."}

MOVING = frozenset({TaskState.QUEUED, TaskState.SENDING, TaskState.IN_PROGRESS, TaskState.UNKNOWN_VENDOR_STATUS})


def sentences(request: PrivacyRequest, held_up: Mapping[str, str], now: datetime) -> list[str]:
    """One sentence for each task that is not over, or one for a closed request; `held_up` says by
    connection why it stands still."""
    if request.state in CLOSED:
        took = duration((request.closed_at - request.submitted_at).total_seconds() * 1000) if request.closed_at else ""
        return [f"{_ENDED[request.state]} Closed {minute(request.closed_at)}, {took} after it was filed."]
    present = [task for task in request.tasks if task.superseded_by is None and task.ended_at is None]
    return [_open(task, held_up.get(task.connection, ""), now) for task in present]


def refresh_seconds(request: PrivacyRequest) -> float | None:
    """How often to look again: every 2 s while something moves, every 10 s while it waits, never once it is closed."""
    if request.state in CLOSED:
        return None
    return 2.0 if any(task.state in MOVING for task in request.tasks) else 10.0


def at(instant: datetime | None, now: datetime) -> str:
    """`now`, `in 12 s`, `at 09:31 UTC`, `on 22 Nov 2026, 09:31 UTC`."""
    if instant is None or instant <= now:
        return "now"
    seconds = (instant - now).total_seconds()
    if seconds < 60:
        return f"in {seconds:.0f} s"
    return f"at {instant:%H:%M} UTC" if instant.date() == now.date() else f"on {minute(instant)}"


def _open(task: Task, held_up: str, now: datetime) -> str:
    system, due = task.connection, at(task.next_due_at, now)
    if held_up and task.state in MOVING:
        return f"{_WAITS.get(task.state, 'The vendor has it.')} {held_up}"
    match task.state:
        case TaskState.AWAITING_APPROVAL:
            return f"A second person has to approve it before it goes to {system}."
        case TaskState.ON_HOLD:
            return f"A legal hold keeps it back. It goes to {system} once the hold is released and somebody erases it."
        case TaskState.QUEUED if task.attempts:
            return f"The last try did not get through to {system}; the next one is {due}."
        case TaskState.QUEUED:
            return f"It goes to {system} {due}."
        case TaskState.SENDING:
            return f"It is being sent to {system}."
        case TaskState.IN_PROGRESS:
            return f"{system} is working on it; Privacy Desk asks again {due}."
        case TaskState.UNKNOWN_VENDOR_STATUS:
            return f"{system} reports a status that Privacy Desk does not know. It asks again {due}."
        case TaskState.OUTCOME_UNKNOWN:
            return f"Nobody knows yet whether {system} has it. Look it up there: send it again only if it is not there."
        case TaskState.CANNOT_BE_TRACKED:
            return f"{system} has it but does not tell how it goes. Look it up there, then say what you saw."
    return f"It does not go on at {system} by itself. Look below why, then try again or say how it ended."
