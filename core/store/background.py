"""Long work in a process of its own, one piece of a kind at a time: who asked, how far it is, what came of it."""

import fcntl
import json
import os
import secrets
import subprocess
import threading
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.clock import Clock, from_text, to_text
from core.model.people import Actor, Role

_TOLD_EVERY_SECONDS: Final = 0.2
_TRIES: Final = 5
ENDED_UNEXPECTEDLY: Final = "The process that did it ended before it was finished. Start it again."


class WorkState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class WorkRunningError(Exception):
    """Another piece of this kind of work is under way; only one is at a time."""


@dataclass(frozen=True)
class Work:
    """One piece of work: `done` of `of` steps, and in the end its `result` or, where it failed, why.

    `asked` is what it is about and `result` what came of it, both JSON objects of the work's own kind.
    """

    id: str
    asked_by: Actor
    started_at: datetime
    state: WorkState = WorkState.RUNNING
    done: int = 0
    of: int = 0
    ended_at: datetime | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def runs(self) -> bool:
        return self.state is WorkState.RUNNING


class WorkFolder:
    """Where one kind of work keeps how it stands, so that any page of any server can say so.

    Whoever holds the file `lock` does the work: the process is given it when it is started, and the kernel takes
    it back when the process ends, however that happens.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock

    def newest(self) -> Work | None:
        """The piece that is under way, or the one that ended last; None before the first."""
        work = self._read()
        if work and work.runs and not self._is_locked():
            work = self._read() or work  # it may have ended between the two looks
            if work.runs:
                return replace(work, state=WorkState.FAILED, error=ENDED_UNEXPECTEDLY)
        return work

    def start(
        self, actor: Actor, asked: Mapping[str, Any], command: Sequence[str], environment: Mapping[str, str]
    ) -> Work:
        """Start `command`, with this folder as its last argument. Raises WorkRunningError, OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(lock)
            self._cancel_mark.unlink(missing_ok=True)
            started = self._clock.now()
            work = Work(f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}", actor, started, asked=asked)
            self._write(work)
            process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*command, str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=dict(environment),
                pass_fds=[lock],
                process_group=0,
            )
        finally:
            os.close(lock)
        threading.Thread(target=process.wait, name="end of background work", daemon=True).start()
        return work

    def cancel(self, work_id: str) -> None:
        """Ask the piece of that id to stop; nothing happens to any other."""
        if (work := self._read()) and work.id == work_id and work.runs:
            self._cancel_mark.touch(mode=0o600)

    def lines(self, first: int, count: int) -> list[dict[str, Any]]:
        """Of the long list that the last piece left, `count` entries from `first` (0 is the first)."""
        ends = self._ends()
        wanted = ends[first : first + count]
        if not wanted:
            return []
        begin = ends[first - 1] if first else 0
        with self._list.open("rb") as file:
            file.seek(begin)
            return [json.loads(line) for line in file.read(wanted[-1] - begin).splitlines()]

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    @property
    def _cancel_mark(self) -> Path:
        return self.folder / "cancel"

    @property
    def _list(self) -> Path:
        return self.folder / "list.jsonl"

    @property
    def _index(self) -> Path:
        return self.folder / "list.index"

    def _take(self, lock: int) -> None:
        for _ in range(_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Somebody who only looks whether it is held holds it for a moment, too.
                self._clock.sleep(0.01)
            else:
                return
        raise WorkRunningError

    def _is_locked(self) -> bool:
        try:
            lock = os.open(self.folder / "lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _read(self) -> Work | None:
        try:
            document = json.loads(self._state.read_bytes())
            person = document["asked_by"]
            return Work(
                **{
                    **document,
                    "asked_by": Actor(
                        person["issuer"],
                        person["subject"],
                        person["name"],
                        frozenset(Role(role) for role in person["roles"]),
                    ),
                    "started_at": from_text(document["started_at"]),
                    "state": WorkState(document["state"]),
                    "ended_at": from_text(document["ended_at"]) if document["ended_at"] else None,
                }
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None  # none yet, or a file of another version

    def _write(self, work: Work) -> None:
        document = asdict(work) | {
            "started_at": to_text(work.started_at),
            "ended_at": to_text(work.ended_at) if work.ended_at else None,
        }
        person = work.asked_by  # without their session: that they were allowed to was checked before it was started
        document["asked_by"] = {
            "issuer": person.issuer,
            "subject": person.subject,
            "name": person.name,
            "roles": sorted(person.roles),
        }
        temporary = self._state.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(document, file)
        temporary.replace(self._state)

    def _ends(self) -> "array[int]":
        """Where each entry of the list ends, in bytes from its beginning."""
        ends = array("Q")
        if self._index.exists():
            ends.frombytes(self._index.read_bytes())
        return ends


class RunningWork(WorkFolder):
    """The same folder, as the process sees it that does the work."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Raises LookupError where nothing was asked for."""
        super().__init__(folder, clock)
        work = self._read()
        if work is None or not work.runs:
            raise LookupError("There is no work to do here")
        self.work = work
        self._told_at: float | None = None

    def progress(self, done: int, of: int) -> bool:
        """Say how far it is, five times a second at most. False once somebody asked to stop."""
        now = self._clock.monotonic()
        if self._told_at is None or now - self._told_at >= _TOLD_EVERY_SECONDS:
            self._told_at = now
            self.work = replace(self.work, done=done, of=of)
            self._write(self.work)
        return not self._cancel_mark.exists()

    def say_of_it(self, asked: Mapping[str, Any]) -> None:
        """From here on say this of what was asked: what somebody typed need not stay on disk."""
        self.work = replace(self.work, asked=asked)
        self._write(self.work)

    def keep_list(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Leave a long list, to be read a page at a time with `lines`."""
        ends, end = array("Q"), 0
        with self._list.open("wb") as file:
            for entry in entries:
                end += file.write(json.dumps(entry).encode() + b"\n")
                ends.append(end)
        self._index.write_bytes(ends.tobytes())

    def end(self, state: WorkState, result: Mapping[str, Any] | None = None, error: str = "") -> None:
        """Say how it ended."""
        self._write(replace(self.work, state=state, ended_at=self._clock.now(), result=dict(result or {}), error=error))
