"""Ranges of a large audit log followed in processes of their own, so that it takes as long as its longest range."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import core
from core.model.events import EventKind
from core.store.audit.record import COLUMNS, Follower, Row
from core.store.snapshot import snapshot

# Below this a second process costs more than it saves.
LARGE: Final = 200_000
_MOST_PROCESSES: Final = 4


@dataclass(frozen=True)
class Followed:
    """A range in which each row is right in every way: rows up to `last`, whose hash is `head`.

    `began_after` is the hash that its first row was found to follow; whoever followed the rows before compares.
    """

    began_after: str
    last: int
    head: str
    notes: list[Row]


class RangeProcess:
    """Follows rows `first` to `last` of a database file, from a snapshot of its own, without the caller waiting."""

    def __init__(self, database: Path, first: int, last: int, key: bytes | None) -> None:
        self.first = first
        self.last = last
        asked = {"database": str(database), "first": first, "last": last, "key": key.hex() if key else None}
        root = str(Path(core.__file__).parent.parent)
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.store.audit.ranges"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        # Through the pipe, for the key must not stand among the arguments, which every user can list.
        self._process.stdin.write(json.dumps(asked).encode())
        self._process.stdin.close()
        self._process.stdin = None  # or it would be flushed once more

    def result(self) -> Followed | None:
        """What was found, once it is done; None where a row is not right, or the process could not tell."""
        told, _ = self._process.communicate()
        if self._process.returncode or not told:
            return None
        found = json.loads(told)
        return Followed(found["began_after"], found["last"], found["head"], [tuple(row) for row in found["notes"]])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


@contextmanager
def in_other_processes(database: Path, first: int, last: int, key: bytes | None) -> Iterator[list[RangeProcess]]:
    """Rows `first` to `last` without the first range, which is left to the caller; none of a log that is not large."""
    parts = min(_MOST_PROCESSES, os.cpu_count() or 1) if last - first >= LARGE else 1
    length = (last - first) // parts + 1
    processes: list[RangeProcess] = []
    try:
        processes.extend(
            RangeProcess(database, begin, min(begin + length - 1, last), key)
            for begin in range(first + length, last + 1, length)
        )
        yield processes
    finally:
        for process in processes:
            process.stop()


def follow(database: str, first: int, last: int, key: bytes | None) -> Followed | None:
    """Follow a range from the hash that stands in the row before it; None where a row is not right."""
    with snapshot(database) as connection:
        before = connection.execute("SELECT hash FROM audit_events WHERE seq = ?", [first - 1]).fetchone()
        if before is None or not isinstance(before[0], str):
            return None
        follower = Follower(first - 1, before[0], key, EventKind.RECORDS_DISPOSED)
        rows = connection.execute(
            f"SELECT {COLUMNS} FROM audit_events WHERE seq BETWEEN ? AND ? ORDER BY seq",  # noqa: S608 - a constant
            [first, last],
        )
        if follower.follow(rows) is not None or follower.last != last:
            return None
        return Followed(before[0], last, follower.prev, follower.notes)


def _main() -> None:
    asked = json.load(sys.stdin)
    found = follow(
        asked["database"], asked["first"], asked["last"], bytes.fromhex(asked["key"]) if asked["key"] else None
    )
    if found:
        json.dump(vars(found), sys.stdout)


if __name__ == "__main__":
    _main()
