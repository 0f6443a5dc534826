"""A worker in a process of its own that is killed, for real, at a chosen step."""

import os
import signal
from multiprocessing.connection import Connection

from core.clock import SystemClock
from core.desk.base import open_store
from core.settings import Settings
from core.worker import Worker


def work_until_killed(settings: Settings, step: str, occurrence: int, ready: Connection) -> None:
    """Step until nothing is due for long; at the given occurrence of the step the process kills itself."""
    seen = 0

    def watch(name: str) -> None:
        nonlocal seen
        if name == step:
            seen += 1
            if seen == occurrence:
                os.kill(os.getpid(), signal.SIGKILL)

    worker = Worker(settings, open_store(settings), SystemClock(), watch=watch)
    ready.send(os.getpid())
    idle = 0
    while idle < 40:
        idle = 0 if worker.step("cxone") else idle + 1
        SystemClock().sleep(0.01)
