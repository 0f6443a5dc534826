"""The worker's part in batches: keeps their process at work, lets go of what may be sent, tells when one has ended."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import core
from core.clock import Clock, to_text
from core.model.batches import KEEP_STAGED_DAYS, BatchState, Work
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.settings import Settings
from core.store import notices
from core.store.batches import records, releasing, staging
from core.store.database import Store

STEP_SECONDS = 0.3
LOOK_SECONDS = 3.0
CLEAN_SECONDS = 60.0
STOP_SECONDS = 2.0
PAUSE_SECONDS = 5.0  # before a process that failed is started again

_COMMAND = (sys.executable, "-m", "core", "batch", "work", "--until-stdin-closes")

log = logging.getLogger(__name__)


class BatchKeeper:
    """Looks after batches, one short step at a time. What is to be done stands in the store: nothing is lost with it.

    Checking and filing a hundred thousand rows takes a processor to itself, so a process of its own does it, which
    ends with this one.
    """

    def __init__(self, settings: Settings, store: Store, clock: Clock, command: Sequence[str] = _COMMAND) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._looked_at = self._cleaned_at = self._not_before = float("-inf")

    def run(self, stopping: threading.Event) -> None:
        """Step until told to stop; then the process is stopped, too."""
        try:
            while not stopping.wait(STEP_SECONDS):
                self.step()
        finally:
            self.stop()

    def step(self) -> None:
        """Start the batch process if it is needed; from time to time, let go, finish and clean up."""
        with self._store.reading() as db:
            is_wanted = records.to_work_on(db) is not None
        now = self._clock.monotonic()
        if is_wanted and not self._is_at_work() and now >= self._not_before:
            self._start()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            let_go(self._store)
            finish(self._store)
        if now - self._cleaned_at >= CLEAN_SECONDS:
            self._cleaned_at = now
            forget_staged(self._store)

    def stop(self) -> None:
        """End the batch process; what it was doing is gone on with by the next one."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with process:  # closes its standard input, at which it ends
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _is_at_work(self) -> bool:
        if self._process and self._process.poll() is not None:
            if self._process.returncode:
                log.error("batch process ended", extra={"code": self._process.returncode})
                self._not_before = self._clock.monotonic() + PAUSE_SECONDS
            self.stop()
        return self._process is not None

    def _start(self) -> None:
        here = str(Path(core.__file__).parent.parent)
        environment = {
            **os.environ,
            "PRIVACY_DESK_DATABASE": str(self._settings.database.absolute()),
            "PRIVACY_DESK_KEYS": str(self._settings.keys.absolute()),
            "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=environment,
                process_group=0,
            )
        except OSError:
            log.exception("batch process cannot be started")


def let_go(store: Store) -> int:
    """Make due what each batch may send now, and park what of a paused one has come back. Returns how many moved."""
    with store.reading() as db:
        batches = releasing.to_look_after(db)
        left = records.cancelled_with_tasks_left(db)
    for number in left:  # on their way to the vendor when the batch was cancelled, and come back unsent
        with store.writing() as transaction:
            records.change(transaction, number, work=Work.CANCEL)
    moved = 0
    for number, paused in batches:
        if paused:
            with store.reading() as db:
                if not releasing.has_something_to_park(db, number):
                    continue
        with store.writing() as transaction:
            if paused:
                moved += releasing.park(transaction, number)
            elif count := releasing.may_be_let_go(transaction, number):
                moved += releasing.let_go(transaction, number, count)
    return moved


def finish(store: Store) -> list[str]:
    """Note which accepted batches have nothing more to do, and raise a notice for each. Returns their ids."""
    with store.reading() as db:
        ended = [batch for batch in records.unfinished(db, store.keys) if batch.is_over]
    for batch in ended:
        with store.writing() as transaction:
            records.change(transaction, batch.number, finished_at=to_text(transaction.at))
            notices.raise_notice(transaction, NoticeKind.BATCH_FINISHED, batch.id)
    return [batch.id for batch in ended]


def forget_staged(store: Store) -> None:
    """Discard files nobody decided about for a week, and what is left of those that were accepted so long ago."""
    before = store.clock.now() - timedelta(days=KEEP_STAGED_DAYS)
    with store.reading() as db:
        old = records.staged_before(db, before)
    for number, is_undecided in old:
        with store.writing() as transaction:
            staging.drop(transaction, number)
            if is_undecided:
                records.change(transaction, number, state=BatchState.DISCARDED, work=Work.NONE)
                detail = {"batch": f"B-{number:06d}", "why": f"{KEEP_STAGED_DAYS} days without a decision"}
                transaction.record(Event(EventKind.BATCH_DISCARDED, DESK.id, detail=detail))
