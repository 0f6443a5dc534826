"""The worker as a process: holds the worker lease, runs a loop for each connection, and stops within ten seconds."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from core.clock import Clock
from core.settings import Settings
from core.store import task_leases, worker_leases
from core.store.database import Store
from core.store.task_leases import Leased
from core.worker import Worker, calls_at_once
from core.worker.batches import BatchKeeper
from core.worker.deliveries import Deliveries
from core.worker.disposing import Disposer
from core.worker.housekeeping import destroy_identifiers, hand_over_stranded, note_clock_jump
from core.worker.notice_deliveries import NoticeDeliveries
from core.worker.owners import is_gone, owner_name
from core.worker.purposes import PurposeWorker
from core.worker.settling import Finished
from core.worker.watching import forget_old_sends, tell_of_deadlines, tell_of_reviews

__all__ = ["WorkerProcess", "destroy_identifiers", "hand_over_stranded", "is_gone", "note_clock_jump", "owner_name"]

LEASE_SECONDS = 15.0
BEAT_SECONDS = 4.0
IDLE_SECONDS = 0.2
MOMENT_SECONDS = 0.1
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
            freed = task_leases.release_leases_of_others(transaction, self.worker.owner)
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
                busy, finished = self._gather(busy)
                room = most - len(busy) if self._holds_lease() else 0
                busy |= {pool.submit(self.worker.call, name, one) for one in self._turn(name, finished, room)}
                self._rest(name, busy)
            # What is still out after this keeps its lease on disk and is looked into by the next worker.
            leave_at = self.clock.monotonic() + STOP_SECONDS - 3
            while busy and (left := leave_at - self.clock.monotonic()) > 0:
                wait(busy, timeout=left, return_when="FIRST_COMPLETED")
                busy, finished = self._gather(busy)
                self._turn(name, finished, 0)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _turn(self, name: str, finished: list[Finished], room: int) -> list[Leased]:
        try:
            return self.worker.turn(name, finished, room)
        except Exception:
            # The tasks keep their leases and are looked into when these run out; the other calls go on.
            log.exception("outcomes could not be written")
            return []

    def _rest(self, name: str, busy: "set[Future[Finished | None]]") -> None:
        """Until there is something to do, and never for long: tasks come at any time.

        Where the limiter is what holds things up, nothing is gained by writing each answer by itself: they gather
        for a moment, which leaves the database to everybody else.
        """
        next_at = self.worker.ask_again_at(name)
        if next_at:
            until_then = (next_at - self.clock.now()).total_seconds()
            self.stopping.wait(min(IDLE_SECONDS, max(MOMENT_SECONDS, until_then)))
        elif busy:
            wait(busy, timeout=IDLE_SECONDS, return_when="FIRST_COMPLETED")
        else:
            self.stopping.wait(IDLE_SECONDS)

    def _gather(self, busy: "set[Future[Finished | None]]") -> "tuple[set[Future[Finished | None]], list[Finished]]":
        """The calls that are still out, and what the others brought back."""
        ended = {call for call in busy if call.done()}
        return busy - ended, [one for call in ended if (one := self._brought_back(call))]

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
