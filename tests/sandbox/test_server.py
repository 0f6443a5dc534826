"""The sandbox's process: one a folder, at a known address, forgetting nothing."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest
import requests

from core.clock import SystemClock
from core.sandbox.address import connections, connections_of, lock, read_address, vault
from core.sandbox.process import SandboxProcess
from core.sandbox.server import AlreadyRunningError, SandboxServer
from core.settings import Settings
from tests.clocks import ManualClock
from tests.sandbox.vendor import Vendor, erasure, new_subject, running


def test_the_address_is_published_for_the_owner_only(folder: Path) -> None:
    assert read_address(folder) is None
    with running(folder) as vendor:
        published = folder / "sandbox.json"
        assert published.stat().st_mode & 0o777 == 0o600
        assert set(json.loads(published.read_text())) == {
            "url", "pid", "client_id", "client_secret", "webhook_secret", "vault_secret",
        }  # fmt: skip
        assert vendor.address.pid == os.getpid()
        assert vendor.address.url.startswith("http://127.0.0.1:")
        assert sorted(path.name for path in folder.iterdir() if path.suffix != ".db-journal") == [
            "sandbox.db",
            "sandbox.json",
            "sandbox.lock",
        ]
    assert read_address(folder) is None


def test_an_address_is_good_only_once_its_process_answers(folder: Path) -> None:
    with running(folder):
        pass
    assert (folder / "sandbox.json").exists()
    assert read_address(folder) is None

    with lock(folder) as is_held:
        assert is_held
        assert read_address(folder) is None, "a process that only starts does not vouch for the address before it"


def test_the_connections_of_a_desk_outlive_its_sandbox(folder: Path) -> None:
    settings = Settings(database=folder / "privacy-desk.db")
    assert connections_of(settings) == {}
    with running(folder) as vendor:
        known = connections(vendor.address)
        assert connections_of(settings) == known

    assert connections_of(settings) == known


def test_configured_connections_leave_the_sandbox_out(vendor: Vendor) -> None:
    own = connections(vendor.address)["genesys"].model_copy(update={"base_url": "https://api.example.com"})
    settings = Settings(database=vendor.folder / "privacy-desk.db", connections={"genesys": own})

    assert connections_of(settings) == {"genesys": own}


def test_secrets_stay_out_of_the_address_s_text(vendor: Vendor) -> None:
    address = vendor.address
    for secret in (address.client_secret, address.webhook_secret, address.vault_secret):
        assert secret.get_secret_value() not in repr(address)


def test_the_ready_settings_open_the_sandbox(vendor: Vendor) -> None:
    ready = connections(vendor.address)

    assert {name: connection.contract for name, connection in ready.items()} == {
        "cxone": "cxone-requests",
        "genesys": "genesys-purposes",
    }
    for connection in ready.values():
        form = {
            "grant_type": "client_credentials",
            "client_id": connection.client_id,
            "client_secret": connection.client_secret.get_secret_value(),
            "scope": connection.scope,
        }
        assert requests.post(connection.token_endpoint, data=form, timeout=5).status_code == 200
    assert ready["cxone"].webhook_secret == vendor.address.webhook_secret
    assert vault(vendor.address).url == f"{vendor.address.url}/vault/records"
    assert vault(vendor.address).secret == vendor.address.vault_secret


def test_a_restart_forgets_nothing(folder: Path) -> None:
    with running(folder) as vendor:
        before, clock = vendor.address, vendor.clock
        payload, key = erasure(), new_subject("key")
        request_id = vendor.submit(payload, key).json()["id"]
        purpose = vendor.purposes().json()["entities"][0]
        wanted = {"name": "Kept purpose", "retentionPeriod": "11d", "legalBasis": "consent"}
        vendor.put_purpose(purpose["id"], wanted)
        vendor.fault("genesys", latency={"next": 1}, latency_ms=0)
        bearer = vendor.bearer("cxone")

    with running(folder, clock) as vendor:
        assert (vendor.address.url, vendor.address.client_secret) == (before.url, before.client_secret)
        assert vendor.address.webhook_secret == before.webhook_secret
        assert vendor.submit(payload, key).json()["id"] == request_id
        assert vendor.purposes().json()["entities"][0]["name"] == "Kept purpose"
        assert vendor.seen("attempts")["attempts"][0]["faults"] == ["latency"]
        assert vendor.seen("counts")["by_idempotency_key"][key] == {"attempts": 2, "acted": 1}
        clock.advance(3)
        done = vendor.call("GET", f"/cxone/api/v2/privacy/requests/{request_id}", headers=bearer)
        assert done.json()["status"] == "COMPLETED"


def test_the_port_of_last_time_is_left_to_whoever_has_it_now(folder: Path) -> None:
    with running(folder) as vendor:
        port = int(vendor.address.url.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)), running(folder) as vendor:
        assert vendor.address.url != f"http://127.0.0.1:{port}"


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = SandboxServer(folder, port=other.getsockname()[1], clock=ManualClock())
        with pytest.raises(OSError, match="in use"):
            server.run()
    assert read_address(folder) is None


def test_a_second_sandbox_for_a_folder_says_where_the_first_is(vendor: Vendor) -> None:
    with pytest.raises(AlreadyRunningError, match="already runs") as error:
        SandboxServer(vendor.folder, clock=ManualClock()).run()

    assert error.value.url == vendor.address.url
    assert vendor.seen("about")["pid"] == os.getpid()


def test_a_negative_processing_time_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="negative"):
        SandboxServer(folder, processing_seconds=-1, clock=ManualClock())


def test_a_server_that_is_stopped_before_it_runs_does_not_stay(folder: Path) -> None:
    server = SandboxServer(folder, clock=ManualClock())
    server.stop()

    server.run()

    assert read_address(folder) is None


def test_a_foreign_host_name_gets_nothing(vendor: Vendor) -> None:
    assert vendor.call("GET", "/_sandbox/requests", headers={"Host": "evil.example.com"}).status_code == 400


def test_introspection_tells_no_secret(vendor: Vendor) -> None:
    vendor.submit(erasure())
    told = "".join(
        vendor.call("GET", f"/_sandbox/{what}").text for what in ("about", "counts", "requests", "attempts", "webhooks")
    )

    for secret in (vendor.address.client_secret, vendor.address.webhook_secret, vendor.address.vault_secret):
        assert secret.get_secret_value() not in told


def test_what_was_answered_survives_the_death_of_the_process(folder: Path) -> None:
    process = SandboxProcess(folder / "privacy-desk.db", clock=SystemClock())
    vendor = Vendor(folder, ManualClock(), process.start())
    known: dict[str, str] = {}
    for number in range(50):
        key = new_subject("key")
        answer = vendor.submit(erasure(), key)
        known[key] = answer.json()["id"]
        if number == 40:
            vendor.fault(drop_after={"next": 1})
            with pytest.raises(requests.ConnectionError):
                vendor.submit(erasure("USR-8847291"), "lost")

    os.kill(vendor.address.pid, signal.SIGKILL)
    process.stop()

    with running(folder) as again:
        kept = {entry["idempotencyKey"]: entry["id"] for entry in again.seen("requests")["requests"]}
    assert known.items() <= kept.items()
    assert "lost" in kept
