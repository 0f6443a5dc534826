"""`people`, and whom the shell acts as: its own user, or in the sandbox one of the sandbox's people."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.settings import load
from tests.cli.shell import document, run
from tests.pages.screens import publish_sandbox
from tests.sign_ins import ISSUER, claims

SUBMIT = ("submit", "--connection", "cxone", "--type", "ERASURE", "--category", "EMAIL", "--scope", "CONTACT")
CANARY = "CANARY-8847291"


@pytest.fixture
def sandbox(folder: Path) -> Path:
    """A sandbox whose vendors ran once: its connections have names, and nobody is asked anything."""
    publish_sandbox(folder.parent)
    return folder


@pytest.fixture
def signed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk at which two people have signed in."""
    for name, value in {
        "METADATA_URL": f"{ISSUER}/.well-known/openid-configuration",
        "CLIENT_ID": "desk",
        "CLIENT_SECRET": "not-a-real-secret",
        "COOKIE_SECRET": "not-a-real-secret" * 3,
    }.items():
        monkeypatch.setenv(f"PRIVACY_DESK_SIGN_IN__{name}", value)
    desk = Desk.open(load())
    now = SystemClock().now()
    for sub in ("new-1", "rita@example.com"):
        desk.enter(claims(sub, at=now, email=f"{sub.partition('@')[0]}@example.com"))
    return desk


def test_the_first_administrator_is_made_from_the_shell(signed: Desk) -> None:
    listed = document("people")["people"]
    assert [(one["name"], one["roles"]) for one in listed] == [("New-1", []), ("Rita", [])]
    assert "waits for a role" in run("people", "list").stdout

    made = document("people", "give", "new-1", "administrator")
    assert (made["roles"], made["given_here"], made["from_claim"]) == (["administrator"], ["administrator"], [])
    assert document("people", "take", "new-1", "administrator")["roles"] == []


def test_somebody_is_named_by_account_too_and_is_shut_out_at_once(signed: Desk) -> None:
    assert document("people", "suspend", "rita@example.com")["suspended"] is True
    assert "suspended" in run("people").stdout
    assert document("people", "reinstate", "rita@example.com")["suspended"] is False


@pytest.mark.usefixtures("signed")
def test_somebody_unknown_is_one_clear_line() -> None:
    ended = run("people", "give", "nobody", "auditor")
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: Nobody is known as 'nobody'.")
    assert document("people", "give", "new-1", "emperor", exit_code=2).keys() == {"error"}


@pytest.mark.usefixtures("signed")
def test_with_sign_in_nobody_is_somebody_else_from_the_shell() -> None:
    ended = run("list", "--as", "auditor")
    assert ended.exit_code == 2
    assert "--as works in the sandbox only" in ended.stderr


@pytest.mark.usefixtures("sandbox")
def test_as_a_role_the_shell_is_the_sandbox_s_person_of_that_role() -> None:
    filed = document(*SUBMIT, "--subject", CANARY, "--as", "requester")
    assert filed["id"] == "PR-000001"
    refused = run(*SUBMIT, "--subject", "USR-8847292", "--as", "auditor")
    assert refused.exit_code == 2
    assert "Sandbox auditor may not do this" in refused.stderr
    events = Desk.open(load())
    with events.store.reading() as db:
        actors = [(row["actor"], row["kind"]) for row in db.query("SELECT actor, kind FROM audit_events ORDER BY seq")]
    assert actors[0] == ("sandbox|requester", "request.filed")
    assert actors[-1] == ("sandbox|auditor", "access.denied")


@pytest.mark.usefixtures("sandbox")
def test_the_auditor_s_shell_shows_no_identifier() -> None:
    document(*SUBMIT, "--subject", CANARY, "--description", "canary reason")
    review = (SystemClock().now() + timedelta(days=60)).date().isoformat()
    hold = ("--ground", "art_17_3_e", "--matter", "canary matter", "--owner", "Legal", "--review", review)
    document("hold", "place", "--subject", CANARY, *hold)
    commands = [("show", "PR-000001"), ("list",), ("list", "--state", "queued"), ("hold", "list"), ("notices",)]
    said = [run(*command, *more).stdout for command in commands for more in ((), ("--json",))]
    assert any("canary matter" in text for text in said)  # there is something to be seen
    for command in commands:
        for more in ((), ("--json",)):
            told = run(*command, *more, "--as", "auditor")
            assert told.exit_code == 0, told.stderr
            assert "canary" not in told.stdout.casefold(), command
