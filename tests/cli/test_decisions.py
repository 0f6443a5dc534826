"""`approve`, `deny`, `extend`, `send-now`, `clock`: what is decided about a request, from a shell."""

import os
import pwd
from pathlib import Path

import pytest

from core.desk import Desk
from core.model.people import Actor, Role
from core.model.privacy_requests import Draft
from tests.cli.shell import document, run

SUBMIT = ("submit", "--connection", "cxone", "--category", "CONTACT", "--scope", "CONTACT", "--subject")
RITA = Actor("test", "rita", "Rita Requester", frozenset({Role.REQUESTER}))


@pytest.fixture
def strict(vendor: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where erasures wait for a second person, then for ten minutes."""
    monkeypatch.setenv("PRIVACY_DESK_APPROVALS", "on")
    monkeypatch.setenv("PRIVACY_DESK_ERASURE_GRACE_MINUTES", "10")
    return Desk.open()


def filed_by_rita(desk: Desk, subject: str = "USR-0000001") -> str:
    draft = Draft(subject=subject, categories=("CONTACT",), scope="CONTACT")
    request = desk.submit(RITA, draft, intent=subject).request
    assert request
    return request.id


def test_what_somebody_else_filed_is_approved_and_then_sent_now(strict: Desk) -> None:
    request_id = filed_by_rita(strict)
    approved = document("approve", request_id)
    assert (approved["id"], approved["state"], approved["findings"]) == (request_id, "queued", [])
    assert [task["state"] for task in approved["tasks"]] == ["queued"]
    assert document("send-now", request_id)["state"] == "queued"
    again = run("send-now", request_id)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "in no grace period" in again.stderr


@pytest.mark.usefixtures("strict")
def test_who_files_from_the_shell_cannot_approve_from_the_shell() -> None:
    request_id = document(*SUBMIT, "USR-1")["id"]
    refused = run("approve", request_id)
    assert refused.exit_code == 1
    assert "somebody else has to decide it" in refused.stderr
    assert document("show", request_id)["state"] == "awaiting_approval"
    assert pwd.getpwuid(os.getuid()).pw_name in run("show", request_id).stdout


def test_a_denial_has_its_ground_and_closes_the_request(strict: Desk) -> None:
    request_id = filed_by_rita(strict)
    denied = document("deny", request_id, "--code", "art_12_6", "--note", "No answer to two letters")
    assert (denied["state"], denied["tasks"][0]["error"]["code"]) == ("refused", "denied")
    assert run("deny", request_id, "--code", "art_12_6").exit_code == 1
    unknown = run("deny", request_id, "--code", "because")
    assert unknown.exit_code == 2
    assert "art_17_3_a" in unknown.stderr


def test_an_extension_moves_the_date_and_is_taken_once(strict: Desk) -> None:
    request_id = filed_by_rita(strict)
    before = document("show", request_id)
    extended = document("extend", request_id, "--reason", "Forty systems have to be searched")
    dates = {d["what"]: d for d in before["deadlines"]}
    assert (before["due"], extended["due"]) == (dates["respond"]["due"], dates["extended"]["due"])
    assert "One month from" in dates["respond"]["explanation"]
    assert "3 months from" in run("show", request_id).stdout
    assert run("extend", request_id, "--reason", "Forty systems have to be searched").exit_code == 1


@pytest.mark.usefixtures("vendor")
def test_the_clock_of_a_uk_access_request_stops_and_runs_again() -> None:
    request_id = document(*SUBMIT, "USR-1", "--type", "ACCESS", "--law", "uk-gdpr")["id"]
    assert run("clock", "resume", request_id).exit_code == 1
    document("clock", "pause", request_id, "--reason", "Which of the systems is meant?")
    resumed = document("clock", "resume", request_id)
    assert resumed["due"] in {d["due"] for d in resumed["deadlines"]}
    started = document(
        "clock", "identity", request_id, "--on", resumed["due"], "--reason", "Passport seen", exit_code=1
    )
    assert "give a day from" in started["error"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "command",
    [
        ("approve", "PR-000404"),
        ("deny", "PR-000404", "--code", "art_12_6"),
        ("extend", "PR-000404", "--reason", "Forty systems have to be searched"),
        ("send-now", "PR-000404"),
        ("clock", "resume", "PR-000404"),
    ],
)
def test_an_unknown_request_is_wrong_input(command: tuple[str, ...]) -> None:
    assert document(*command, exit_code=2) == {"error": "There is no request PR-000404."}


@pytest.mark.usefixtures("folder")
def test_in_the_sandbox_one_person_after_the_other_can_be_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_DESK_APPROVALS", "on")
    request_id = document(*SUBMIT, "USR-1", "--as", "Rita")["id"]
    assert run("approve", request_id, "--as", "Rita").exit_code == 1
    assert document("approve", request_id, "--as", "Ana")["state"] == "queued"
