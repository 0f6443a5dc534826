"""What every test may rely on: no setting of this machine leaks in, and left-out browser tests are named."""

import os
from collections.abc import Iterator

import pytest

from core.settings import PREFIX

LEFT_OUT = pytest.StashKey[list[str]]()


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    yield


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined] # pluggy's hook wrappers are untyped
    if report.skipped and item.get_closest_marker("browser"):
        item.config.stash[LEFT_OUT].append(item.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = sorted(set(config.stash[LEFT_OUT]))
    if left_out:
        terminalreporter.section("browser tests left out")
        terminalreporter.line("There is no Chromium here and none could be downloaded (on Debian: apt install chromium).")
        for name in left_out:
            terminalreporter.line(name)
