"""What the server tells Streamlit about signing in, and where it refuses to listen without."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings, SettingsError, load
from core.web.sign_in import check_reach, is_public_https, secrets_of
from core.web.this_machine_only import REFUSAL, ThisMachineOnly
from tests.sign_ins import sign_in

ROOT = Path(__file__).parents[2]
WITH_SIGN_IN = Settings(sign_in=sign_in())  # type: ignore[arg-type] # as the environment has it
PUBLIC = Settings(sign_in=sign_in(), public_url="https://desk.example.com")  # type: ignore[arg-type] # the same


def test_the_provider_leads_back_to_the_public_address() -> None:
    auth = secrets_of(PUBLIC)["auth"]
    assert auth["redirect_uri"] == "https://desk.example.com/oauth2callback"
    assert auth["server_metadata_url"] == "https://login.example.com/.well-known/openid-configuration"
    assert auth["client_kwargs"] == {"scope": "openid profile email"}


def test_on_this_machine_it_leads_back_to_the_port_the_server_is_on() -> None:
    assert secrets_of(WITH_SIGN_IN)["auth"]["redirect_uri"] == "http://localhost:{port}/oauth2callback"
    assert secrets_of(Settings()) == {}


def test_only_a_public_https_address_makes_cookies_secure() -> None:
    assert is_public_https(PUBLIC)
    assert not is_public_https(WITH_SIGN_IN)
    assert not is_public_https(Settings(public_url="http://localhost:8501"))


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "127.8.8.8"])
def test_this_machine_s_own_addresses_are_always_fine(address: str) -> None:
    for settings in (Settings(), WITH_SIGN_IN, PUBLIC):
        check_reach(settings, address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "desk.example.com", "", None])
def test_anywhere_else_takes_sign_in_and_a_public_address(address: str | None) -> None:
    check_reach(PUBLIC, address)
    with pytest.raises(SettingsError, match="serves this machine only"):
        check_reach(Settings(), address)
    with pytest.raises(SettingsError, match="PRIVACY_DESK_PUBLIC_URL: is needed with sign-in"):
        check_reach(WITH_SIGN_IN, address)


def test_a_server_told_to_listen_to_the_network_does_not_start_without_sign_in(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PRIVACY_DESK_DATABASE": str(tmp_path / "desk.db"),
        "PRIVACY_DESK_KEYS": str(tmp_path / "keys" / "desk.keys"),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", "--server.port=0"]
    ended = subprocess.run(
        [*command, "--server.address=0.0.0.0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if "sign-in" in line]
    assert line.startswith("Without sign-in the desk serves this machine only, not 0.0.0.0.")


async def passed(scope: dict[str, Any]) -> tuple[bool, list[Any]]:
    """Whether what came in that way reached the desk, and what was answered otherwise."""
    reached, sent = [], []

    async def app(*_: Any) -> None:
        reached.append(True)

    async def send(message: Any) -> None:
        sent.append(message)

    await ThisMachineOnly(app)(scope, None, send)  # type: ignore[arg-type] # nothing is read
    return bool(reached), sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("server", [("127.0.0.1", 8501), ("::1", 8501), ("/run/desk.sock", None), None])
def test_what_came_in_on_this_machine_passes(kind: str, server: Any) -> None:
    for host in (b"localhost:8501", b"127.0.0.1", b"[::1]:8501"):
        scope = {"type": kind, "server": server, "headers": [(b"host", host)]}
        assert asyncio.run(passed(scope)) == (True, [])


@pytest.mark.parametrize("host", [b"evil.example:8501", b"localhost.evil.example", b"192.0.2.7", b"[::1", b""])
def test_another_name_for_this_machine_gets_no_page(host: bytes) -> None:
    """A site whose owner points its name to 127.0.0.1 is of the same origin as the desk, for the browser."""
    scope = {"type": "websocket", "server": ("127.0.0.1", 8501), "headers": [(b"host", host)]}
    reached, (closed,) = asyncio.run(passed(scope))
    assert (reached, closed["type"], closed["code"]) == (False, "websocket.close", 1008)
    assert asyncio.run(passed({**scope, "type": "http"}))[0]  # a vendor's webhook through a proxy, a monitor's look


@pytest.mark.parametrize("server", [("192.0.2.7", 8501), ("2001:db8::7", 8501)])
def test_what_came_in_from_the_network_gets_nothing_however_the_server_was_started(server: Any) -> None:
    reached, (start, body) = asyncio.run(passed({"type": "http", "server": server}))
    assert (reached, start["status"], body["body"].decode()) == (False, 403, REFUSAL)
    local = [(b"host", b"localhost:8501")]
    reached, (closed,) = asyncio.run(passed({"type": "websocket", "server": server, "headers": local}))
    assert (reached, closed["type"], closed["code"]) == (False, "websocket.close", 1008)


def test_starting_up_is_nobody_s_visit() -> None:
    assert asyncio.run(passed({"type": "lifespan"})) == (True, [])


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"METADATA_URL": "https://login.example.com"}, "METADATA_URL: must be the provider's address that ends in"),
        ({"METADATA_URL": "http://login.example.com/.well-known/openid-configuration"}, "METADATA_URL: must use https"),
        ({"COOKIE_SECRET": "short"}, "COOKIE_SECRET: must have at least 32 characters; `openssl rand -hex 32`"),
        ({"CLIENT_SECRET": ""}, "CLIENT_SECRET: must not be empty"),
        ({"CLIENT_ID": None}, "CLIENT_ID: Field required"),
        ({"SCOPE": "profile"}, "SCOPE: must hold openid"),
        ({"ROLES": '{"g-1": "emperor"}'}, "ROLES__G-1: Input should be"),
        ({"IDLE_MINUTES": "0"}, "IDLE_MINUTES: Input should be greater than 0"),
        ({"PROVIDER": "x"}, "PROVIDER: is not a setting of Privacy Desk"),
    ],
)
def test_what_is_missing_or_wrong_stops_the_start_with_a_line_that_names_it(
    more: dict[str, str | None], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "METADATA_URL": "https://login.example.com/.well-known/openid-configuration",
        "CLIENT_ID": "desk",
        "CLIENT_SECRET": "not-a-real-secret",
        "COOKIE_SECRET": "canary-cookie-secret-canary-cookie",
        "ADMINISTRATORS": '["boss"]',
    }
    for name, value in {**given, **more}.items():
        if value is not None:
            monkeypatch.setenv(f"PRIVACY_DESK_SIGN_IN__{name}", value)
    with pytest.raises(SettingsError) as stopped:
        load()
    (said,) = stopped.value.lines
    assert said.startswith(f"PRIVACY_DESK_SIGN_IN__{line}")
    assert "canary" not in said


def test_secrets_are_never_shown() -> None:
    assert "not-a-real-secret" not in repr(WITH_SIGN_IN) + str(WITH_SIGN_IN.sign_in)
