"""The sandbox's process: one lock, one port, until it is told to stop."""

import base64
import os
import secrets
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr

from core.clock import Clock
from core.sandbox import database, purposes
from core.sandbox.address import Address, lock, read_address, write_address
from core.sandbox.application import application
from core.sandbox.vendor import Sandbox
from core.sandbox.wire import TransportProtocol
from core.settings import is_loopback

HOST = "127.0.0.1"


def _webhook_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


# Made on the first start of a folder's sandbox, then kept.
_SECRETS: Mapping[str, Callable[[], str]] = {
    "client_id": lambda: f"sandbox-{secrets.token_hex(4)}",
    "client_secret": lambda: secrets.token_urlsafe(32),
    "webhook_secret": _webhook_secret,
    "vault_secret": _webhook_secret,
}


class AlreadyRunningError(Exception):
    """A sandbox runs for this folder already; `url` is where, or None while it is still starting."""

    def __init__(self, folder: Path, url: str | None) -> None:
        where = f" at {url}" if url else ""
        super().__init__(f"A sandbox already runs for {folder}{where}. Use it, or stop it first.")
        self.url = url


class SandboxServer:
    """A sandbox that can be run in any thread and stopped from any other."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        webhook_base: str | None = None,
        processing_seconds: float = 3.0,
        clock: Clock,
    ) -> None:
        """Raise ValueError for a webhook address that is not on this machine, or a negative processing time."""
        if webhook_base is not None and not is_loopback(urlsplit(webhook_base).hostname):
            raise ValueError("The sandbox sends webhooks to this machine only, e.g. http://127.0.0.1:8501")
        if processing_seconds < 0:
            raise ValueError("The processing time cannot be negative")
        self._folder = folder
        self._port = port
        self._webhook_base = webhook_base.rstrip("/") if webhook_base else None
        self._processing_seconds = processing_seconds
        self._clock = clock
        self._server: _Server | None = None
        self._is_stopping = threading.Event()

    def run(self) -> None:
        """Serve until `stop`. Raises AlreadyRunningError, and OSError where the port that was asked for is taken."""
        with _only_one(self._folder, self._clock), closing(database.connect(self._folder)) as db:
            with database.transaction(db):
                known = {name: _kept(db, name, make()) for name, make in _SECRETS.items()}
                purposes.seed(db, self._clock.now())
            with closing(_bound(db, self._port)) as listener:
                url = f"http://{HOST}:{listener.getsockname()[1]}"
                address = Address(
                    url=url,
                    pid=os.getpid(),
                    client_id=known["client_id"],
                    client_secret=SecretStr(known["client_secret"]),
                    webhook_secret=SecretStr(known["webhook_secret"]),
                    vault_secret=SecretStr(known["vault_secret"]),
                )
                sandbox = Sandbox(db, self._clock, address, self._processing_seconds, self._webhook_base)
                self._server = _Server(sandbox, lambda: write_address(self._folder, address))
                if self._is_stopping.is_set():
                    self._server.should_exit = True
                self._server.run(sockets=[listener])

    def stop(self) -> None:
        """Ask it to end; `run` returns soon after."""
        self._is_stopping.set()
        if self._server:
            self._server.should_exit = True


def serve(
    folder: Path,
    *,
    port: int | None = None,
    webhook_base: str | None = None,
    processing_seconds: float = 3.0,
    clock: Clock,
) -> None:
    """Run the sandbox of a folder on 127.0.0.1 until SIGTERM or SIGINT; for the main thread of a process.

    Prefers the port it had last time, else takes a free one. Raises AlreadyRunningError, ValueError for a
    webhook address off this machine, and OSError where the port that was asked for is taken.
    """
    server = SandboxServer(
        folder, port=port, webhook_base=webhook_base, processing_seconds=processing_seconds, clock=clock
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    # uvicorn puts its own handlers over these and repeats the signal to them once it has ended in good order.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run()


class _Server(uvicorn.Server):
    """uvicorn's server that says when it listens."""

    def __init__(self, sandbox: Sandbox, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            application(sandbox),
            loop="asyncio",
            http=TransportProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


@contextmanager
def _only_one(folder: Path, clock: Clock) -> Iterator[None]:
    # Somebody who only asks whether the lock is held has it for microseconds; a sandbox has it for life.
    for _ in range(5):
        with lock(folder) as is_held:
            if is_held:
                yield
                return
        clock.sleep(0.02)
    address = read_address(folder)
    raise AlreadyRunningError(folder, address.url if address else None)


def _kept(db: sqlite3.Connection, name: str, value: str) -> str:
    """The value kept under a name, after putting this one there if there was none."""
    db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
    kept: str = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
    return kept


def _bound(db: sqlite3.Connection, port: int | None) -> socket.socket:
    """A socket on the port that was asked for, else the one of last time, else a free one."""
    row = db.execute("SELECT value FROM meta WHERE name = 'port'").fetchone()
    wanted = [port] if port else [int(row["value"]), 0] if row else [0]
    for number in wanted:
        # With the protocol named, asyncio sets TCP_NODELAY; without, every answer took 40 ms longer (measured).
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
        except OSError:
            listener.close()
            if number == wanted[-1]:
                raise
        else:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('port', ?)", (str(listener.getsockname()[1]),))
            return listener
    raise AssertionError("the loop returns or raises")
