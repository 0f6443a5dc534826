"""Reading the checkpoint file a page at a time, and finding the checkpoint that covers an event."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.store import checkpoints
from core.store.checkpoints import Checkpoint
from core.store.keys import Keys


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
    lines = _lines(path)
    numbers = range(len(lines), 0, -1)[first : first + count]
    return [_checked(number, lines[number - 1], keys) for number in numbers], len(lines)


def covering(path: Path, keys: Keys, seq: int) -> Checkpoint | None:
    """The oldest checkpoint that this desk signed over the event `seq`; None where none does yet.

    Found by bisection, for sizes grow from line to line; where somebody has meddled with the file, a later one
    may be found, never one that does not hold. Raises OSError for a file that cannot be read.
    """
    lines = _lines(path)
    for number in range(bisect_left(lines, seq, key=_size), len(lines)):
        checked = _checked(number + 1, lines[number], keys)
        if checked.holds and checked.checkpoint and checked.checkpoint.size >= seq:
            return checked.checkpoint
    return None


def _lines(path: Path) -> Sequence[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []


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
