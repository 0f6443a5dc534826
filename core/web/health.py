"""`GET /healthz` and `GET /metrics`: whether the desk works, and its figures in OpenMetrics text."""

import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from core.desk import Desk, Figures, Health
from core.web.open_metrics import OPEN_METRICS, exposition

_NOT_KEPT: Final = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)
Read = TypeVar("Read")


class _RouteForMachines(Route):
    """Leaves a browser, which asks for HTML, to the page of the same address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
            return Match.NONE, {}
        return super().matches(scope)


class Monitor:
    """The endpoints a monitor asks. Neither answer names a person, a request or a secret."""

    def __init__(
        self, desk: Desk, webhook_answers: Mapping[tuple[str, int], int], *, answer_seconds: float = 3.0
    ) -> None:
        self._desk = desk
        self._webhook_answers = webhook_answers
        self._answer_seconds = answer_seconds
        # One question at a time: however often somebody asks, the desk has better things to do.
        self._threads = anyio.CapacityLimiter(1)

    def routes(self) -> list[Route]:
        return [Route("/healthz", self.healthz), _RouteForMachines("/metrics", self.metrics)]

    async def healthz(self, _: Request) -> Response:
        """200 if database, worker and, where it stands in for the vendors, the sandbox are alive; else 503."""
        health: Health | None = await self._read(self._desk.health)
        parts = {"database": health is not None, "worker": health is not None and health.worker}
        if health and health.sandbox is not None:
            parts["sandbox"] = health.sandbox
        ok = health is not None and health.ok
        return JSONResponse({"ok": ok, **parts}, 200 if ok else 503, _NOT_KEPT)

    async def metrics(self, _: Request) -> Response:
        """The figures as OpenMetrics 1.0 text; 503 where the database does not answer."""
        figures: Figures | None = await self._read(self._desk.figures)
        if figures is None:
            return PlainTextResponse("The database does not answer.\n", 503, _NOT_KEPT)
        text = exposition(figures, self._webhook_answers)
        return Response(text, headers={**_NOT_KEPT, "Content-Type": OPEN_METRICS})

    async def _read(self, read: Callable[[], Read]) -> Read | None:
        try:
            with anyio.move_on_after(self._answer_seconds):
                return await anyio.to_thread.run_sync(read, abandon_on_cancel=True, limiter=self._threads)
        except Exception:
            # Whatever keeps the database from answering is what the monitor asks about: told there and here.
            log.exception("the database does not answer")
        return None
