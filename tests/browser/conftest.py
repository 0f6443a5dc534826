"""A real server and a real browser, one of each for this folder; every test has a page and a profile of its own.

They end with the folder: while Playwright runs, its event loop stands in the way of every other test's.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

ROOT = Path(__file__).parents[2]
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class RunningDesk:
    """`streamlit run app.py` on a free port with files of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PRIVACY_DESK_")},
            "PRIVACY_DESK_DATABASE": str(folder / "data" / "privacy-desk.db"),
            "PRIVACY_DESK_KEYS": str(folder / "keys" / "privacy-desk.keys"),
            **settings,
        }
        self.log = (folder / "server.log").open("wb+")
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
        self.process = subprocess.Popen(
            [*command, f"--server.port={self.port}"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        said = self.said()
        self.stop()
        pytest.fail(f"The server did not become healthy. It said:\n{said}")

    def said(self) -> str:
        self.log.flush()
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`privacy-desk` with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "core", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    if browser is None:
        message = "no Chromium here, and none could be downloaded"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    yield browser
    browser.close()


def launch(playwright: Playwright) -> Browser | None:
    """The machine's Chromium, or Playwright's own, downloaded if need be; None without either."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
    try:
        return playwright.chromium.launch(args=ARGUMENTS)
    except Error:
        download = [sys.executable, "-m", "playwright", "install", "chromium"]
        if subprocess.run(download, capture_output=True, timeout=300, check=False).returncode:
            return None
    try:
        return playwright.chromium.launch(args=ARGUMENTS)
    except Error:
        return None


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[RunningDesk]:
    """A sandbox desk that all tests share; each files under subjects of its own."""
    running = RunningDesk(tmp_path_factory.mktemp("desk"))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def desk_url(desk: RunningDesk) -> str:
    return desk.url


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Make a page in a profile of its own: `new_page(color_scheme="dark", viewport={...})`."""
    contexts = []

    def make(**options: object) -> Page:
        viewport = options.pop("viewport", {"width": 1280, "height": 1600})
        context = browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type] # Playwright's own options
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def open_page(page: Page, url: str) -> None:
    """Go to a page and wait until its script has run."""
    page.goto(url)
    page.wait_for_selector(SETTLED)
    page.wait_for_selector("h1")
