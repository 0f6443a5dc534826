"""Processes that want to write take turns: who waits for the database comes before who has just had it."""

import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LOOK_EVERY_SECONDS: Final = 0.002
# A courtesy, never a condition: after two seconds whoever waits goes on, and SQLite's own lock decides.
_MOST_LOOKS: Final = 1000


class Turnstile:
    """Held only while its holder waits for SQLite's lock.

    SQLite has those that wait sleep and look again, up to a tenth of a second later, so that a process which
    writes without a pause is hardly ever interrupted: filing a request beside a busy worker took 0.6 s, and 4 s at
    the worst (measured). With the turnstile the worker lines up behind whoever holds it.
    """

    def __init__(self, path: Path) -> None:
        """`path` is a file that nothing is written to; it is made where it is missing."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._file)
        self._pause = threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the block takes the database's lock. One thread at a time."""
        mine = self._taken()
        try:
            yield
        finally:
            if mine:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _taken(self) -> bool:
        for _ in range(_MOST_LOOKS):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._pause.wait(_LOOK_EVERY_SECONDS)
            else:
                return True
        return False
