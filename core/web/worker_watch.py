"""Whether a worker is at work, asked every few seconds; one that stays away becomes a notice."""

import logging
from datetime import datetime, timedelta
from typing import Final

import anyio
import anyio.to_thread

from core.desk import Desk

EVERY_SECONDS: Final = 10.0
# A worker that ends is started again within half a minute.
DOWN_AFTER: Final = timedelta(seconds=60)

log = logging.getLogger(__name__)


class WorkerWatch:
    """Keeps since when no worker was seen by this server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._missing_since: datetime | None = None

    def look(self) -> None:
        """Look once, and tell the desk."""
        if self._desk.worker_is_alive():
            self._missing_since = None
            self._desk.report_worker(down=False)
            return
        now = self._desk.clock.now()
        self._missing_since = self._missing_since or now
        if now - self._missing_since >= DOWN_AFTER:
            self._desk.report_worker(down=True)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await anyio.sleep(EVERY_SECONDS)
            try:
                await anyio.to_thread.run_sync(self.look)
            except Exception:
                # The server goes on; the overview and /healthz tell of a missing worker as well.
                log.exception("could not look after the worker")
