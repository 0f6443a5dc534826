"""`purposes`: list, plan, apply, import and record, against the sandbox and against another vendor."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from core.cli import main
from core.desk import Desk
from core.model.enforcements import ChangeState
from core.model.people import Actor, Role
from tests.cli.shell import COMMAND, document, environment, process, run
from tests.purpose_vendor import PurposeVendor, purpose

KEYS = {"name", "id", "status", "differences", "result"}


@pytest.fixture
def vendor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PurposeVendor]:
    """Another vendor than the sandbox, known by settings alone; it wants the tutorial's parameter names."""
    with PurposeVendor([purpose(n) for n in range(60)], size="page_size", number="page_number") as vendor:
        settings = {
            "BASE_URL": vendor.url,
            "CLIENT_ID": "desk-client",
            "CLIENT_SECRET": "not-a-real-secret",
            "PAGE_SIZE_PARAMETER": "page_size",
            "PAGE_NUMBER_PARAMETER": "page_number",
            "DURATION_FORMAT": "P180D",
            "BASE_DELAY_SECONDS": "0.02",
            "LIMIT_PER_MINUTE": "100000",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"PRIVACY_DESK_CONNECTIONS__GENESYS__{name}", value)
        yield vendor


def toml(folder: Path, *entries: str) -> str:
    """A file of declared purposes; each entry is the lines of one table."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "declared.toml"
    path.write_text("".join(f"[[purpose]]\n{entry}\n" for entry in entries))
    return str(path)


def entry(number: int, days: int = 120, **changes: Any) -> str:
    values = {
        "name": f"Purpose {number:04d}",
        "description": f"What purpose {number} is for",
        "retention_days": days,
        "legal_basis": "contract",
        **changes,
    }
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["name"]: line for line in found["purposes"]}


SANDBOX_DECLARED = (
    """\
name = "Voice quality review"
description = "Voice data kept for quality review"
retention_days = 90
legal_basis = "LEGITIMATE_INTERESTS"
""",
    """\
