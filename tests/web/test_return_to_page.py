"""Back to the page that was asked for before signing in, and to none but our own."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core.web.return_to_page import COOKIE, ReturnToPage
from tests.serving import serving
from tests.web.sender import Answer, request, send


async def page(_: Request) -> Response:
    return HTMLResponse("a page")


async def figures(_: Request) -> Response:
    return PlainTextResponse("figures")


async def login(_: Request) -> Response:
    return RedirectResponse("https://login.example.com/", status_code=302)


async def callback(request: Request) -> Response:
    return RedirectResponse(request.query_params.get("to", "/"), status_code=302)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = Starlette(
        routes=[
            Route("/oauth2callback", callback),
            Route("/auth/login", login),
            Route("/metrics", figures),
            Route("/{page}", page, methods=["GET", "POST"]),
        ],
        middleware=[Middleware(ReturnToPage, paths=["/audit_log", "/metrics"])],
    )
    with serving(app) as running:
        yield running


def get(url: str, path: str, cookie: str = "", method: str = "GET") -> Answer:
    return send(url, request(method, path, {"Cookie": cookie} if cookie else {}))


def kept(answer: Answer) -> str:
    return answer.headers["set-cookie"].split(";")[0]


def test_the_page_with_its_query_is_returned_to_after_signing_in(url: str) -> None:
    asked = get(url, "/audit_log?kind=task.ended&from=2026-01-01&q=a%20b")

    back = get(url, "/oauth2callback?code=1", kept(asked))

    assert back.headers["location"] == "/audit_log?kind=task.ended&from=2026-01-01&q=a%20b"
    assert kept(back) == f"{COOKIE}="
    assert "Max-Age=0" in back.headers["set-cookie"]


def test_the_cookie_is_short_lived_and_out_of_reach_of_scripts_and_other_sites(url: str) -> None:
    cookie = get(url, "/audit_log").headers["set-cookie"]

    assert cookie == f"{COOKIE}=%2Faudit_log; Max-Age=600; Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("path", "cookie", "method"),
    [
        ("/elsewhere", "", "GET"),
        ("/metrics", "", "GET"),
        ("/audit_log", "", "POST"),
        ("/audit_log", "_streamlit_user=signed-in", "GET"),
        ("/oauth2callback", "", "GET"),
    ],
    ids=["no page of ours", "figures for a monitor", "no visit", "signed in already", "nothing kept"],
)
def test_nothing_is_kept_otherwise(url: str, path: str, cookie: str, method: str) -> None:
    assert "set-cookie" not in get(url, path, cookie, method).headers


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/audit_log",
        "/\\evil.example",
        "/elsewhere",
        "/audit_log/../elsewhere",
        "/audit_log?x=\r\nSet-Cookie: a=b",
        "/audit_log?x=<script>",
        "/audit_log?" + "x" * 2000,
        "audit_log",
        "",
    ],
)
def test_a_cookie_cannot_send_anybody_elsewhere(url: str, address: str) -> None:
    back = get(url, "/oauth2callback", f"{COOKIE}={quote(address, safe='')}")

    assert (back.status, back.headers["location"]) == (302, "/")


@pytest.mark.parametrize("cookie", ["=", ";;;", f'{COOKIE}="', "a b=c; \x01", "ä=ö"])
def test_a_malformed_cookie_harms_nobody(url: str, cookie: str) -> None:
    assert get(url, "/audit_log", cookie).status == 200


def test_a_query_that_cannot_travel_in_a_header_is_left_behind(url: str) -> None:
    assert kept(get(url, "/audit_log?" + "x" * 2000)) == f"{COOKIE}=%2Faudit_log"


def test_only_a_return_to_the_start_page_is_redirected(url: str) -> None:
    back = get(url, "/oauth2callback?to=/error", f"{COOKIE}=%2Faudit_log")

    assert back.headers["location"] == "/error"


def from_page(url: str, referer: str) -> Answer:
    """The click on "Sign in" on some page."""
    return send(url, request("GET", "/auth/login", {"Referer": referer, "Cookie": "_streamlit_user=ended"}))


def test_the_page_somebody_moved_on_to_is_returned_to_after_signing_in_again(url: str) -> None:
    asked = from_page(url, "https://desk.example.com/audit_log?kind=task.ended")

    assert kept(asked) == f"{COOKIE}=%2Faudit_log%3Fkind%3Dtask.ended"
    assert get(url, "/oauth2callback", kept(asked)).headers["location"] == "/audit_log?kind=task.ended"


def test_signing_in_on_the_start_page_forgets_the_page_that_was_opened_first(url: str) -> None:
    asked = from_page(url, "https://desk.example.com/")

    assert kept(asked) == f"{COOKIE}="
    assert "Max-Age=0" in asked.headers["set-cookie"]


@pytest.mark.parametrize(
    "referer", ["", "https://evil.example/audit_log", "//evil.example/audit_log", "/audit_log", "http://[", "ä"]
)
def test_no_other_site_chooses_the_page(url: str, referer: str) -> None:
    assert "set-cookie" not in from_page(url, referer).headers
