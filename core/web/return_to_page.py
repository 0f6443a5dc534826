"""Back to the page that was asked for: Streamlit's sign-in always ends at the start page."""

import re
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "privacy_desk_page"
KEPT_SECONDS: Final = 600
_LOGIN: Final = "/auth/login"
_CALLBACK: Final = "/oauth2callback"
_SIGNED_IN: Final = "_streamlit_user"
# What a query may hold to travel in a Location header: visible ASCII, already percent-encoded, and not endless.
_QUERY: Final = re.compile(r"[!$-;=?-Z_a-z~]{0,1500}", re.ASCII)


class ReturnToPage:
    """ASGI middleware: notes which page a visitor was on before signing in, and sends them there afterwards.

    The page is the one they opened; or, where the browser says so (`Referer`, which `SecurityHeaders` lets it say to
    ourselves), the one they had moved on to when they were asked to sign in again. Only the paths it is given are
    ever returned to, so that nobody can be sent elsewhere through it.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        cookies = _cookies(scope)
        path: str = scope["path"]

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = path in self._paths and headers.get("content-type", "").startswith("text/html")
                if is_page and _SIGNED_IN not in cookies:
                    address = self._address(path, scope["query_string"].decode("latin-1"))
                    headers.append("Set-Cookie", _cookie(scope, address, KEPT_SECONDS))
                elif path == _LOGIN and (last := _last_page(scope)):
                    address = self._address(last.path, last.query) if last.path in self._paths else ""
                    headers.append("Set-Cookie", _cookie(scope, address, KEPT_SECONDS if address else 0))
                elif path == _CALLBACK and headers.get("location") == "/" and COOKIE in cookies:
                    headers["Location"] = self._allowed(unquote(cookies[COOKIE]))
                    headers.append("Set-Cookie", _cookie(scope, "", 0))
            await send(message)

        await self._app(scope, receive, send_and_note)

    def _address(self, path: str, query: str) -> str:
        return f"{path}?{query}" if query and _QUERY.fullmatch(query) else path

    def _allowed(self, address: str) -> str:
        """The address if it is one of ours, else the start page: a cookie can hold anything."""
        path, _, query = address.partition("?")
        return address if path in self._paths and _QUERY.fullmatch(query) else "/"


def _last_page(scope: Scope) -> SplitResult | None:
    """The page of ours that led here, as the browser says."""
    headers = Headers(scope=scope)
    try:
        last = urlsplit(headers.get("referer", ""))
    except ValueError:
        return None
    return last if last.netloc and last.netloc == headers.get("host") else None


def _cookies(scope: Scope) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(Headers(scope=scope).get("cookie", "")).items()}
    except CookieError:
        return {}


def _cookie(scope: Scope, address: str, seconds: int) -> str:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    return f"{COOKIE}={quote(address, safe='')}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"
