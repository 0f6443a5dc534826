"""Reading the checkpoint file a page at a time, and finding the checkpoint that covers an event."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from core.store import checkpoints
from core.store.checkpoints import Checkpoint
from core.store.keys import Keys

_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class CheckedCheckpoint:
    """One line of the file. `holds`: this desk signed exactly this; None where another key did, so nobody can say.

    `checkpoint` is None for a line that is none.
    """

    line: int
    checkpoint: Checkpoint | None
    holds: bool | None


def page(path: Path, keys: Keys, first: int, count: int) -> tuple[list[CheckedCheckpoint], int]:
    """Of the lines, the newest first, `count` from `first` (0 is the newest), and how many there are in all.

    Signatures are checked on the page alone. No file is no lines. Raises OSError for one that cannot be read.
    """
    with _mapped(path) as content:
        total = _lines_in(content)
        found = islice(_backwards(content), first, first + count)
        return [_checked(total - first - place, line, keys) for place, line in enumerate(found)], total


def covering(path: Path, keys: Keys, seq: int) -> Checkpoint | None:
    """The oldest checkpoint that this desk signed over the event `seq`; None where none does yet.

    Found by bisection, for sizes grow from line to line; where somebody has meddled with the file, a later one
    may be found, never one that does not hold. Raises OSError for a file that cannot be read.
    """
    with _mapped(path) as content:
        low, high = 0, len(content)
        while low < high:
            start = content.rfind(b"\n", 0, (low + high) // 2) + 1
            line = _line_at(content, start)
            if _size(line) < seq:
                low = start + len(line) + 1
            else:
                high = start
        while low < len(content):
            line = _line_at(content, low)
            checked = _checked(0, line, keys)
            if checked.holds and checked.checkpoint and checked.checkpoint.size >= seq:
                return checked.checkpoint
            low += len(line) + 1
    return None


@contextmanager
def _mapped(path: Path) -> Iterator[mmap | bytes]:
    """The file's content without reading all of it: a desk that signs every minute fills 150 MB a year."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield b""
        return
    with file:
        if not os.fstat(file.fileno()).st_size:
            yield b""
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            yield content


def _lines_in(content: mmap | bytes) -> int:
    size = len(content)
    ended = sum(content[place : place + _BLOCK].count(b"\n") for place in range(0, size, _BLOCK))
    return ended + (size > 0 and content[size - 1 : size] != b"\n")


def _backwards(content: mmap | bytes) -> Iterator[bytes]:
    end = len(content)
    if content[end - 1 : end] == b"\n":
        end -= 1
    while end > 0:
        start = content.rfind(b"\n", 0, end) + 1
        yield content[start:end]
        end = start - 1


def _line_at(content: mmap | bytes, start: int) -> bytes:
    end = content.find(b"\n", start)
    return content[start : end if end >= 0 else len(content)]


def _size(line: bytes) -> int:
    found = checkpoints.parse(line)
    return found.size if found else 0


def _checked(number: int, line: bytes, keys: Keys) -> CheckedCheckpoint:
    found = checkpoints.parse(line)
    if found is None:
        return CheckedCheckpoint(number, None, holds=False)
    if found.key_id != keys.key_ids["signing"]:
        return CheckedCheckpoint(number, found, holds=None)
    return CheckedCheckpoint(number, found, holds=found.is_signed_by(keys.public))
