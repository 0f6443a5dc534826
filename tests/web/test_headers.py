"""Security headers: on every HTTP answer, matched to the installed Streamlit."""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.datastructures import Headers

from core.web.headers import SecurityHeaders, content_security_policy, index_page

HTML = "<html><script>\n  window.ready = 1\n</script><script type='module' src='x.js'></script></html>"


async def answered(path: str = "/", options: Mapping[str, Any] | None = None, **headers: str) -> Headers:
    """The headers of an answer that the middleware, made with these options, let out."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    await SecurityHeaders(app, **options or {})({"type": "http", "path": path}, None, send)  # type: ignore[arg-type]  # nothing is read
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return Headers(raw=sent[0]["headers"])


def test_the_policy_lets_own_scripts_run_and_nobody_frame_the_page() -> None:
    digest = base64.b64encode(hashlib.sha256(b"\n  window.ready = 1\n").digest()).decode()

    assert content_security_policy(HTML) == (
        f"default-src 'self'; script-src 'self' 'sha256-{digest}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
    )


def test_the_installed_page_has_one_inline_script_and_its_hash_is_allowed() -> None:
    html = index_page().read_text("utf-8")

    assert html.count("<script>") == 1
    assert content_security_policy(html).count("'sha256-") == 1
    assert "unsafe-eval" not in content_security_policy(html)


def test_every_answer_carries_them() -> None:
    headers = asyncio.run(answered(content_type="application/json"))

    assert headers["content-security-policy"] == content_security_policy(index_page().read_text("utf-8"))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["permissions-policy"] == "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    assert "cache-control" not in headers


def test_what_the_application_says_itself_is_replaced() -> None:
    headers = asyncio.run(answered(referrer_policy="unsafe-url", x_content_type_options="sniff"))

    assert headers.getlist("referrer-policy") == ["no-referrer"]
    assert headers.getlist("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize(
    ("path", "content_type", "cache"),
    [
        ("/", "text/html; charset=utf-8", "no-store"),
        ("/media/export.csv", "text/csv", "no-store"),
        ("/static/js/index.js", "application/javascript", "public, immutable"),
    ],
)
def test_pages_and_downloads_are_not_kept_and_scripts_are(path: str, content_type: str, cache: str) -> None:
    headers = asyncio.run(answered(path, content_type=content_type, cache_control="public, immutable"))

    assert headers.getlist("cache-control") == [cache]


def test_behind_https_cookies_travel_by_https_only_and_browsers_ask_for_nothing_else() -> None:
    headers = asyncio.run(answered(options={"https": True}, set_cookie="_streamlit_user=x; HttpOnly"))

    assert headers["set-cookie"] == "_streamlit_user=x; HttpOnly; Secure"
    assert headers["strict-transport-security"] == "max-age=15768000"
    assert asyncio.run(answered(options={"https": True}, set_cookie="a=b; Secure"))["set-cookie"] == "a=b; Secure"


def test_on_this_machine_neither_is_said() -> None:
    headers = asyncio.run(answered(set_cookie="_streamlit_user=x; HttpOnly"))

    assert headers["set-cookie"] == "_streamlit_user=x; HttpOnly"
    assert "strict-transport-security" not in headers


def test_with_sign_in_pages_say_to_ourselves_alone_where_somebody_was() -> None:
    assert asyncio.run(answered(options={"referrer": "same-origin"}))["referrer-policy"] == "same-origin"


def test_a_websocket_passes_through_untouched() -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    scope: Any = {"type": "websocket"}
    asyncio.run(SecurityHeaders(app)(scope, "receive", "send"))  # type: ignore[arg-type]  # only handed on

    assert seen == [scope, "receive", "send"]
