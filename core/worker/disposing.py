"""Once a day: what was kept long enough goes, and so do files that a crash left among the exports."""

import logging
import threading
from datetime import datetime, timedelta
from typing import Final

from core.model.notices import NoticeKind
from core.model.people import DESK
from core.settings import KeepSettings
from core.store import exports
from core.store.database import Store
from core.store.disposal import NotAsWrittenError, dispose
from core.store.notices import raise_notice

EVERY: Final = timedelta(days=1)

log = logging.getLogger(__name__)


class Disposer:
    """Disposes of records by the settings, the first time as soon as it is asked."""

    def __init__(self, store: Store, keep: KeepSettings, stopping: threading.Event) -> None:
        self._store = store
        self._keep = keep
        self._stopping = stopping
        self._last: datetime | None = None

    def step(self) -> bool:
        """Dispose of what is due, if that was not looked into within a day. Returns whether it was now.

        Stops early when the worker does; the rest goes the next day.
        """
        now = self._store.clock.now()
        if self._last is not None and now - self._last < EVERY:
            return False
        self._last = now
        try:
            done = dispose(self._store, self._keep, DESK.id, lambda *_: not self._stopping.is_set())
        except NotAsWrittenError as error:
            # The rows stay where they are: they are evidence. A person has to look.
            log.warning("records not disposed of: %s", error)
            with self._store.writing() as transaction:
                raise_notice(transaction, NoticeKind.AUDIT_NOT_SOUND, "audit")
            return True
        with self._store.reading() as db:
            swept = exports.sweep(db, self._store.path, now)
        if done.requests or done.events or done.exports or swept:
            counts = {"requests": done.requests, "events": done.events, "exports": done.exports, "swept": swept}
            log.info("records disposed of", extra=counts)
        return True
