"""What every test may rely on: no setting of this machine leaks in, and left-out browser tests are named."""

import os
import sys
from collections.abc import Iterator

import pytest

from core.settings import PREFIX

_MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _main_module_stays() -> Iterator[None]:
    """AppTest leaves the page it ran as `__main__`; child processes of later tests would run that instead."""
    sys.modules["__main__"] = _MAIN
    yield
    sys.modules["__main__"] = _MAIN


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = {report.nodeid for report in terminalreporter.stats.get("skipped", ()) if "browser" in report.keywords}
    if left_out:
        terminalreporter.section("browser tests left out")
        terminalreporter.line("There is no Chromium, and none could be downloaded (on Debian: apt install chromium).")
        for name in sorted(left_out):
            terminalreporter.line(name)
