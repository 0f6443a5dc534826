"""The worker and the sandbox as child processes: started again whenever they end, gone when the server is."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import core
from core.clock import Clock
from core.sandbox.address import read_address
from core.settings import Settings

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 12.0
_ASK_SECONDS: Final = 0.1

log = logging.getLogger(__name__)

# From how long a child ran and the pause before that, in seconds, to the pause before the next start.
Pause = Callable[[float, float | None], float]


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Child:
    """A command that should be running whenever `wanted` says so; it is asked before each start."""

    name: str
    command: Sequence[str]
    wanted: Callable[[], bool] = _always


def children_of(settings: Settings, port: int) -> list[Child]:
    """The worker; and before it, where no vendor is configured, the sandbox, which tells `port` about its requests."""

    def command(name: str, *options: str) -> list[str]:
        return [sys.executable, "-m", "core", name, "--until-stdin-closes", *options]

    def sandbox_runs() -> bool:
        return read_address(settings.folder) is not None

    if not settings.in_sandbox:
        return [Child("worker", command("worker"))]
    return [
        # Somebody may run it by hand; then theirs serves as well as ours.
        Child("sandbox", command("sandbox", "--webhook-base", f"http://127.0.0.1:{port}"), lambda: not sandbox_runs()),
        Child("worker", command("worker"), sandbox_runs),
    ]


def pause_after(ran_seconds: float, last_pause: float | None) -> float:
    """Seconds until a child that ended is started again: more and more of them, until it runs for a minute."""
    if last_pause is None or ran_seconds >= STEADY_SECONDS:
        return FIRST_PAUSE_SECONDS
    return min(2 * last_pause, LONGEST_PAUSE_SECONDS)


class ChildProcesses:
    """Keeps children running, each watched by a thread of its own; nothing here waits in the event loop.

    Each child's standard input is a pipe that nobody writes to. It ends when this process does, however that
    happens, and a child that watches it then ends by itself. (The kernel's own signal for that, PR_SET_PDEATHSIG,
    follows the thread that forked, not the process.)
    """

    def __init__(self, children: Sequence[Child], clock: Clock, pause: Pause = pause_after) -> None:
        self._keepers = [_Keeper(child, clock, pause) for child in children]

    def start(self) -> None:
        """Start them all, in order; returns at once."""
        for keeper in self._keepers:
            keeper.start()

    def stop(self, patience_seconds: float = STOP_SECONDS) -> None:
        """End them, the last one first: SIGTERM, and after `patience_seconds` SIGKILL. Returns when all are gone."""
        for keeper in reversed(self._keepers):
            keeper.stop(patience_seconds)


class _Keeper(threading.Thread):
    """Starts one child, waits for its end, pauses, and starts it again, until told to stop."""

    def __init__(self, child: Child, clock: Clock, pause: Pause) -> None:
        super().__init__(name=f"keeper of {child.name}", daemon=True)
        self._child = child
        self._clock = clock
        self._pause = pause
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        pause: float | None = None
        while not self._stopping.is_set():
            if not self._child.wanted():
                self._stopping.wait(_ASK_SECONDS)
                continue
            began = self._clock.monotonic()
            code = self._run_once()
            if self._stopping.is_set():
                return
            ran = self._clock.monotonic() - began
            pause = self._pause(ran, pause)
            log.error(
                "child process ended",
                extra={"child": self._child.name, "code": code, "ran_seconds": round(ran, 1), "again_in": pause},
            )
            self._stopping.wait(pause)

    def stop(self, patience: float) -> None:
        with self._starting:
            self._stopping.set()
        if self._process:
            self._process.terminate()
        if self.ident is None:
            return
        self.join(patience)
        if self.is_alive() and self._process:
            log.error("child process did not stop, and was killed", extra={"child": self._child.name})
            self._process.kill()
            self.join()

    def _run_once(self) -> int | None:
        """Its exit code; None if it could not be started, or need not any more."""
        with self._starting:
            if self._stopping.is_set():
                return None
            try:
                # A group of its own: Ctrl-C at the terminal is for the server, which then stops its children.
                self._process = process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                    self._child.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                    process_group=0,
                )
            except OSError:
                log.exception("child process cannot be started", extra={"child": self._child.name})
                return None
        log.info("child process started", extra={"child": self._child.name, "pid": process.pid})
        with process:  # closes the pipe in the end
            return process.wait()


def _environment() -> dict[str, str]:
    """Ours, and the way to this code from any working directory."""
    ours = str(Path(core.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([ours, *filter(None, [os.environ.get("PYTHONPATH")])])}
