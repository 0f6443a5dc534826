"""The command line as tests call it: in this process, which is quick, or as a real one."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from core.cli import main

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "core")


def run(*arguments: str) -> Result:
    """A command in this process. An exception that is no exit is passed on."""
    result = CliRunner().invoke(main, arguments, prog_name="privacy-desk")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: str, exit_code: int = 0) -> Any:
    """The one JSON document of a command in this process."""
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def process(arguments: Sequence[str], seconds: float = 40) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(), capture_output=True, text=True, timeout=seconds, check=False
    )


def processes_of(folder: Path) -> list[int]:
    """The other processes that were given settings in this folder; zombies have no environment and do not count."""
    wanted = f"PRIVACY_DESK_DATABASE={folder}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            settings = (entry / "environ").read_bytes()
        except OSError:
            continue
        if wanted in settings and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found