name = "Chat billing records"
description = "Kept for billing"
retention_days = 365
legal_basis = "contract"
""",
)


def purposes(*arguments: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    return process(["purposes", *arguments], seconds)


def test_plan_shows_the_drift_apply_repairs_it_and_a_second_plan_exits_0(folder: Path) -> None:
    file = toml(folder.parent, *SANDBOX_DECLARED)

    planned = purposes("plan", "--file", file, "--json")
    assert planned.returncode == 1, planned.stderr
    found = by_name(json.loads(planned.stdout))
    voice = found["Voice quality review"]
    assert voice.keys() == KEYS
    assert (voice["status"], voice["result"]) == ("drifted", None)
    assert voice["differences"] == [{"field": "retention_days", "declared": 90, "live": 7}]
    assert {d["field"] for d in found["Chat billing records"]["differences"]} == {"description", "retention_days"}
    assert found["Voice billing records"]["status"] == "undeclared"

    applied = purposes("apply", "--file", file, "--all", "--json")
    assert applied.returncode == 0, applied.stderr
    lines = json.loads(applied.stdout)["purposes"]
    assert [(line["status"], line["result"]) for line in lines] == [("in_force", "enforced")] * 2

    again = purposes("plan", "--file", file, "--json")
    assert again.returncode == 0, again.stderr
    unknown = purposes("plan", "--name", "Nobody knows it")
    assert unknown.returncode == 1
    assert "not found at the vendor" in unknown.stderr
    assert document("audit", "verify")["ok"] is True


def test_what_was_planned_can_be_applied_without_naming_the_file_again(folder: Path) -> None:
    file = toml(folder.parent, *SANDBOX_DECLARED)
    assert purposes("plan", "--file", file).returncode == 1
    done = purposes("apply", "--all", "--json")
    assert done.returncode == 0, done.stderr
    assert "planned before, is applied" in done.stderr
    assert purposes("plan").returncode == 0


def test_an_unknown_name_is_not_found_at_the_vendor(vendor: PurposeVendor, folder: Path) -> None:
    file = toml(folder, 'name = "Fax archive"\nretention_days = 30\nlegal_basis = "consent"')
    for arguments in (
        ("apply", "--name", "Nobody knows it"),
        ("plan", "--file", file),
        ("apply", "--file", file, "--all"),
        ("apply", "--name", "Fax archive"),
        ("plan", "--name", "Nobody knows it"),
        ("apply", "--name", "Nobody knows it"),
    ):
        result = run("purposes", *arguments, "--json")
        assert result.exit_code == 1, (arguments, result.output)
        (line,) = [p for p in json.loads(result.stdout)["purposes"] if p["status"] != "undeclared"]
        assert (line["status"], line["result"], line["id"]) == ("missing", "not found at the vendor", None)
        assert "not found at the vendor" in result.stderr
    assert vendor.puts == 0


def test_a_vendor_known_by_settings_alone_is_listed_planned_and_applied(vendor: PurposeVendor, folder: Path) -> None:
    found = by_name(document("purposes", "list"))
    assert len(found) == 60
    assert found["Purpose 0001"] == {
        "name": "Purpose 0001",
        "id": "p-0001",
        "status": "undeclared",
        "differences": [],
        "result": None,
    }
    file = toml(folder, entry(1), entry(2, days=90))
    document("purposes", "plan", "--file", file, exit_code=1)
    lines = by_name(document("purposes", "apply", "--file", file, "--all"))
    assert (lines["Purpose 0001"]["result"], lines["Purpose 0002"]["result"]) == ("enforced", "in force already")
    assert lines["Purpose 0001"]["changed"] == [{"field": "retention_days", "declared": 120, "live": 90}]
    assert [body["retentionPeriod"] for body in vendor.bodies] == ["P120D"]
    document("purposes", "plan")


def test_429s_in_the_list_and_a_500_in_the_middle_of_40_and_running_it_again_completes_the_rest(
    vendor: PurposeVendor, folder: Path
) -> None:
    file = toml(folder, *(entry(n) for n in range(40)))
    vendor.on_list = lambda call: (429, {"Retry-After": "0.05"}) if call in {2, 4} else None
    # From the twentieth on the vendor is out of order: what it was asked then it has not done.
    vendor.on_put = lambda call: 500 if call >= 20 else None
    result = run("purposes", "apply", "--file", file, "--all", "--json")
    assert result.exit_code == 1
    assert "The vendor fails too often" in result.stderr
    first = by_name(json.loads(result.stdout))
    assert sum(line["result"] == "enforced" for line in first.values()) == 19
    refused = {line["name"] for line in first.values() if line["result"] != "enforced"}

    vendor.on_put = lambda call: None
    vendor.bodies.clear()
    settle_breaker()
    again = by_name(document("purposes", "apply", "--file", file, "--all"))
    assert {line["status"] for line in again.values()} == {"in_force"}
    assert {body["name"] for body in vendor.bodies} == refused
    assert set(vendor.carried_out.values()) == {1}
    assert len(vendor.carried_out) == 40
    document("purposes", "plan")


def settle_breaker() -> None:
    """As if the minutes had passed in which the vendor is spared."""
    with Desk.open().store.writing() as transaction:
        transaction.db.execute("UPDATE connection_states SET breaker = '{}'")


def test_a_single_500_is_got_over_by_the_first_run(vendor: PurposeVendor, folder: Path) -> None:
    file = toml(folder, *(entry(n) for n in range(12)))
    vendor.on_put = lambda call: 500 if call == 6 else None
    lines = by_name(document("purposes", "apply", "--file", file, "--all"))
    assert {line["result"] for line in lines.values()} == {"enforced"}
    assert set(vendor.carried_out.values()) == {1}


def test_a_killed_apply_is_completed_by_running_it_again(vendor: PurposeVendor, folder: Path) -> None:
    file = toml(folder, *(entry(n) for n in range(12)))
    hold = time.monotonic() + 30

    def slow(call: int) -> None:
        while call == 5 and child.poll() is None and time.monotonic() < hold:
            time.sleep(0.02)

    vendor.after_put = slow
    with subprocess.Popen([*COMMAND, "purposes", "apply", "--file", file, "--all"], env=environment()) as child:
        while vendor.puts < 5 and time.monotonic() < hold:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    vendor.after_put = lambda call: None
    lines = by_name(document("purposes", "apply", "--file", file, "--all"))
    assert {line["status"] for line in lines.values()} == {"in_force"}
    assert set(vendor.carried_out.values()) == {1}


def test_only_what_is_named_is_changed_and_put_on_record(vendor: PurposeVendor, folder: Path) -> None:
    file = toml(folder, entry(1), entry(2))
    lines = by_name(document("purposes", "apply", "--file", file, "--name", "Purpose 0002"))
    assert set(lines) == {"Purpose 0002"}
    assert set(vendor.carried_out) == {"Purpose 0002"}
    assert by_name(document("purposes", "plan"))["Purpose 0001"]["status"] == "undeclared"


def test_plan_changes_nothing_on_either_side(vendor: PurposeVendor, folder: Path) -> None:
    document("purposes", "plan", "--file", toml(folder, entry(1)), exit_code=1)
    assert vendor.puts == 0
    assert by_name(document("purposes", "list"))["Purpose 0001"]["status"] == "undeclared"


def test_plan_leaves_the_changes_that_somebody_asked_for_alone(
    vendor: PurposeVendor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Actor("test", "ada", "Ada", frozenset({Role.ADMINISTRATOR}))
    document("purposes", "import", toml(folder, entry(1)))
    document("purposes", "plan", exit_code=1)
    desk = Desk.open()
    asked = desk.enforce(person, desk.preview_enforcement(person, "genesys"), intent="by the page")
    document("purposes", "plan", exit_code=1)
    assert desk.changes(person, asked.changes)[0].state is ChangeState.QUEUED
    assert vendor.puts == 0


def test_with_approvals_a_shortening_waits_and_says_so(
    vendor: PurposeVendor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVACY_DESK_APPROVALS", "on")
    file = toml(folder, entry(1, days=30))
    result = run("purposes", "apply", "--file", file, "--all", "--json")
    assert result.exit_code == 1
    (line,) = json.loads(result.stdout)["purposes"]
    assert (line["result"], vendor.puts) == ("awaiting approval", 0)
    assert "A second person has to approve" in result.stderr


def test_a_shortening_is_called_one(vendor: PurposeVendor, folder: Path) -> None:
    result = run("purposes", "apply", "--file", toml(folder, entry(1, days=30)), "--all")
    assert result.exit_code == 0
    assert "1 of 1 changes shorten a retention period, which deletes data at the vendor." in result.stderr


@pytest.mark.parametrize(
    ("numbers", "days", "typed", "options", "exit_code"),
    [
        (range(11), 120, "11\n", (), 0),
        (range(11), 120, "10\n", (), 2),
        (range(11), 120, "\n", (), 2),
        (range(11), 120, "", ("--yes",), 0),
        (range(10), 120, "", (), 0),
        (range(1), 30, "1\n", (), 0),
        (range(1), 30, "no\n", (), 2),
    ],
)
def test_at_a_terminal_more_than_ten_and_any_shortening_are_confirmed_by_typing_the_number(
    vendor: PurposeVendor,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    numbers: range,
    days: int,
    typed: str,
    options: tuple[str, ...],
    exit_code: int,
) -> None:
    monkeypatch.setattr("core.cli.purposes.at_a_terminal", lambda: True)
    file = toml(folder, *(entry(n, days=days) for n in numbers))
    result = CliRunner().invoke(main, ["purposes", "apply", "--file", file, "--all", *options], input=typed)
    assert result.exit_code == exit_code, result.output
    assert vendor.puts == (0 if exit_code else len(numbers))


def test_a_change_at_the_vendor_since_the_comparison_is_not_overwritten(vendor: PurposeVendor, folder: Path) -> None:
    def somebody_else(call: int) -> None:
        if call == 4:  # after the three pages of the comparison, before the look that precedes the PUT
            vendor.live("Purpose 0001")["retentionPeriod"] = "7d"

    vendor.on_list = somebody_else
    result = run("purposes", "apply", "--file", toml(folder, entry(1)), "--all", "--json")
    assert result.exit_code == 1
    (line,) = json.loads(result.stdout)["purposes"]
    assert (line["result"], line["status"]) == ("changed meanwhile", "drifted")
    assert line["differences"] == [{"field": "retention_days", "declared": 120, "live": 7}]
    assert vendor.puts == 0


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ('name = "Support_Analytics\\n"\nretention_days = 30\nlegal_basis = "consent"', "name"),
        (f'name = "{"S" * 51}"\nretention_days = 30\nlegal_basis = "consent"', "name"),
        ('name = "support"\nretention_days = 30\nlegal_basis = "consent"', "name"),
        ('name = "Support"\nretention_days = 0\nlegal_basis = "consent"', "retention_days"),
        ('name = "Support"\nretention_days = 366\nlegal_basis = "consent"', "retention_days"),
        ('name = "Support"\nretention_days = -1\nlegal_basis = "consent"', "retention_days"),
        ('name = "Support"\nretention_days = 1.5\nlegal_basis = "consent"', "retention_days"),
        ('name = "Support"\nretention_days = "30d"\nlegal_basis = "consent"', "retention_days"),
        ('name = "Support"\nretention_days = 30\nlegal_basis = "marketing"', "legal_basis"),
    ],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--all")])
def test_a_file_against_the_rules_is_refused_with_line_and_field_named(
    vendor: PurposeVendor, folder: Path, lines: str, field: str, command: tuple[str, ...]
) -> None:
    result = run("purposes", *command, "--file", toml(folder, lines))
    assert result.exit_code == 2
    assert f"declared.toml, line 1: {field}: " in result.stderr
    assert (vendor.lists, vendor.puts) == (0, 0)


def test_what_to_change_has_to_be_said(vendor: PurposeVendor) -> None:
    for arguments in ((), ("--all", "--name", "Purpose 0001")):
        result = run("purposes", "apply", *arguments)
        assert (result.exit_code, vendor.lists) == (2, 0)


def test_with_nothing_declared_apply_says_what_to_do(vendor: PurposeVendor) -> None:
    result = run("purposes", "apply", "--all")
    assert result.exit_code == 2
    assert "Give --file" in result.stderr


def test_a_planned_file_that_has_changed_since_is_not_applied(vendor: PurposeVendor, folder: Path) -> None:
    file = toml(folder, entry(1))
    document("purposes", "plan", "--file", file, exit_code=1)
    toml(folder, entry(1, days=7))
    result = run("purposes", "apply", "--all")
    assert (result.exit_code, vendor.puts) == (2, 0)
    assert "has changed since it was planned" in result.stderr


def test_a_vendor_that_does_not_let_the_desk_in_is_exit_1_with_advice(vendor: PurposeVendor) -> None:
    vendor.on_list = lambda call: 403
    result = run("purposes", "plan")
    assert result.exit_code == 1
    assert "privacy:purpose:read" in result.stderr


def test_a_paused_connection_is_not_asked(vendor: PurposeVendor) -> None:
    assert run("connections", "pause", "genesys", "--reason", "maintenance").exit_code == 0
    result = run("purposes", "plan")
    assert (result.exit_code, vendor.lists) == (2, 0)
    assert "paused" in result.stderr


def test_of_several_systems_one_has_to_be_chosen(vendor: PurposeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CONTRACT": "genesys-purposes", "BASE_URL": vendor.url}.items():
        monkeypatch.setenv(f"PRIVACY_DESK_CONNECTIONS__OTHER__{name}", value)
    result = run("purposes", "list")
    assert result.exit_code == 2
    assert "genesys, other" in result.stderr
    assert len(document("purposes", "list", "--connection", "genesys")["purposes"]) == 60


def test_an_import_reports_each_line_and_writes_all_or_nothing(vendor: PurposeVendor, folder: Path) -> None:
    file = folder / "declared.csv"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text("name,retention_days,legal_basis\nPurpose 0001,30,Consent\nlow,30,consent\n")
    found = document("purposes", "import", str(file), exit_code=2)
    assert (found["written"], [(line["line"], line["result"]) for line in found["lines"]]) == (
        False,
        [(2, "new"), (3, "refused")],
    )
    file.write_text("name,retention_days,legal_basis\nPurpose 0001,30,Consent\n")
    assert document("purposes", "import", str(file), "--dry-run")["written"] is False
    assert document("purposes", "import", str(file))["written"] is True
    assert document("purposes", "import", str(file))["lines"][0]["result"] == "unchanged"


def test_the_record_of_processing_is_written_as_csv_or_html(vendor: PurposeVendor, folder: Path) -> None:
    document("purposes", "import", toml(folder, entry(1)))
    document("purposes", "plan", exit_code=1)
    for ending in ("csv", "html"):
        file = folder / f"record.{ending}"
        assert document("purposes", "record", str(file))["rows"] == 1
        assert "Purpose 0001" in file.read_text()
    assert run("purposes", "record", str(folder / "record.pdf")).exit_code == 2


def test_the_text_for_people_names_field_declared_and_live(vendor: PurposeVendor, folder: Path) -> None:
    result = run("purposes", "plan", "--file", toml(folder, entry(1)))
    assert result.stdout.splitlines() == [
        "NAME          STATUS   FIELD           DECLARED  LIVE",
        "Purpose 0001  drifted  retention_days  120       90",
        "1 drifted, 59 not declared.",
    ]


def test_the_metrics_count_comparisons_and_changes_with_their_latency(vendor: PurposeVendor, folder: Path) -> None:
    assert "purposes" not in document("metrics")
    document("purposes", "apply", "--file", toml(folder, entry(1), entry(2)), "--all")
    found = document("metrics")["purposes"]
    assert (found["comparisons"], found["failed_comparisons"]) == (1, 0)
    assert (found["changes"], found["successful"], found["success_rate"]) == (2, 2, 1.0)
    assert found["outcomes"] == {"enforced": 2}
    for latency in ("comparison_ms", "latency_ms", "put_ms"):
        assert found[latency].keys() == {"mean", "p50", "p90", "p99"}
        assert found[latency]["p99"] >= found[latency]["p50"] >= 0
    assert "enforced changes  2      2" in run("metrics").stdout
