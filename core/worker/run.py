"""The worker as a process: holds the worker lease, runs a loop for each connection, and stops within ten seconds."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from core.clock import Clock
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import TaskError, TaskState
from core.settings import Settings
from core.store import (
    enforcement_changes,
    erasures_sent,
    identifiers,
    notice_deliveries,
    requests,
    tasks,
    vault,
    worker_leases,
)
from core.store.database import Store
from core.store.notices import raise_notice
from core.store.proof import task_event
from core.store.tasks import Outcome
from core.worker import Worker, calls_at_once
from core.worker.batches import BatchKeeper
from core.worker.deliveries import Deliveries
from core.worker.disposing import Disposer
from core.worker.notice_deliveries import NoticeDeliveries
from core.worker.owners import is_gone, owner_name
from core.worker.purposes import PurposeWorker
from core.worker.settling import Finished
from core.worker.watching import forget_old_sends, tell_of_deadlines, tell_of_reviews

__all__ = ["WorkerProcess", "destroy_identifiers", "is_gone", "note_clock_jump", "owner_name"]

LEASE_SECONDS = 15.0
BEAT_SECONDS = 4.0
IDLE_SECONDS = 0.2
MOMENT_SECONDS = 0.005
PURPOSES_IDLE_SECONDS = 0.5
PURPOSES_PAUSE_SECONDS = 5.0
NOTICES_IDLE_SECONDS = 0.5
STOP_SECONDS = 10.0
DISPOSAL_IDLE_SECONDS = 60.0
CLOCK_TOLERANCE_SECONDS = 5.0

log = logging.getLogger(__name__)


class WorkerProcess:
    """Runs a Worker until told to stop. A second one waits for the lease."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, worker: Worker | None = None) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.worker = worker or Worker(settings, store, clock)
        self.worker.owner = owner_name()
        self.purposes = PurposeWorker(settings, store, clock, rng=self.worker.rng)
        self.stopping = threading.Event()
        self._held_until = 0.0
        self._clock_offset = clock.now().timestamp() - clock.monotonic()

    def stop(self) -> None:
        self.stopping.set()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until `stop` is called, or `until` says so (asked about five times a second)."""
        if not self._wait_for_lease(until):
            return
        with self.store.writing() as transaction:
            freed = tasks.release_leases_of_others(transaction, self.worker.owner)
        log.info("worker started", extra={"freed": freed})
        loops = [threading.Thread(target=self._beat_loop, name="beat", daemon=True)]
        loops += [
            threading.Thread(target=self._connection_loop, args=(name,), name=name, daemon=True)
            for name in self.worker.connections()
        ]
        loops += [
            threading.Thread(target=self._purpose_loop, args=(name,), name=name, daemon=True)
            for name in self.purposes.connections()
        ]
        loops.append(threading.Thread(target=self._notice_loop, name="notices", daemon=True))
        loops.append(threading.Thread(target=self._house_loop, name="house", daemon=True))
        loops.append(threading.Thread(target=self._disposal_loop, name="disposal", daemon=True))
        batches = BatchKeeper(self.settings, self.store, self.clock)
        loops.append(threading.Thread(target=batches.run, args=(self.stopping,), name="batches", daemon=True))
        for loop in loops:
            loop.start()
        while not self.stopping.wait(IDLE_SECONDS):
            if until() or not all(loop.is_alive() for loop in loops):
                self.stop()
        leave_at = self.clock.monotonic() + STOP_SECONDS - 2
        for loop in loops:
            loop.join(max(0.0, leave_at - self.clock.monotonic()))
        with self.store.writing() as transaction:
            worker_leases.give_back(transaction, self.worker.owner)
        self.store.checkpoint()
        log.info("worker stopped")

    def _wait_for_lease(self, until: Callable[[], bool]) -> bool:
        while not self._take_lease():
            if until() or self.stopping.wait(IDLE_SECONDS):
                return False
        return True

    def _take_lease(self) -> bool:
        with self.store.reading() as db:
            held = worker_leases.read(db)
        dead = held is not None and is_gone(held.owner)
        if held and held.owner != self.worker.owner and held.expires_at > self.clock.now() and not dead:
            return False
        began = self.clock.monotonic()
        with self.store.writing() as transaction:
            taken = worker_leases.take(transaction, self.worker.owner, LEASE_SECONDS, dead=dead)
        if taken:
            self._held_until = began + LEASE_SECONDS
        return taken

    def _holds_lease(self) -> bool:
        return self.clock.monotonic() < self._held_until

    def _beat_loop(self) -> None:
        while not self.stopping.wait(BEAT_SECONDS):
            if not self._take_lease():
                log.error("another worker took the lease; stopping")
                self.stop()

    def _connection_loop(self, name: str) -> None:
        """As many calls at once as the vendor's limit asks for; a slow one holds up no other.

        The threads only call. What they bring back is written here, whatever has gathered in one transaction, so
        that a quick vendor costs one commit for many calls.
        """
        most = calls_at_once(self.worker.connections()[name].limit_per_minute)
        busy: set[Future[Finished | None]] = set()
        # Not as a context manager, which would wait for the slowest call however long it takes.
        pool = ThreadPoolExecutor(most, thread_name_prefix=name)
        try:
            while not self.stopping.is_set():
                busy = self._settle_ended(busy)
                room = most - len(busy)
                leased = self.worker.lease(name, room) if room and self._holds_lease() else []
                busy |= {pool.submit(self.worker.call, name, one) for one in leased}
                self._rest(name, busy, full=len(busy) == most)
            # What is still out after this keeps its lease on disk and is looked into by the next worker.
            leave_at = self.clock.monotonic() + STOP_SECONDS - 3
            while busy and (left := leave_at - self.clock.monotonic()) > 0:
                wait(busy, timeout=left, return_when="FIRST_COMPLETED")
                busy = self._settle_ended(busy)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _rest(self, name: str, busy: "set[Future[Finished | None]]", *, full: bool) -> None:
        """Until a call ends or the limiter may let the next one through, and never for long: tasks come at any time."""
        seconds = IDLE_SECONDS
        next_at = self.worker.ask_again_at(name)
        if next_at and not full:
            seconds = min(seconds, max(MOMENT_SECONDS, (next_at - self.clock.now()).total_seconds()))
        if busy:
            wait(busy, timeout=seconds, return_when="FIRST_COMPLETED")
        else:
            self.stopping.wait(seconds)

    def _settle_ended(self, busy: "set[Future[Finished | None]]") -> "set[Future[Finished | None]]":
        """Write what calls have brought back. Returns those that are still out."""
        ended = {call for call in busy if call.done()}
        finished = [one for call in ended if (one := self._brought_back(call))]
        if finished:
            try:
                self.worker.settle(finished)
            except Exception:
                # The tasks keep their leases and are looked into when these run out; the other calls go on.
                log.exception("outcomes could not be written")
        return busy - ended

    @staticmethod
    def _brought_back(call: "Future[Finished | None]") -> "Finished | None":
        error = call.exception()
        if error is not None:
            # The task keeps its lease and is tried again when it runs out; nothing is lost by going on.
            log.error("a step failed", exc_info=error)
            return None
        return call.result()

    def _purpose_loop(self, name: str) -> None:
        """Drift checks and enforcements of one connection, one call after the other."""
        while not self.stopping.is_set():
            try:
                worked = self._holds_lease() and self.purposes.step(name)
            except Exception:
                # What failed keeps its lease and is looked into when that runs out; requests go on meanwhile.
                log.exception("a step for retention purposes failed")
                self.stopping.wait(PURPOSES_PAUSE_SECONDS)
                continue
            if not worked:
                self.stopping.wait(PURPOSES_IDLE_SECONDS)

    def _notice_loop(self) -> None:
        """Notices to their webhook, and those that only time brings up. What fails here holds up no request."""
        deliveries = NoticeDeliveries(self.settings, self.store, self.clock, self.worker.rng)
        last_looked: datetime | None = None
        try:
            while not self.stopping.is_set():
                worked = 0
                try:
                    if self._holds_lease():
                        worked = deliveries.step()
                        if last_looked is None or self.clock.now() - last_looked > timedelta(seconds=60):
                            last_looked = self.clock.now()
                            tell_of_deadlines(self.settings, self.store)
                            tell_of_reviews(self.settings, self.store)
                            forget_old_sends(self.store)
                except Exception:
                    # What was not told of stays due; requests go on meanwhile.
                    log.exception("notices could not be raised or delivered")
                    self.stopping.wait(PURPOSES_PAUSE_SECONDS)
                if not worked:
                    self.stopping.wait(NOTICES_IDLE_SECONDS)
        finally:
            deliveries.close()

    def _house_loop(self) -> None:
        deliveries = Deliveries(self.settings, self.store, self.clock, self.worker.rng)
        last_cleaned: datetime | None = None
        while not self.stopping.is_set():
            worked = deliveries.step() if self._holds_lease() else 0
            if last_cleaned is None or self.clock.now() - last_cleaned > timedelta(seconds=60):
                last_cleaned = self.clock.now()
                destroy_identifiers(self.store)
                hand_over_stranded(self.settings, self.store)
            self._notice_clock()
            if not worked:
                self.stopping.wait(IDLE_SECONDS)

    def _disposal_loop(self) -> None:
        disposer = Disposer(self.store, self.settings.keep, self.stopping)
        while not self.stopping.is_set():
            if self._holds_lease():
                disposer.step()
            self.stopping.wait(DISPOSAL_IDLE_SECONDS)

    def _notice_clock(self) -> None:
        offset = self.clock.now().timestamp() - self.clock.monotonic()
        back = self._clock_offset - offset
        self._clock_offset = offset
        if back > CLOCK_TOLERANCE_SECONDS:
            note_clock_jump(self.store, back)


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
