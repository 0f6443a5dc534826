"""What a worker does beside its work: clock jumps, connections that are gone, identifiers whose grace is over."""

from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import TaskError, TaskState
from core.settings import Settings
from core.store import enforcement_changes, erasures_sent, identifiers, notice_deliveries, requests, tasks, vault
from core.store.database import Store
from core.store.notices import raise_notice
from core.store.proof import task_event
from core.store.tasks import Outcome


def note_clock_jump(store: Store, seconds_back: float) -> None:
    """The wall clock went back: move what waits back with it, so that nothing stalls for as long, and say so."""
    with store.writing() as transaction:
        tasks.move_due_times(transaction, -seconds_back)
        enforcement_changes.move_due_times(transaction, -seconds_back)
        vault.move_due_times(transaction, -seconds_back)
        notice_deliveries.move_due_times(transaction, -seconds_back)
        erasures_sent.move(transaction, -seconds_back)
        transaction.record(Event(EventKind.CLOCK_ANOMALY, DESK.id, detail={"back_ms": round(seconds_back * 1000)}))


def hand_over_stranded(settings: Settings, store: Store) -> int:
    """Give the tasks of a connection that was taken out of the settings to a person. Returns how many."""
    if settings.in_sandbox:
        return 0  # its connections come and go with the sandbox
    with store.reading() as db:
        stranded = tasks.due_elsewhere(db, settings.connections, store.clock.now())
    for task in stranded:
        with store.writing() as transaction:
            error = TaskError(
                "connection_gone",
                f"The connection {task.connection!r} is not in the settings any more.",
                "Configure it again and go on, or attest how the request ended.",
            )
            sending = task.state is TaskState.SENDING
            state = TaskState.OUTCOME_UNKNOWN if sending else TaskState.NEEDS_PERSON
            held = tasks.change(transaction, task.id, Outcome(state, error=error, may_have_acted=sending))
            detail = {"state": held.state, "why": error.code, "vendor_status": held.vendor_status}
            transaction.record(task_event(EventKind.TASK_NEEDS_PERSON, held, DESK.id, detail))
            raise_notice(transaction, NoticeKind.TASKS_NEED_PERSON, held.connection, latest=held.request_id)
            requests.follow_tasks(
                transaction,
                requests.number_of(transaction.db, held.request_id),
                actor=DESK.id,
                grace_days=settings.identifier_grace_days,
            )
    return len(stranded)


def destroy_identifiers(store: Store) -> int:
    """Destroy the identifiers whose grace is over. Returns how many."""
    with store.reading() as db:
        if not identifiers.any_due(db, store.clock.now()):
            return 0
    with store.writing() as transaction:
        destroyed = identifiers.destroy_due(transaction, transaction.at)
        for request_id, pseudonym in destroyed:
            event = Event(EventKind.IDENTIFIER_DESTROYED, DESK.id, request=request_id, detail={"subject": pseudonym})
            transaction.record(event)
    return len(destroyed)
