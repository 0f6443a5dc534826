"""Why requests wait although nothing is wrong with them: a paused connection, or no worker."""

from collections.abc import Collection

from core.model.people import Actor
from core.ui.session import desk

NO_WORKER = "The worker is not running, so nothing is sent or asked until it is started again."


def reasons(person: Actor, connections: Collection[str]) -> dict[str, str]:
    """For each of these connections that stands still, why, in a sentence."""
    if not desk().worker_is_alive():
        return dict.fromkeys(connections, NO_WORKER)
    return {
        view.name: f"{view.name} is paused, so nothing is sent or asked until somebody resumes it under Connections."
        for view in desk().connection_views(person)
        if view.name in connections and view.paused
    }
