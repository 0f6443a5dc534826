"""The one Starlette application that serves every simulated vendor."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette import routing
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from core.sandbox import cxone, genesys, introspection, oauth, vault, webhooks
from core.sandbox.vendor import Route, Sandbox, endpoint

_ROUTES = (
    Route("cxone", "POST /oauth/token", oauth.token("cxone"), is_token=True),
    Route("cxone", "POST /api/v2/privacy/requests", cxone.submit, is_keyed=True),
    Route("cxone", "GET /api/v2/privacy/requests/{id}", cxone.track),
    Route("genesys", "POST /oauth/token", oauth.token("genesys"), is_token=True),
    Route("genesys", "GET /api/v2/privacy/purposes", genesys.list_purposes),
    Route("genesys", "PUT /api/v2/privacy/purposes/{id}", genesys.put_purpose),
    Route("vault", "POST /records", vault.store),
)


def application(sandbox: Sandbox) -> Starlette:
    """The vendors under `/cxone`, `/genesys` and `/vault`, what only tests ask under `/_sandbox`."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        deliveries = asyncio.create_task(webhooks.deliver_for_ever(sandbox))
        deliveries.add_done_callback(_tell)
        yield
        deliveries.cancel()
        with suppress(asyncio.CancelledError):
            await deliveries

    routes = [
        routing.Route(f"/{route.connection}{path}", endpoint(sandbox, route), methods=[method])
        for route in _ROUTES
        for method, path in [route.name.split(" ")]
    ]
    routes += [
        routing.Route(f"/_sandbox/{name}", introspection.endpoint(sandbox, view))
        for name, view in introspection.VIEWS.items()
    ]
    routes.append(routing.Route("/vault/records", introspection.endpoint(sandbox, introspection.vault_records)))
    # A page of a foreign site must not read what was typed here through a name that it makes mean 127.0.0.1.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False)
    return Starlette(routes=routes, middleware=[hosts], lifespan=lifespan)


def _tell(deliveries: asyncio.Task[None]) -> None:
    if not deliveries.cancelled() and (error := deliveries.exception()):
        logging.getLogger(__name__).error("The sandbox sends no more webhooks", exc_info=error)
