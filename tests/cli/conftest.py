"""An installation of its own for each test."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.sandbox.address import Address
from core.sandbox.process import SandboxProcess
from tests.cli.shell import processes_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the database of this test lies; nothing is there yet, and no connection is configured."""
    desk = tmp_path / "desk"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRIVACY_DESK_DATABASE", str(desk / "desk.db"))
    monkeypatch.setenv("PRIVACY_DESK_KEYS", str(tmp_path / "keys" / "desk.keys"))
    yield desk
    assert processes_of(desk) == []


@pytest.fixture
def vendor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured connection `cxone` whose vendor nobody calls, as long as no worker runs."""
    connect(monkeypatch, "http://127.0.0.1:9", "desk-client", "a-client-secret")
    return folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """One sandbox for the tests that configure a connection to it."""
    process = SandboxProcess(
        tmp_path_factory.mktemp("sandbox") / "desk.db", clock=SystemClock(), processing_seconds=0.2
    )
    yield process.start()
    process.stop()


@pytest.fixture
def connected(folder: Path, sandbox: Address, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured connection `cxone` that is the sandbox, asked again quickly."""
    connect(monkeypatch, f"{sandbox.url}/cxone", sandbox.client_id, sandbox.client_secret.get_secret_value())
    return folder


@pytest.fixture
def own_logging() -> Iterator[None]:
    """For a command that configures logging: afterwards the test run has its own again."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def desk(folder: Path) -> Desk:
    """The desk that the commands of this test work with; makes its database."""
    return Desk.open()


def connect(monkeypatch: pytest.MonkeyPatch, url: str, client_id: str, client_secret: str) -> None:
    settings = {
        "BASE_URL": url,
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": client_secret,
        "POLL_FIRST_SECONDS": "0.1",
        "BASE_DELAY_SECONDS": "0.1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PRIVACY_DESK_CONNECTIONS__CXONE__{name}", value)
