"""Sections that were read already and are still true, so that opening a table does not count a year again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from core.desk.reports.figures import Section

MOST = 64


class Kept:
    """The newest answers by what they answer; safe to use from any number of threads.

    The caller puts into the key everything that an answer depends on, the state of the store included.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, tuple[Section, ...]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], tuple[Section, ...]]) -> tuple[Section, ...]:
        """The answer kept under `key`, or else that of `read`, kept from now on."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        found = read()  # outside the lock: one slow reader keeps nobody else waiting
        with self._lock:
            self._answers[key] = found
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return found
