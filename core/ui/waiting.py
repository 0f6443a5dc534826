"""Why requests wait although nothing is wrong with them: no worker, a switch, a limit of the desk's own."""

from collections.abc import Collection

from core.model.people import Action, Actor
from core.model.privacy_requests import RequestType, Task, TaskState
from core.ui.session import desk
from core.ui.words import minute, number

STOPPED = "Everything is stopped, so nothing is sent or asked until somebody lets it go on from the Overview."
NO_WORKER = "The worker is not running, so nothing is sent or asked until it is started again."


def reasons(person: Actor, connections: Collection[str]) -> dict[str, str]:
    """For each of these connections that stands still, why, in a sentence."""
    if not desk().worker_is_alive():
        return dict.fromkeys(connections, NO_WORKER)
    if person.may(Action.VIEW_CONNECTIONS) and desk().kill_switch(person):
        return dict.fromkeys(connections, STOPPED)
    return {
        view.name: f"{view.name} is paused, so nothing is sent or asked until somebody resumes it under Connections."
        for view in desk().connection_views(person)
        if view.name in connections and view.paused
    }


def for_the_limit(person: Actor, tasks: Collection[Task]) -> dict[str, str]:
    """The same for the connections of erasures that wait for the limit of erasures an hour."""
    now = desk().clock.now()
    waiting = {
        task.connection
        for task in tasks
        if task.state is TaskState.QUEUED
        and task.kind is RequestType.ERASURE
        and not task.attempts
        and task.next_due_at is not None
        and task.next_due_at <= now
    }
    budget = desk().erasure_budget(person) if waiting else None
    if budget is None or budget.next_at is None:
        return {}
    why = (
        f"No more than {number(budget.limit)} erasures are sent in an hour, and so many were; the next one leaves at "
        f"{minute(budget.next_at)}."
    )
    return dict.fromkeys(waiting, why)
