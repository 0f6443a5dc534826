"""Keeping an erasure from being sent while a legal hold stands in its way."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.model.events import EventKind
from core.model.notices import NoticeKind
from core.model.people import Actor
from core.model.privacy_requests import Task, TaskError, TaskState
from core.store import request_approvals, requests, tasks
from core.store.database import Transaction
from core.store.notices import raise_notice
from core.store.proof import task_event
from core.store.tasks import Outcome

UNDER_HOLD = "under_hold"


@dataclass(frozen=True)
class HeldBack:
    """What a hold found of a request: tasks that it keeps from being sent, and tasks it came too late for."""

    request_id: str
    held: tuple[str, ...]
    sent: tuple[str, ...]


def hold_back(
    transaction: Transaction, number: int, hold_ids: Sequence[str], actor: Actor, *, grace_days: float
) -> HeldBack:
    """Put on hold what of a request, by its row number, certainly has not reached a vendor.

    What may have reached one is not sent again by itself: it is given to a person. The decision that the request
    waited for lapses, for what was asked is no longer what would be done.
    """
    held, sent = [], []
    for task in list(tasks.of_request(transaction.db, number)):
        if task.superseded_by is not None or task.ended_at is not None:
            continue
        after = hold_task(transaction, task, hold_ids, actor)
        if after is None or after.state is TaskState.NEEDS_PERSON:
            sent.append(task.id)
        else:
            held.append(task.id)
    (row,) = transaction.db.query("SELECT id FROM requests WHERE number = ?", [number])
    if held:
        request_approvals.withdraw(transaction, row["id"], actor)
    requests.follow_tasks(transaction, number, actor=actor.id, grace_days=grace_days)
    return HeldBack(row["id"], tuple(held), tuple(sent))


def hold_task(transaction: Transaction, task: Task, hold_ids: Sequence[str], actor: Actor) -> Task | None:
    """One task that is queued or awaits approval; None where it is neither, and is not on hold."""
    if task.state is TaskState.ON_HOLD:
        return task
    if task.state not in {TaskState.QUEUED, TaskState.AWAITING_APPROVAL}:
        return None
    detail = {"holds": list(hold_ids), "state": task.state}
    if task.may_have_acted:
        error = TaskError(
            UNDER_HOLD,
            f"It may have reached the vendor before {', '.join(hold_ids)} was placed, and is not sent again under it.",
            "Look it up in the vendor's console, tell the owner of the hold, and say how it ended.",
        )
        kept = tasks.change(transaction, task.id, Outcome(TaskState.NEEDS_PERSON, error=error))
    else:
        kept = tasks.change(transaction, task.id, Outcome(TaskState.ON_HOLD))
    transaction.record(task_event(EventKind.TASK_HELD, kept, actor.id, detail))
    if kept.state is TaskState.NEEDS_PERSON:
        raise_notice(transaction, NoticeKind.TASKS_NEED_PERSON, kept.connection, latest=kept.request_id)
    return kept
