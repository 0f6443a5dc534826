"""Child processes: kept running, stopped in order, and never left behind, shown with real ones."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.clock import SystemClock
from core.sandbox.address import Address, lock, write_address
from core.settings import Settings
from core.web.processes import Child, ChildProcesses, children_of, pause_after
from tests.desks import connection

ROOT = Path(__file__).parents[2]

# Notes its process id, then ends with its standard input, as the desk's own children do.
NOTES_ITSELF = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()} '); sys.stdin.read()"
IGNORES_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {NOTES_ITSELF}"

Keep = Callable[..., ChildProcesses]


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-S", "-c", code, *map(str, arguments)]


def is_alive(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return fields[0] not in "ZX"  # it has ended, and waits to be noticed


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@pytest.fixture
def notes(tmp_path: Path) -> Callable[[], list[int]]:
    """The process ids that children noted, in the order of their starts."""

    def read() -> list[int]:
        path = tmp_path / "pids"
        return [int(pid) for pid in path.read_text().split(" ")[:-1]] if path.exists() else []

    return read


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    kept: list[ChildProcesses] = []

    def start(*children: Child) -> ChildProcesses:
        processes = ChildProcesses(children, SystemClock(), lambda *_: 0.01)
        kept.append(processes)
        processes.start()
        return processes

    yield start
    for processes in kept:
        processes.stop()


@pytest.fixture
def noting(tmp_path: Path) -> Child:
    return Child("noting", python(NOTES_ITSELF, tmp_path / "pids"))


def test_a_killed_child_is_started_again(
    keep: Keep, noting: Child, notes: Callable[[], list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    keep(noting)
    until(notes)

    os.kill(notes()[0], signal.SIGKILL)

    until(lambda: len(notes()) == 2)
    assert is_alive(notes()[1])
    (ended,) = [vars(r) for r in caplog.records if r.message == "child process ended"]
    assert (ended["child"], ended["code"], ended["levelname"]) == ("noting", -signal.SIGKILL, "ERROR")


def test_a_child_that_keeps_failing_is_started_less_and_less_often() -> None:
    pauses: list[float | None] = [None]
    for _ in range(8):
        pauses.append(pause_after(0.1, pauses[-1]))

    assert pauses[1:] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_after_a_minute_of_work_it_is_started_again_at_once() -> None:
    assert pause_after(59.9, 30) == 30
    assert pause_after(60, 30) == 0.5


def test_a_child_that_cannot_be_started_is_tried_again(keep: Keep, caplog: pytest.LogCaptureFixture) -> None:
    keep(Child("missing", ["/nonexistent/command"]))

    until(lambda: [r.message for r in caplog.records].count("child process cannot be started") >= 2)


def test_a_child_is_not_started_before_it_is_wanted(keep: Keep, notes: Callable[[], list[int]], noting: Child) -> None:
    asked: list[bool] = []

    def wanted() -> bool:
        asked.append(len(asked) > 1)
        return asked[-1]

    keep(Child("noting", noting.command, wanted))
    until(notes)

    assert asked == [False, False, True]


def test_stopping_ends_children_and_does_not_start_them_again(
    keep: Keep, noting: Child, notes: Callable[[], list[int]]
) -> None:
    processes = keep(noting)
    until(notes)

    processes.stop()
    processes.stop()

    assert [is_alive(pid) for pid in notes()] == [False]


def test_a_child_that_does_not_heed_sigterm_is_killed(
    keep: Keep, tmp_path: Path, notes: Callable[[], list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    processes = keep(Child("stubborn", python(IGNORES_SIGTERM, tmp_path / "pids")))
    until(notes)

    processes.stop(patience_seconds=0.05)

    assert not is_alive(notes()[0])
    assert "child process did not stop, and was killed" in [r.message for r in caplog.records]


def test_the_last_child_is_stopped_first(keep: Keep, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(open(sys.argv[1], 'a')"
        ".write(sys.argv[2]) and 0)); open(sys.argv[1] + sys.argv[2], 'w'); signal.pause()"
    )
    processes = keep(*(Child(name, python(code, ends, name)) for name in ("1", "2")))
    until(lambda: Path(f"{ends}1").exists() and Path(f"{ends}2").exists())

    processes.stop()

    assert ends.read_text() == "21"


def test_what_was_never_started_can_be_stopped() -> None:
    ChildProcesses([Child("never", ["/nonexistent/command"])], SystemClock()).stop()


def test_children_of_a_killed_server_end_by_themselves(tmp_path: Path, notes: Callable[[], list[int]]) -> None:
    server = f"""
        import sys, time
        from core.clock import SystemClock
        from core.web.processes import Child, ChildProcesses
        ChildProcesses([Child(n, {python(NOTES_ITSELF, tmp_path / "pids")!r}) for n in "ab"], SystemClock()).start()
        time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(server)], cwd=ROOT) as process:
        until(lambda: len(notes()) == 2)

        process.kill()

    until(lambda: not any(is_alive(pid) for pid in notes()))


def test_a_desk_with_vendors_has_a_worker_only(tmp_path: Path) -> None:
    settings = Settings(database=tmp_path / "desk.db", connections={"cxone": connection("http://127.0.0.1:9")})

    (worker,) = children_of(settings, 8501)

    assert worker.command == [sys.executable, "-m", "core", "worker", "--until-stdin-closes"]
    assert worker.wanted()


def test_a_desk_without_vendors_has_a_sandbox_and_a_worker_that_waits_for_it(tmp_path: Path) -> None:
    sandbox, worker = children_of(Settings(database=tmp_path / "desk.db"), 8701)

    assert sandbox.command[2:] == [
        "core", "sandbox", "--until-stdin-closes", "--webhook-base", "http://127.0.0.1:8701",
    ]  # fmt: skip
    assert sandbox.wanted()
    assert not worker.wanted()
    with lock(tmp_path):
        write_address(
            tmp_path,
            Address("http://127.0.0.1:9", os.getpid(), "id", SecretStr("a"), SecretStr("b"), SecretStr("c")),
        )
        assert not sandbox.wanted(), "somebody runs one by hand"
        assert worker.wanted()
