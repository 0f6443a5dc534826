"""Signing in with a real OpenID Connect provider: who sees what, who decides what, and coming back after the end."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from core.clock import SystemClock, to_text
from core.desk import Desk
from core.desk.approvals import Choice
from core.model.events import EventKind
from core.model.people import Actor, Role
from core.settings import Settings
from core.store import audit, people
from core.store.audit import EventFilter
from tests.browser.conftest import SETTLED, RunningDesk, free_port
from tests.browser.test_request_journey import fill_in, follow, submit
from tests.desks import draft
from tests.sign_ins import sign_in as sign_in_settings

pytestmark = pytest.mark.browser

# The cookies of who signed in once, for the next test.
KEPT: dict[str, Any] = {}

PEOPLE = [
    {"sub": "rita@example.com", "email": "rita@example.com", "name": "Rita Requester", "roles": ["requester"]},
    {"sub": "app-1", "email": "app@example.com", "name": "App Approver", "roles": ["approver"]},
    {"sub": "aud-1", "name": "Aud Auditor", "roles": ["auditor"]},
    {"sub": "boss", "email": "boss@example.com", "name": "Bo Boss"},
    {"sub": "new-1", "email": "nova@example.com", "name": "Nova New"},
]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`oidc-provider-mock` as a process of its own; its warnings are its own too. Gives its issuer."""
    port = free_port()
    users = [argument for person in PEOPLE for argument in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), "-H", "localhost", *users]
    log = tmp_path_factory.mktemp("provider") / "log"
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT) as process,
    ):
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("localhost", port), timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.05)
            yield f"http://localhost:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def settings(provider: str) -> dict[str, Any]:
    return sign_in_settings(metadata_url=f"{provider}/.well-known/openid-configuration")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any], browser: Browser
) -> Iterator[RunningDesk]:
    """A sandbox desk that people sign in at; nobody has asked it for a page yet."""
    variables = {
        f"PRIVACY_DESK_SIGN_IN__{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    running = RunningDesk(tmp_path_factory.mktemp("signed"), **variables, PRIVACY_DESK_ERASURE_GRACE_MINUTES="0")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def store(server: RunningDesk, settings: dict[str, Any]) -> Desk:
    """The same desk, as another process of this machine has it in hand."""
    files = {name: Path(server.environment[f"PRIVACY_DESK_{name.upper()}"]) for name in ("database", "keys")}
    return Desk.open(Settings(sign_in=settings, erasure_grace_minutes=0, **files), SystemClock())  # type: ignore[arg-type] # as from outside


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """A sign-in is four page loads; beside other tests the usual five seconds are short for what comes after it."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


def sign_in(page: Page, server: RunningDesk, who: str) -> None:
    """From the page that asks for it, through the provider, and back to a page that stands."""
    page.get_by_role("button", name=re.compile("^Sign in")).click()
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_url(f"{server.url}/**")
    page.wait_for_selector(SETTLED)
    page.wait_for_selector("h1")


def enter(page: Page, server: RunningDesk, who: str, path: str = "") -> None:
    """Open a page as somebody: with the cookie they have from before, or by signing in."""
    if who in KEPT:
        page.context.add_cookies(KEPT[who])
    page.goto(f"{server.url}/{path}")
    if who not in KEPT:
        sign_in(page, server, who)
        KEPT[who] = page.context.cookies()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def go(page: Page, section: str, title: str) -> None:
    """Choose a page in the menu."""
    page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("menuitem", name=title, exact=True).click()


def actor_of(store: Desk, sub: str) -> Actor:
    """Somebody who is signed in, as their page hands them to the desk."""
    with store.store.reading() as db:
        (row,) = db.query(
            "SELECT p.*, s.id AS session FROM people p JOIN sessions s ON s.person = p.id "
            "WHERE p.subject = ? AND s.ended_at IS NULL ORDER BY s.signed_in_at DESC LIMIT 1",
            [sub],
        )
        person = people.get(db, row["id"])
    assert person
    return Actor(row["issuer"], row["subject"], row["name"], frozenset(Role), row["session"])


def test_a_fresh_server_shows_nothing_of_a_page_to_whoever_is_not_signed_in(page: Page, server: RunningDesk) -> None:
    filed = server.command(
        "submit", "--connection", "cxone", "--subject", "CANARY-4711", "--type", "ERASURE",
        "--category", "EMAIL", "--scope", "CONTACT", "--json",
    )  # fmt: skip
    assert filed.returncode == 0, filed.stderr
    frames: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", listen)
    page.goto(f"{server.url}/audit_log?request=PR-000001")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.wait_for_selector(SETTLED)

    received = b"".join(frames)
    assert b"Sign in with your organisation" in received
    # The address itself comes back, as any other would; nothing else does, nor what other pages there are.
    for told in (b"Audit log", b"Verify", b"PR-0000", b"CANARY", b"subj_", b"pages/", b"track_requests", b"retention"):
        assert told not in received, told
    assert page.get_by_role("navigation").count() == 0
    assert Axe().run(page).response["violations"] == []

    sign_in(page, server, "aud-1")

    KEPT["aud-1"] = page.context.cookies()
    assert page.url == f"{server.url}/audit_log?request=PR-000001"
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    expect(page.get_by_text("Aud Auditor").first).to_be_visible()
    assert b"PR-000001" in b"".join(frames)
    assert b"CANARY" not in b"".join(frames)


def test_a_requester_files_an_approver_approves_and_nobody_their_own(
    new_page: Callable[..., Page], server: RunningDesk, store: Desk
) -> None:
    rita, approver, boss = new_page(), new_page(), new_page()
    enter(rita, server, "rita@example.com", "submit_request")
    fill_in(rita, "USR-2000001")
    submit(rita)
    follow(rita)
    expect(rita.get_by_text("Awaiting approval").first).to_be_visible()
    (theirs,) = re.findall(r"PR-\d+", rita.get_by_role("heading", name=re.compile("PR-")).inner_text())

    enter(boss, server, "boss")
    filed = store.submit(actor_of(store, "boss"), draft("USR-2000002"), intent="own").request
    assert filed
    go(boss, "Requests", "Approvals")
    expect(approve_button(boss, theirs)).to_be_visible()
    expect(boss.get_by_text("You asked for this yourself")).to_be_visible()
    expect(approve_button(boss, filed.id)).to_be_hidden()
    (refused,) = store.approve(actor_of(store, "boss"), [Choice(filed.id)])  # as a crafted message would
    assert not refused.done
    assert "somebody else has to decide" in refused.message
    with store.store.reading() as db:
        (denied,) = audit.events(db, EventFilter(kind=EventKind.ACCESS_DENIED), before_seq=None, limit=5)
    assert (denied.request, denied.outcome) == (filed.id, "own request")

    enter(approver, server, "app-1", "approvals")
    approve_button(approver, theirs).click()
    approver.get_by_role("button", name=f"Yes, approve {theirs}").click()
    expect(approver.get_by_text(f"Approved: {theirs}.")).to_be_visible()
    expect(rita.get_by_text("Completed").first).to_be_visible(timeout=40_000)


def approve_button(page: Page, about: str) -> Locator:
    return page.locator(f".st-key-approve_{about}").get_by_role("button", name="Approve")


def test_a_role_given_and_taken_on_the_people_page_counts_from_the_next_click(
    new_page: Callable[..., Page], server: RunningDesk
) -> None:
    new, boss = new_page(), new_page()
    enter(new, server, "new-1")
    expect(new.get_by_role("heading", name="You have no role yet")).to_be_visible()

    enter(boss, server, "boss", "people")
    expect(boss.get_by_text("One person waits for a role.")).to_be_visible()
    assert Axe().run(boss).response["violations"] == []
    set_role(boss, "Nova New", "Requester")
    new.get_by_role("button", name="Look again").click()
    expect(new.get_by_role("heading", name="Overview")).to_be_visible()

    set_role(boss, "Nova New", "Requester")
    go(new, "Requests", "Submit")
    expect(new.get_by_role("heading", name="You have no role yet")).to_be_visible()


def set_role(page: Page, name: str, role: str) -> None:
    """Turn one role of somebody on or off."""
    page.get_by_role("combobox", name="Person").click()
    page.get_by_role("option", name=re.compile(f"^{name}")).click()
    save = page.get_by_role("button", name=f"Save the roles of {name}")
    expect(save).to_be_visible()
    box = page.get_by_role("checkbox", name=role, exact=True)
    expect(box).to_have_count(1)  # while the page is drawn anew, those of the person before stand there, too
    before = box.is_checked()
    box.focus()
    box.press("Space")
    save.click()
    expect(page.get_by_text(f"The roles of {name} are saved.")).to_be_visible()
    expect(box).to_be_checked(checked=not before)


def test_an_ended_session_is_asked_again_and_comes_back_to_where_it_was(
    page: Page, server: RunningDesk, store: Desk
) -> None:
    enter(page, server, "app-1")
    go(page, "Requests", "Track")
    expect(page.get_by_role("heading", name="Track requests")).to_be_visible()
    session = actor_of(store, "app-1").session
    with store.store.writing() as transaction:
        long_ago = to_text(transaction.at.replace(year=transaction.at.year - 1))
        transaction.db.execute("UPDATE sessions SET active_at = ? WHERE id = ?", [long_ago, session])

    # Nobody clicks: what refreshes by itself on every page notices it.
    expect(page.get_by_text("Your session ended because nothing was done in it for a while.")).to_be_visible()
    expect(page.get_by_role("heading", name="Track requests")).to_be_hidden()
    sign_in(page, server, "app-1")

    assert "/track_requests" in page.url
    expect(page.get_by_role("heading", name="Track requests")).to_be_visible()


def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie(
    new_page: Callable[..., Page], server: RunningDesk
) -> None:
    page, thief = new_page(), new_page()
    enter(page, server, "aud-1")
    thief.context.add_cookies(KEPT.pop("aud-1"))
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/oauth2/end_session**")
    thief.goto(f"{server.url}/audit_log")
    expect(thief.get_by_text("You signed out. Sign in again")).to_be_visible()
    expect(thief.get_by_role("heading", name="Audit log")).to_be_hidden()
