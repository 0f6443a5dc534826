"""The sandbox as a child process: started when none runs, left alone when one does."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.sandbox.address import read_address
from core.sandbox.process import SandboxProcess, SandboxStartError
from tests.sandbox.vendor import Vendor, erasure


def process(folder: Path, **options: object) -> SandboxProcess:
    return SandboxProcess(folder / "privacy-desk.db", clock=SystemClock(), **options)  # type: ignore[arg-type]  # options of one test each


def test_it_starts_answers_and_stops(folder: Path) -> None:
    sandbox = process(folder, webhook_base="http://127.0.0.1:8501", processing_seconds=0.5)
    assert not sandbox.alive()

    address = sandbox.start()

    assert sandbox.alive()
    assert address.pid != os.getpid()
    about = Vendor(folder, None, address).seen("about")  # type: ignore[arg-type]  # no clock to move in a child
    assert about["processing_seconds"] == 0.5
    assert about["webhook_base"] == "http://127.0.0.1:8501"
    sandbox.stop()
    assert not sandbox.alive()
    assert (folder / "sandbox.lock").read_bytes() == b"", "it ended in good order"
    sandbox.stop()


def test_a_sandbox_that_already_runs_is_used_and_left_alone(vendor: Vendor) -> None:
    sandbox = process(vendor.folder)

    assert sandbox.start() == vendor.address
    sandbox.stop()

    assert sandbox.alive()
    assert vendor.submit(erasure()).status_code == 202


def test_two_that_start_at_once_end_up_with_one_sandbox(folder: Path) -> None:
    both = [process(folder), process(folder)]
    with ThreadPoolExecutor(2) as pool:
        addresses = list(pool.map(SandboxProcess.start, both))

    assert addresses[0] == addresses[1]
    for one in both:
        one.stop()
    assert read_address(folder) is None


def test_a_child_that_fails_is_reported_with_its_own_words(folder: Path) -> None:
    failing = (sys.executable, "-c", "import sys; sys.exit('no room left')")

    with pytest.raises(SandboxStartError, match=r"ended with code 1\. It said: no room left"):
        process(folder, command=failing).start()


def test_it_ends_with_a_parent_that_is_killed(folder: Path) -> None:
    starts_one = (
        "import sys; from pathlib import Path; from core.clock import SystemClock;"
        "from core.sandbox.process import SandboxProcess;"
        "SandboxProcess(Path(sys.argv[1]), clock=SystemClock()).start(); print('ready', flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starts_one, str(folder / "privacy-desk.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout
    assert parent.stdout.readline() == b"ready\n"
    parent.kill()
    parent.communicate()
    clock = SystemClock()
    deadline = clock.monotonic() + 10
    while read_address(folder) and clock.monotonic() < deadline:
        clock.sleep(0.05)
    assert read_address(folder) is None
