"""Without sign-in the desk answers on this machine's own addresses only, whatever the server was told to listen to."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core.settings import is_loopback

REFUSAL = "Without sign-in this desk serves its own machine only.\n"


class ThisMachineOnly:
    """ASGI middleware that turns away what came in on another address, pages, routes and websockets alike.

    `uvicorn app:app --host 0.0.0.0` knows nothing of Streamlit's options; the address a connection was accepted on
    (`server` in the ASGI scope) cannot be wrong about where it came in. A websocket, which is how pages get all they
    show, must also have been asked for by one of this machine's names: another site's name that its owner points to
    127.0.0.1 (DNS rebinding) would pass for the desk's own in Streamlit's check, and so would a proxy's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not (_came_in_here(scope) and _was_meant(scope)):
            await WebSocketClose(code=1008)(scope, receive, send)
        elif scope["type"] == "http" and not _came_in_here(scope):
            await PlainTextResponse(REFUSAL, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _came_in_here(scope: Scope) -> bool:
    server = scope.get("server")
    # None and a path without a port are a socket of this machine's file system.
    return not server or server[1] is None or is_loopback(server[0])


def _was_meant(scope: Scope) -> bool:
    try:
        return is_loopback(urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname)
    except ValueError:
        return False
