"""Security headers on every answer: what a page may load, who may frame it, and what a browser may keep."""

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HALF_A_YEAR_SECONDS = 15_768_000
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def index_page() -> Path:
    """The page that Streamlit serves for every address, found without importing Streamlit."""
    spec = find_spec("streamlit")
    if spec is None or spec.origin is None:
        raise RuntimeError("Streamlit is not installed")
    return Path(spec.origin).parent / "static" / "index.html"


def content_security_policy(html: str) -> str:
    """A policy that lets this page run: scripts and connections of our own origin, and its inline scripts by hash.

    The hash comes from the installed page, so that an update of Streamlit does not break it. Styles are inline
    throughout Streamlit; `data:` and `blob:` images and `blob:` workers are its charts and tables.
    """
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(html)
    ]
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *hashes],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'", "blob:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


class SecurityHeaders:
    """ASGI middleware that puts the headers on every HTTP answer; websockets pass through.

    With `https` it also holds browsers to https for half a year, and cookies with it: Streamlit's own are not
    `Secure`, on account of a browser that takes localhost for insecure.
    """

    def __init__(
        self, app: ASGIApp, policy: str | None = None, *, https: bool = False, referrer: str = "no-referrer"
    ) -> None:
        """`policy` is a Content-Security-Policy, by default that of the installed Streamlit's page."""
        self._app = app
        self._https = https
        self._headers: Mapping[str, str] = {
            "Content-Security-Policy": policy or content_security_policy(index_page().read_text("utf-8")),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": referrer,
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }
        if https:
            self._headers = {**self._headers, "Strict-Transport-Security": f"max-age={HALF_A_YEAR_SECONDS}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                # Downloads hold what pages hold: neither outlives the visit in a shared machine's cache.
                if headers.get("content-type", "").startswith("text/html") or scope["path"].startswith("/media/"):
                    headers["Cache-Control"] = "no-store"
                if self._https:
                    message["headers"] = [_secure(name, value) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _secure(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() == b"set-cookie" and b"; secure" not in value.lower():
        return name, value + b"; Secure"
    return name, value
