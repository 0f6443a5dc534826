"""Real processes: from nothing to a completed erasure, the worker, the sandbox, and nothing left behind."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.sandbox.address import read_address
from tests.cli.shell import COMMAND, document, environment, process, processes_of, run

ERASURE = (
    "submit", "--connection", "cxone", "--subject", "USR-8847291", "--type", "ERASURE",
    "--category", "CONTACT", "--category", "EMAIL", "--scope", "CONTACT",
)  # fmt: skip
TASK_KEYS = {
    "id", "connection", "state", "vendor_status", "vendor_request_id", "attempts", "records_affected", "cascade",
    "latency_ms", "error",
}  # fmt: skip


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def test_an_erasure_is_completed_from_nothing_in_under_20_seconds_and_leaves_no_process(folder: Path) -> None:
    began = time.monotonic()
    done = process([*ERASURE, "--wait", "--json"])
    took = time.monotonic() - began

    assert done.returncode == 0, done.stderr
    assert took < 20
    assert processes_of(folder) == []
    found = json.loads(done.stdout)
    assert found.keys() == {"id", "state", "findings", "tasks", "due", "deadlines"}
    assert found["state"] == "completed"
    (task,) = found["tasks"]
    assert task.keys() == TASK_KEYS
    assert (task["state"], task["vendor_status"], task["error"]) == ("completed", "COMPLETED", None)
    assert task["records_affected"] == sum(entry["records"] for entry in task["cascade"]) > 0
    assert {entry["entity"] for entry in task["cascade"]} == {"CONTACT", "CONVERSATION", "EMAIL", "ATTACHMENT"}
    assert document("show", found["id"]) == found
    assert [d["state"] for d in document("vault", "list", "--state", "delivered")["deliveries"]] == ["delivered"]
    assert document("audit", "verify")["ok"] is True


def test_a_category_that_may_not_be_erased_is_a_finding_and_files_nothing(folder: Path) -> None:
    done = process([*ERASURE, "--category", "ANALYTICS", "--wait", "--json"])

    assert done.returncode == 2, done.stderr
    found = json.loads(done.stdout)
    assert [finding["field"] for finding in found["findings"]] == ["categories"]
    assert found["findings"][0].keys() == {"field", "rule", "message", "fix", "severity"}
    assert (found["id"], found["state"], found["tasks"]) == (None, None, [])
    assert document("list") == []
    assert processes_of(folder) == []


@pytest.mark.usefixtures("connected")
def test_a_worker_carries_out_what_waits_and_stops_within_10_seconds_of_being_told() -> None:
    request = document(*ERASURE)["id"]
    with running("worker", "--json") as worker:
        deadline = time.monotonic() + 20
        while document("show", request)["state"] != "completed":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert [check["ok"] for check in document("doctor")["checks"] if check["name"] == "worker"] == [True]

        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        said, log = worker.communicate(timeout=10)
    assert time.monotonic() - began < 10
    assert worker.returncode == 0
    assert json.loads(said) == {"stopped": True}
    assert [json.loads(line)["message"] for line in log.splitlines()[1:]] == ["worker started", "worker stopped"]


@pytest.mark.usefixtures("connected", "own_logging")
def test_waiting_beside_a_worker_leaves_the_work_to_it() -> None:
    with running("worker", "--until-stdin-closes") as worker:
        assert worker.stderr
        while "worker started" not in worker.stderr.readline():
            assert worker.poll() is None
        assert document(*ERASURE, "--wait", "--timeout", "20")["state"] == "completed"
        assert worker.poll() is None
        worker.communicate(timeout=10)  # closes standard input, then waits
    assert worker.returncode == 0


def test_a_sandbox_runs_with_its_own_options_until_its_standard_input_closes(folder: Path) -> None:
    with running("sandbox", "--until-stdin-closes", "--processing-seconds", "0.5", "--json") as sandbox:
        deadline = time.monotonic() + 15
        while read_address(folder) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert document("connections", "test", "cxone")["ok"] is True
        second = process(["sandbox", "run"])
        assert (second.returncode, second.stderr.count("already runs")) == (1, 1)
        said, _ = sandbox.communicate(timeout=10)
    assert sandbox.returncode == 0
    assert json.loads(said) == {"stopped": True}
    assert read_address(folder) is None


def test_a_command_that_is_terminated_takes_its_sandbox_with_it(folder: Path) -> None:
    with running(*ERASURE, "--wait") as command:
        deadline = time.monotonic() + 15
        while len(processes_of(folder)) < 2 or read_address(folder) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        command.send_signal(signal.SIGTERM)
        command.communicate(timeout=15)
    assert processes_of(folder) == []


def test_help_is_quick_because_it_imports_no_command(folder: Path) -> None:
    done = subprocess.run(
        [COMMAND[0], "-X", "importtime", *COMMAND[1:], "--help"],
        env=environment(), capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint({"core.desk", "core.settings", "pydantic", "sqlite_utils", "jsonschema"})
    assert not folder.exists()


def test_python_m_core_without_a_command_says_what_there_is() -> None:
    result = run()
    assert result.exit_code == 2
    assert "submit" in result.output
