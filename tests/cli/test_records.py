"""`metrics`, `audit`, `vault`, `backup`, over sample history."""

import csv
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.desk import Desk
from core.model.people import Actor, Role
from tests.cli.shell import document, run
from tests.desk.reports.reading import read

ADMINISTRATOR = Actor("test", "1", "Administrator", frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def filled(desk: Desk) -> Desk:
    list(desk.fill_sample(ADMINISTRATOR, days=60, requests=60))
    return desk


def test_metrics_are_those_of_the_desk_in_all_and_by_system(filled: Desk) -> None:
    found = document("metrics")
    expected = filled.measures(ADMINISTRATOR).totals
    keys = ["total", "successful", "failed", "success_rate", "latency_ms"]
    assert list(found)[:6] == [*keys, "by_connection"]
    assert found["latency_ms"].keys() == {"mean", "p50", "p90", "p99"}
    assert found["total"] == expected.total == found["successful"] + found["failed"] > 0
    assert found["success_rate"] == found["successful"] / found["total"]
    assert list(found["by_connection"]["cxone"]) == keys


def test_metrics_of_a_period_include_its_last_day(filled: Desk) -> None:
    day = [span for span in filled.measures(ADMINISTRATOR).over_time if span.total][-2].days.first.isoformat()
    assert document("metrics", "--since", day, "--until", day)["total"] > 0
    assert document("metrics", "--since", "2020-01-01", "--until", "2020-01-31")["success_rate"] is None


@pytest.mark.usefixtures("vendor")
def test_metrics_of_nobody_and_of_a_period_backwards_are_refused() -> None:
    unknown = run("metrics", "--connection", "nobody")
    backwards = run("metrics", "--since", "2026-02-01", "--until", "2026-01-01")
    assert (unknown.exit_code, backwards.exit_code) == (2, 2)
    assert "known are cxone" in unknown.stderr
    assert "--until is before --since" in backwards.stderr


@pytest.mark.usefixtures("filled")
def test_a_sound_audit_log_verifies(folder: Path) -> None:
    found = document("audit", "verify")
    assert found.keys() == {"ok", "events", "bad", "cannot_prove", "head"}
    assert (found["ok"], found["bad"]) == (True, [])
    signed = document("audit", "checkpoint")
    assert signed.keys() == {"events", "head", "at", "file"}
    assert signed["events"] == found["events"] + 1  # that it was verified is an event
    assert signed["file"] == str(folder / "desk.db.checkpoints")


def test_a_changed_event_is_named_with_exit_code_1(filled: Desk) -> None:
    with closing(sqlite3.connect(filled.store.path)) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 7")
        db.commit()
    assert [bad["seq"] for bad in document("audit", "verify", exit_code=1)["bad"]] == [7]
    assert "Event 7:" in run("audit", "verify").stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [("audit", "verify"), ("audit", "checkpoint"), ("backup", "copy.db")])
def test_what_needs_a_database_does_not_make_an_empty_one(arguments: tuple[str, ...], folder: Path) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "There is no database at" in result.stderr
    assert not folder.exists()


def test_an_empty_audit_log_has_nothing_to_sign(desk: Desk) -> None:
    assert desk.store.path.exists()
    assert "nothing to sign" in document("audit", "checkpoint", exit_code=2)["error"]


@pytest.mark.usefixtures("connected", "own_logging")
def test_the_vault_lists_what_it_was_given_and_resends_dead_letters_only() -> None:
    document(
        "submit", "--connection", "cxone", "--subject", "USR-5", "--category", "SMS", "--scope", "ALL", "--wait"
    )  # fmt: skip
    assert document("vault") == {"deliveries": []}
    (delivery,) = document("vault", "list", "--state", "delivered")["deliveries"]
    assert delivery.keys() == {
        "id", "task", "state", "attempts", "next_due_at", "created_at", "delivered_at", "error",
    }  # fmt: skip
    refused = run("vault", "resend", delivery["id"])
    assert (refused.exit_code, "There is no dead letter" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("filled")
def test_a_backup_is_a_whole_database_and_never_over_another_file(tmp_path: Path) -> None:
    copy = tmp_path / "backup.db"
    made = document("backup", str(copy))
    assert made == {
        "file": str(copy),
        "sha256": hashlib.sha256(copy.read_bytes()).hexdigest(),
        "bytes": copy.stat().st_size,
    }
    again = run("backup", str(copy))
    assert (again.exit_code, len(again.stderr.splitlines())) == (2, 1)
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == made["sha256"]


def test_a_backup_beside_the_keys_is_refused(filled: Desk) -> None:
    result = run("backup", str(filled.settings.keys.with_name("backup.db")))
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)


def test_the_report_and_the_tables_are_files_with_the_numbers_of_the_command(filled: Desk, tmp_path: Path) -> None:
    report, tables = tmp_path / "report.html", tmp_path / "out" / "tables"
    found = document("metrics", "--report", str(report), "--csv", str(tables))
    assert found["files"] == {"report": str(report), "csv": str(tables)}
    assert read(report.read_text(encoding="utf-8")).cards["Ended"] == str(found["total"])
    with (tables / "by_connection.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert int(row["Ended"]) == found["by_connection"]["cxone"]["total"]
    made = [export.what for export in filled.exports(ADMINISTRATOR)]
    assert made == ["metrics_tables", "metrics_report"]


def test_a_report_that_cannot_be_written_is_wrong_input(filled: Desk, tmp_path: Path) -> None:
    result = run("metrics", "--report", str(tmp_path / "no folder" / "report.html"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_the_files_are_of_a_period_and_not_of_a_year_of_section_7102(filled: Desk, tmp_path: Path) -> None:
    assert run("metrics", "--section-7102", "2026", "--report", str(tmp_path / "r.html")).exit_code == 2
