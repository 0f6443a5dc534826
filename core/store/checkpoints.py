"""Signed checkpoints of the audit log, kept outside the database: what rows cut off or put back cannot undo."""

import base64
import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.clock import Clock, from_text, to_text
from core.store.durable import sync_folder
from core.store.keys import Keys

ORIGIN: Final = "privacy-desk audit log"
EVERY_ROWS: Final = 100
EVERY_SECONDS: Final = 60.0
_SIZE_LIMIT: Final = 2**53

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That at instant `at` the log had `size` rows and row `size` had the hash `head`; unproven until `is_signed_by`.

    `signature` is Ed25519 over `note`, in base64; `key_id` names the key (`Keys.key_ids["signing"]`).
    """

    origin: str
    size: int
    head: str
    at: str
    key_id: str
    signature: str

    @property
    def note(self) -> bytes:
        """What is signed: origin, size, head and instant, each ended by a line feed."""
        return _note(self.origin, self.size, self.head, self.at)

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(base64.b64decode(self.signature), self.note)
        except InvalidSignature:
            return False
        return True

    def is_signed_with(self, keys: Keys) -> bool:
        """As `is_signed_by`, at a third of the cost for whoever holds the private key.

        Ed25519 has one signature for a key and a message (RFC 8032), so that it is made again and compared; only
        what differs is checked in full.
        """
        again = base64.b64encode(keys.signing.sign(self.note)).decode()
        return again == self.signature or self.is_signed_by(keys.public)


def path_for(database: str | Path) -> Path:
    """Where the checkpoints of a database lie: beside it, with `.checkpoints` added to its name."""
    return Path(f"{database}.checkpoints")


def write(path: Path, keys: Keys, size: int, head: str, at: datetime) -> Checkpoint:
    """Sign a checkpoint and add it to the file as one JSON line; on disk when this returns. Raises OSError."""
    instant = to_text(at)
    signature = keys.signing.sign(_note(ORIGIN, size, head, instant))
    checkpoint = Checkpoint(ORIGIN, size, head, instant, keys.key_ids["signing"], base64.b64encode(signature).decode())
    _append_line(path, json.dumps(asdict(checkpoint), separators=(",", ":")).encode())
    return checkpoint


def read(path: Path) -> tuple[list[Checkpoint], list[str]]:
    """The well-formed checkpoints in the file's order, signatures unchecked, and a sentence for each other line.

    No file is no checkpoints. Raises OSError for a file that cannot be read.
    """
    checkpoints: list[Checkpoint] = []
    problems: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        checkpoint = parse(line)
        if checkpoint:
            checkpoints.append(checkpoint)
        elif line.endswith(b"\n"):
            problems.append(f"Line {number} of the checkpoint file is not a checkpoint; it was not used.")
        else:
            problems.append(
                f"Line {number} of the checkpoint file, its last, is cut short, as a crash leaves it; it was not used."
            )
    return checkpoints, problems


class Checkpointer:
    """Decides when one process writes its next checkpoint; any number of processes may share the file."""

    def __init__(self, path: Path, keys: Keys, clock: Clock) -> None:
        self._path = path
        self._keys = keys
        self._clock = clock
        self._size = 0
        self._written_at: float | None = None

    def is_due(self, size: int) -> bool:
        """Whether rows were added since this process's last checkpoint, and 100 of them or 60 s ago."""
        if size == self._size:
            return False
        if self._written_at is None or size < self._size:
            return True
        return size - self._size >= EVERY_ROWS or self._clock.monotonic() - self._written_at >= EVERY_SECONDS

    def after_commit(self, size: int, head: str) -> None:
        """Write a checkpoint if one is due; two comparisons if not. Also to be called when idle.

        A file that cannot be written is logged and tried again at the next call: the rows are committed, and
        whoever asked for them must not be told otherwise.
        """
        if not self.is_due(size):
            return
        try:
            self.force(size, head)
        except OSError as error:
            _log.error("audit checkpoint not written: %s", error.strerror)

    def force(self, size: int, head: str) -> None:
        """Write a checkpoint now: at an export, before a backup, at shutdown. Raises OSError."""
        write(self._path, self._keys, size, head, self._clock.now())
        self._size, self._written_at = size, self._clock.monotonic()


def _note(origin: str, size: int, head: str, at: str) -> bytes:
    return f"{origin}\n{size}\n{head}\n{at}\n".encode()


def _append_line(path: Path, line: bytes) -> None:
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        end = os.fstat(handle).st_size
        torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
        rest = memoryview((b"\n" if torn else b"") + line + b"\n")
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        yield from file


def parse(line: bytes) -> Checkpoint | None:
    """The checkpoint that a line of the file is, its signature unchecked; None for any other line."""
    try:
        document = json.loads(line)
        if not isinstance(document, dict) or document.keys() != {field.name for field in fields(Checkpoint)}:
            return None
        checkpoint = Checkpoint(**document)
        from_text(checkpoint.at)
        well_formed = (
            checkpoint.origin == ORIGIN
            and type(checkpoint.size) is int
            and 0 < checkpoint.size < _SIZE_LIMIT
            and re.fullmatch(r"[0-9a-f]{64}", checkpoint.head) is not None
            and re.fullmatch(r"[0-9a-f]{8}", checkpoint.key_id) is not None
            and len(base64.b64decode(checkpoint.signature, validate=True)) == 64
        )
    except (ValueError, TypeError, RecursionError):
        return None
    return checkpoint if well_formed else None
