"""The sandbox as a child process of whoever needs one: started when none runs, left alone when one does."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import core
from core.clock import Clock
from core.sandbox.address import Address, read_address

START_SECONDS = 15.0
STOP_SECONDS = 5.0

_COMMAND = (sys.executable, "-m", "core", "sandbox")


class SandboxStartError(Exception):
    """The sandbox did not start; the message ends with what its process wrote."""


class SandboxProcess:
    """The sandbox of the folder that the desk's database lies in."""

    def __init__(
        self,
        database: Path,
        *,
        clock: Clock,
        port: int | None = None,
        webhook_base: str | None = None,
        processing_seconds: float | None = None,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        """`command` is what starts the sandbox; the options are put behind it."""
        self._database = database.absolute()
        self._clock = clock
        options = {"--port": port, "--webhook-base": webhook_base, "--processing-seconds": processing_seconds}
        self._command = [*command, *(t for o, v in options.items() if v is not None for t in (o, str(v)))]
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> Address:
        """The address of the sandbox, started if none runs yet. Raises SandboxStartError after 15 s."""
        folder = self._database.parent
        if address := read_address(folder):
            return address
        environment = {
            **os.environ,
            "PRIVACY_DESK_DATABASE": str(self._database),
            # The child finds the same code from any working directory.
            "PYTHONPATH": os.pathsep.join(
                [str(Path(core.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        }
        with tempfile.TemporaryFile() as output:
            self._child = subprocess.Popen(  # noqa: S603 - our own command, no shell
                # The pipe is never written to: it closes when this process ends, however that happens.
                [*self._command, "--until-stdin-closes"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            return self._wait(folder, self._child, output)

    def _wait(self, folder: Path, child: subprocess.Popen[bytes], output: IO[bytes]) -> Address:
        deadline = self._clock.monotonic() + START_SECONDS
        has_ended = False
        while not has_ended and self._clock.monotonic() < deadline:
            has_ended = child.poll() is not None
            if address := read_address(folder):
                # Somebody else's may have been quicker; then ours ends by itself.
                return address
            self._clock.sleep(0.02)
        self.stop()
        output.seek(0)
        said = output.read()[-2000:].decode(errors="replace").strip()
        why = f"ended with code {child.returncode}" if has_ended else f"was not ready after {START_SECONDS:.0f} seconds"
        raise SandboxStartError(f"The sandbox {why}. It said: {said or 'nothing'}")

    def alive(self) -> bool:
        """Whether a sandbox runs for the folder, whoever started it."""
        return read_address(self._database.parent) is not None

    def stop(self) -> None:
        """End the sandbox if it was started here: SIGTERM, and SIGKILL after 5 s. Leaves another's alone."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdin:
            self._child.stdin.close()
        self._child = None
