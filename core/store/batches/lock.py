"""One process at a time works on batches; the kernel frees its place however the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def place(database: Path) -> Iterator[bool]:
    """Take the place, if it is free, for the time of the block; yields whether it could be had."""
    descriptor = os.open(database.with_name(database.name + ".batches"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
