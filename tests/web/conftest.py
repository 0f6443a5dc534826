"""A desk with two vendors behind the server's own routes, on a free port."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from core.desk import Desk
from core.settings import Settings
from core.web.health import Monitor
from core.web.webhooks import Webhooks
from tests.clocks import ManualClock
from tests.desks import connection
from tests.serving import serving
from tests.web.sender import KEY, OTHER_KEY, PREVIOUS_KEY, Answer, Headers, event, request, send, signed


@dataclass
class Served:
    """The running routes, and the desk behind them."""

    url: str
    desk: Desk
    clock: ManualClock
    webhooks: Webhooks

    def post(
        self, body: bytes = event(), headers: Headers | None = None, *, connection: str = "cxone", **more: Any
    ) -> Answer:
        """Post a webhook; without `headers` it is signed as it should be, `more` being what `signed` takes."""
        fields = signed(body, self.clock.now(), **more) if headers is None else headers
        return send(self.url, request("POST", f"/webhooks/{connection}", fields, body))

    def get(self, path: str, headers: Headers | None = None) -> Answer:
        return send(self.url, request("GET", path, headers or {}, length=None))

    def stored(self) -> list[dict[str, Any]]:
        """The events on disk."""
        with self.desk.store.reading() as db:
            return list(db.query("SELECT * FROM webhook_events ORDER BY received_at, webhook_id"))

    def audited(self) -> list[str]:
        """The kinds of the audit events, oldest first."""
        with self.desk.store.reading() as db:
            return [row["kind"] for row in db.query("SELECT kind FROM audit_events ORDER BY seq")]


@dataclass
class Serve:
    """Starts servers, each over a desk of its own, and stops them in the end."""

    folder: Path
    stack: ExitStack
    count: int = field(default=0)

    def __call__(self, **webhook_options: Any) -> Served:
        self.count += 1
        clock = ManualClock()
        folder = self.folder / str(self.count)
        url = "http://127.0.0.1:9"  # nobody is asked anything here
        settings = Settings(
            database=folder / "desk.db",
            keys=folder / "keys" / "desk.keys",
            connections={
                "cxone": connection(url, webhook_secret=KEY, webhook_secret_previous=PREVIOUS_KEY),
                "other": connection(url, webhook_secret=OTHER_KEY),
                "silent": connection(url),
            },
        )
        desk = Desk.open(settings, clock)
        webhooks = Webhooks(desk, **webhook_options)
        app = Starlette(routes=[webhooks.route(), *Monitor(desk, webhooks.answers, answer_seconds=2.0).routes()])
        return Served(self.stack.enter_context(serving(app)), desk, clock, webhooks)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    with ExitStack() as stack:
        yield Serve(tmp_path, stack)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of a module that leave nothing behind."""
    with ExitStack() as stack:
        yield Serve(tmp_path_factory.mktemp("served"), stack)()
