"""`doctor`."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from core.desk import Desk
from tests.cli.shell import document, run

SUBMIT = ("submit", "--connection", "cxone", "--category", "SMS", "--scope", "ALL", "--subject", "USR-8847291")


def examined(*, exit_code: int = 0) -> dict[str, Any]:
    found = document("doctor", exit_code=exit_code)
    assert found.keys() == {"ok", "checks"}
    assert all(check.keys() == {"name", "ok", "detail"} for check in found["checks"])
    assert found["ok"] is (exit_code == 0)
    return {check["name"]: check for check in found["checks"]}


def test_before_the_first_start_all_is_well_and_nothing_is_made(folder: Path, tmp_path: Path) -> None:
    checks = examined()
    assert checks.keys() == {"settings", "keys", "database", "disk", "clock", "time_zone", "worker", "sandbox"}
    assert list(tmp_path.iterdir()) == []
    assert not folder.exists()


@pytest.mark.usefixtures("desk")
def test_a_sound_installation_passes_every_check() -> None:
    document("sandbox", "faults", "cxone", "--off")
    checks = examined()
    assert {"sqlite", "checkpoints"} < checks.keys()
    assert "quick check" in checks["database"]["detail"]
    assert "matches" in checks["checkpoints"]["detail"]
    assert "mode 600" in checks["keys"]["detail"]


@pytest.mark.usefixtures("vendor")
def test_credentials_are_shown_by_their_fingerprint_alone() -> None:
    detail = examined()["connection cxone"]["detail"]
    assert hashlib.sha256(b"a-client-secret").hexdigest()[:8] in detail
    assert "webhook secret absent" in detail
    assert "a-client-secret" not in detail
    assert "desk-client" not in detail


@pytest.mark.usefixtures("vendor")
def test_a_connection_without_a_secret_is_not_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_SECRET", "")
    assert "client secret absent" in examined(exit_code=1)["connection cxone"]["detail"]


@pytest.mark.usefixtures("vendor")
def test_tasks_that_are_due_want_a_worker() -> None:
    document(*SUBMIT)
    worker = examined(exit_code=1)["worker"]
    assert (worker["ok"], "1 tasks are due" in worker["detail"]) == (False, True)


def test_keys_that_others_may_read_or_that_are_gone_are_not_in_order(desk: Desk) -> None:
    keys = desk.settings.keys
    keys.chmod(0o644)
    assert "chmod 600" in examined(exit_code=1)["keys"]["detail"]
    keys.unlink()
    assert "is missing" in examined(exit_code=1)["keys"]["detail"]
    assert not keys.exists()


def test_a_damaged_database_is_not_in_order(desk: Desk) -> None:
    with desk.store.reading() as db:
        (index,) = db.query("SELECT rootpage FROM sqlite_schema WHERE name = 'requests_state'")
        (page,) = db.query("PRAGMA page_size")
    with desk.store.path.open("r+b") as file:
        file.seek((index["rootpage"] - 1) * page["page_size"])
        file.write(b"\xff" * page["page_size"])
    assert "Restore a backup" in examined(exit_code=1)["database"]["detail"]


def test_events_cut_off_behind_a_checkpoint_are_noticed(desk: Desk) -> None:
    document("sandbox", "faults", "cxone", "--off")
    with desk.store.writing() as transaction:
        for row in list(transaction.db.query("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
            transaction.db.execute(f"DROP TRIGGER {row['name']}")
        transaction.db.execute("DELETE FROM audit_events")
    assert "audit verify" in examined(exit_code=1)["checkpoints"]["detail"]


def test_a_file_of_the_future_means_that_the_clock_went_back(desk: Desk) -> None:
    tomorrow = desk.clock.now().timestamp() + 86_400
    os.utime(desk.store.path, (tomorrow, tomorrow))
    assert "Set the clock" in examined(exit_code=1)["clock"]["detail"]


@pytest.mark.usefixtures("folder")
def test_wrong_settings_are_a_check_that_fails_with_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_DESK_COLOUR", "blue")
    assert "PRIVACY_DESK_COLOUR" in examined(exit_code=2)["settings"]["detail"]
    result = run("doctor")
    assert "NOT OK" in result.stdout
    assert result.stderr == "Error: PRIVACY_DESK_COLOUR is not a setting of Privacy Desk\n"
