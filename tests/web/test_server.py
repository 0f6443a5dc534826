"""The whole server as it is started: `streamlit run app.py`, and what its end leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.web.headers import content_security_policy, index_page
from core.web.open_metrics import OPEN_METRICS
from tests.web.sender import Answer, Headers, connect, event, request, send

ROOT = Path(__file__).parents[2]
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PRIVACY_DESK_DATABASE": str(folder / "desk.db"),
        "PRIVACY_DESK_KEYS": str(folder / "keys" / "desk.keys"),
        **more,
    }


def children_of(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text("utf-8").split()
    ]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    log: Path

    def get(self, path: str, headers: Headers | None = None) -> Answer:
        return send(self.url, request("GET", path, {**(headers or {}), "Connection": "close"}, length=None))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server with its worker and its sandbox, all of them well."""
    folder = tmp_path_factory.mktemp("server")
    log = folder / "log"
    streamlit = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0", "--server.headless", "true"]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            streamlit, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            address = next((found for line in lines if (found := re.search(r"URL: (http://\S+)", line))), None)
            assert address, log.read_text()
            running = Server(address[1].replace("localhost", "127.0.0.1"), process, log)
            deadline = time.monotonic() + 60
            while running.process.poll() is None and not is_well(running):
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield running
        finally:
            process.kill()


def is_well(server: Server) -> bool:
    try:
        return server.get("/healthz").status == 200
    except OSError:
        return False  # it does not listen yet


def test_it_tells_a_monitor_how_it_does(server: Server) -> None:
    assert server.get("/healthz").json == {"ok": True, "database": True, "worker": True, "sandbox": True}
    figures = server.get("/metrics")
    assert (figures.status, figures.headers["content-type"]) == (200, OPEN_METRICS)
    assert figures.body.endswith(b"# EOF\n")


@pytest.mark.parametrize("path", ["/", "/metrics", "/overview", "/audit_log?kind=task.ended"])
def test_a_browser_gets_pages_under_a_strict_policy_and_keeps_none(server: Server, path: str) -> None:
    page = server.get(path, BROWSER)

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == content_security_policy(index_page().read_text("utf-8"))
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


def test_webhooks_are_ours_and_not_a_page(server: Server) -> None:
    assert server.get("/webhooks/cxone", BROWSER).status == 405
    assert send(server.url, request("POST", "/webhooks/nobody", {}, event())).status == 404
    assert send(server.url, request("POST", "/webhooks/cxone", {}, event())).status == 401


def test_only_this_machine_reaches_it(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text("utf-8").splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == port
    ]

    assert listening == [f"0100007F:{port:04X}"]


def test_a_killed_worker_is_replaced(server: Server) -> None:
    before = set(children_of(server.process.pid))
    (worker,) = [pid for pid in before if "worker" in Path(f"/proc/{pid}/cmdline").read_text("utf-8")]

    os.kill(worker, signal.SIGKILL)

    deadline = time.monotonic() + 10
    while not set(children_of(server.process.pid)) - before:
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


def test_sigterm_ends_it_with_every_process_it_started(server: Server) -> None:
    """Last of all: it stops the server that the tests before share. A visitor may be connected meanwhile."""
    children = children_of(server.process.pid)
    with connect(server.url) as visitor:
        visitor.sendall(request("GET", "/healthz", {}, length=None))
        assert visitor.recv(15).startswith(b"HTTP/1.1 200")

        server.process.terminate()
        code = server.process.wait(30)

    assert len(children) == 2
    assert [pid for pid in children if is_alive(pid)] == []
    assert code in {0, -signal.SIGTERM}, server.log.read_text()
    told = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert [line for line in told if line["level"] == "error" and line["message"] != "child process ended"] == []


def test_wrong_settings_stop_the_start_with_one_clear_line_each(tmp_path: Path) -> None:
    wrong = environment(
        tmp_path, PRIVACY_DESK_DATABSE="x", PRIVACY_DESK_CONNECTIONS__CXONE__BASE_URL="http://vendor.example"
    )

    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=wrong, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "PRIVACY_DESK_DATABSE is not a setting of Privacy Desk",
        "PRIVACY_DESK_CONNECTIONS__CXONE__BASE_URL: must use https; plain http is allowed to this machine only",
    ]
    assert not (tmp_path / "desk.db").exists()
