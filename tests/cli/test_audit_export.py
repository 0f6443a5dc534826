"""`audit export`, `audit checkpoints` and `records`, as the shell sees them."""

import csv
import hashlib
import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.desk import Desk
from tests.cli.shell import document, process, run
from tests.desks import ADMIN, draft

FIRST_KEYS = {"export", "file", "rows", "bytes", "sha256", "masked"}


@pytest.fixture
def filed(vendor: Path) -> Desk:
    """Two requests at a desk of the settings, the second cancelled."""
    desk = Desk.open()
    for number in range(2):
        desk.submit(ADMIN, draft(f"USR-884729{number}"), intent=f"form-{number}")
    desk.cancel(ADMIN, "PR-000002")
    return desk


@pytest.mark.usefixtures("filed")
def test_events_are_written_as_csv_and_as_json_lines(tmp_path: Path) -> None:
    found = document("audit", "export", str(tmp_path / "log.csv"))
    content = (tmp_path / "log.csv").read_bytes()
    assert found.keys() == FIRST_KEYS
    assert (found["rows"], found["sha256"]) == (4, hashlib.sha256(content).hexdigest())
    assert stat.S_IMODE((tmp_path / "log.csv").stat().st_mode) == 0o600
    lines = document("audit", "export", "--format", "jsonl", "--request", "pr-000002", str(tmp_path / "log.jsonl"))
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert (lines["rows"], kinds) == (3, ["request.filed", "task.cancelled", "request.closed"])


@pytest.mark.usefixtures("filed")
@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (("--kind", "request.filed"), 2),
        (("--connection", "cxone"), 1),
        (("--outcome", "cancelled"), 2),
        (("--text", "PR-000002"), 3),
        (("--actor", ADMIN.id), 4),
        (("--since", "2099-01-01"), 0),
        (("--until", "2020-01-01"), 0),
        (("--since", "2020-01-01", "--until", "2099-01-01"), 4),
    ],
)
def test_filters_are_those_of_the_log(tmp_path: Path, options: tuple[str, ...], rows: int) -> None:
    assert document("audit", "export", *options, str(tmp_path / "log.csv"))["rows"] == rows


@pytest.mark.usefixtures("filed")
def test_a_package_of_evidence_checks_itself(tmp_path: Path) -> None:
    run("audit", "export", "--format", "evidence", "--request", "PR-000002", str(tmp_path / "evidence.zip"))
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        archive.extractall(tmp_path / "package")
    fingerprint = document("audit", "checkpoints")["fingerprint"]
    checked = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "package" / "verify.py"), "--key", fingerprint],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert (checked.returncode, "AS IT WAS MADE" in checked.stdout) == (0, True)


@pytest.mark.usefixtures("filed")
def test_progress_is_told_as_lines_of_json(tmp_path: Path) -> None:
    for command in (["verify"], ["export", str(tmp_path / "log.csv")]):
        done = process(["audit", *command, "--json", "--progress"])
        assert done.returncode == 0
        assert json.loads(done.stdout)
        told = [json.loads(line) for line in done.stderr.splitlines()]
        assert told
        assert all(one["done"] <= one["of"] for one in told)


@pytest.mark.usefixtures("filed")
def test_a_file_that_exists_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("mine")
    for command in (("audit", "export"), ("records", "export")):
        result = run(*command, str(tmp_path / "log.csv"))
        assert (result.exit_code, "exists already" in result.stderr) == (2, True)
        assert run(*command, str(tmp_path / "missing" / "log.csv")).exit_code == 2
    assert (tmp_path / "log.csv").read_text() == "mine"


@pytest.mark.usefixtures("filed")
def test_checkpoints_are_listed_newest_first(tmp_path: Path) -> None:
    document("audit", "checkpoint")
    found = document("audit", "checkpoints")
    assert found["checkpoints"][0]["events"] == 4
    assert all(one["signed"] for one in found["checkpoints"])
    assert found["fingerprint"] in run("audit", "checkpoints").stdout


@pytest.mark.usefixtures("filed")
def test_requests_are_written_as_csv(tmp_path: Path) -> None:
    assert document("records", "export", "--state", "cancelled", str(tmp_path / "one.csv"))["rows"] == 1
    with (tmp_path / "one.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["subject"]) == ("PR-000002", "USR-8847291")


@pytest.mark.usefixtures("filed")
def test_a_dry_run_shows_what_is_due_and_changes_nothing() -> None:
    found = document("records", "dispose", "--dry-run")
    assert (found["requests"], found["events"], found["exports"], found["events_upto"]) == (0, 0, 0, None)
    assert "24 months" in run("records", "dispose", "--dry-run").stdout
    assert document("records", "dispose") == {"requests": 0, "events": 0, "events_upto": None, "exports": 0}
    assert len(document("list")) == 2
