"""`submit`, `show`, `list`, `cancel`."""

from pathlib import Path

import pytest

from core.desk import Desk
from core.model.people import Actor, Role
from core.store.audit import EventFilter
from tests.cli.shell import document, run

SUBMIT = ("submit", "--connection", "cxone", "--category", "CONTACT", "--scope", "CONTACT", "--subject")


@pytest.mark.usefixtures("vendor")
def test_a_filed_request_is_queued_and_shown_with_its_tasks() -> None:
    filed = document(
        *SUBMIT, "USR-8847291", "--type", "ACCESS", "--law", "uk-gdpr",
        "--reference", "CASE-7", "--description", "by post",
    )  # fmt: skip
    assert (filed["state"], filed["findings"]) == ("queued", [])
    assert [(t["connection"], t["state"], t["attempts"]) for t in filed["tasks"]] == [("cxone", "queued", 0)]
    assert document("show", filed["id"]) == filed
    text = run("show", filed["id"]).stdout
    for part in (filed["id"], "queued", "ACCESS", "CASE-7", "uk-gdpr", "cxone"):
        assert part in text


@pytest.mark.usefixtures("vendor")
def test_a_request_is_shown_without_the_identifier_of_its_subject() -> None:
    filed = document(*SUBMIT, "USR-8847291")
    assert "8847291" not in run("show", filed["id"]).output + run("list").output


@pytest.mark.usefixtures("vendor")
def test_findings_name_the_field_the_rule_and_the_fix_and_nothing_is_written() -> None:
    found = document("submit", "--connection", "cxone", "--category", "ANALYTICS", exit_code=2)
    assert {f["field"] for f in found["findings"]} == {"subjectId", "categories", "scope"}
    text = run("submit", "--connection", "cxone", "--category", "ANALYTICS")
    assert text.exit_code == 2
    assert "error: categories: ANALYTICS cannot be erased" in text.stdout
    assert "Nothing was filed." in text.stdout
    assert document("list") == []


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--connection", "nobody"), "connection"),
        (("--law", "hammurabi"), "law"),
        (("--region", "ZZ"), "region"),
        (("--received", "2001-01-31"), "received"),
    ],
)
def test_what_is_no_part_of_the_payload_is_checked_too(options: tuple[str, ...], field: str) -> None:
    assert field in {f["field"] for f in document(*SUBMIT, "USR-1", *options, exit_code=2)["findings"]}


@pytest.mark.usefixtures("vendor")
def test_the_same_person_again_is_a_finding_while_the_first_request_is_open() -> None:
    first = document(*SUBMIT, "USR-1")["id"]
    (finding,) = document(*SUBMIT, "USR-1", exit_code=2)["findings"]
    assert (finding["rule"], first in finding["message"]) == ("already_open", True)


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("day", ["31.01.2026", "2026-02-30", ""])
def test_a_day_that_is_none_is_a_usage_error(day: str) -> None:
    result = run(*SUBMIT, "USR-1", "--received", day)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not a day" in result.stderr


@pytest.mark.usefixtures("connected", "own_logging")
def test_a_request_that_the_vendor_fails_ends_with_exit_code_1() -> None:
    found = document(*SUBMIT, "SANDBOX-FAILED-1", "--wait", exit_code=1)
    assert found["state"] == "failed"
    assert found["tasks"][0]["error"].keys() == {"code", "message", "advice"}


@pytest.mark.usefixtures("connected", "own_logging")
def test_a_request_that_finds_nothing_has_gone_well() -> None:
    found = document(*SUBMIT, "SANDBOX-NOTHING-1", "--wait")
    assert (found["state"], found["tasks"][0]["records_affected"]) == ("nothing_found", 0)


@pytest.mark.usefixtures("connected", "own_logging")
def test_waiting_ends_with_the_time_out_and_says_that_the_request_goes_on() -> None:
    result = run(*SUBMIT, "SANDBOX-SLOW-1", "--wait", "--timeout", "0.5")
    assert result.exit_code == 1
    assert "in progress" in result.stdout
    assert "the next worker goes on with it" in result.stderr


@pytest.mark.usefixtures("vendor")
def test_a_cancelled_request_is_cancelled_and_cannot_be_cancelled_again() -> None:
    request = document(*SUBMIT, "USR-1")["id"]
    assert document("cancel", request)["state"] == "cancelled"
    again = run("cancel", request)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "cannot be cancelled any more" in again.stderr


@pytest.mark.usefixtures("vendor")
def test_the_list_is_newest_first_and_can_be_narrowed_to_states() -> None:
    first, second = (document(*SUBMIT, subject)["id"] for subject in ("USR-1", "USR-2"))
    document("cancel", first)
    assert [r["id"] for r in document("list")] == [second, first]
    assert [r["id"] for r in document("list", "--state", "cancelled")] == [first]
    assert [r["id"] for r in document("list", "--state", "cancelled", "--state", "queued")] == [second, first]
    short = run("list", "--limit", "1")
    assert second in short.stdout
    assert first not in short.stdout
    assert "The newest 1 of 2" in short.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["show", "cancel"])
def test_an_unknown_request_is_one_clear_line_and_one_document(command: str) -> None:
    result = run(command, "PR-000404")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "Error: There is no request PR-000404.\n")
    assert document(command, "PR-000404", exit_code=2) == {"error": "There is no request PR-000404."}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments", [("show",), ("list", "--state", "lost"), ("list", "--limit", "0"), ("submit", "--bogus")]
)
def test_wrong_usage_answers_with_one_document_too(arguments: tuple[str, ...]) -> None:
    assert document(*arguments, exit_code=2).keys() == {"error"}


@pytest.mark.usefixtures("vendor")
def test_wrong_settings_are_one_line_each_and_nothing_is_made(vendor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_DESK_COLOUR", "blue")
    monkeypatch.setenv("PRIVACY_DESK_LAW_REGION", "DE")
    result = run("list")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "Error: PRIVACY_DESK_COLOUR is not a setting of Privacy Desk",
        "Error: PRIVACY_DESK_LAW_REGION is not a setting of Privacy Desk",
    ]
    assert not vendor.exists()


def test_the_actor_is_the_user_of_the_operating_system_unless_the_sandbox_is_told_another(desk: Desk) -> None:
    document("sandbox", "faults", "cxone", "--off")
    document("sandbox", "faults", "cxone", "--off", "--as", "Mara")
    reader = Actor("test", "1", "Reader", frozenset({Role.AUDITOR}))
    named, own = desk.audit(reader, EventFilter()).rows
    assert own.actor.startswith("os|")
    assert named.actor == "sandbox|Mara"


@pytest.mark.usefixtures("vendor")
def test_nobody_acts_as_somebody_else_where_vendors_are_real() -> None:
    result = run("list", "--as", "Mara")
    assert result.exit_code == 2
    assert "--as works in the sandbox only" in result.stderr


@pytest.mark.usefixtures("folder")
def test_text_that_would_steer_the_terminal_is_spelt_out() -> None:
    result = run("show", "PR-\x1b[2J\u202e")
    assert "\x1b" not in result.stderr
    assert "PR-\\x1b[2J\\u202e" in result.stderr
