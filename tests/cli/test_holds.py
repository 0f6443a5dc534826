"""`hold` and `submit --under-hold`: legal holds from a shell."""

import pytest

from core.desk import Desk
from tests.cli.shell import document, run

SUBMIT = ("submit", "--connection", "cxone", "--category", "CONTACT", "--scope", "CONTACT", "--subject")
PLACE = (
    "hold", "place", "--subject", "USR-8847291", "--ground", "art_17_3_e", "--matter", "Suit 7/2026",
    "--owner", "Lea Legal", "--review", "2028-01-10",
)  # fmt: skip


@pytest.mark.usefixtures("vendor")
def test_a_hold_is_placed_listed_and_released_and_what_it_held_back_goes_on() -> None:
    request_id = document(*SUBMIT, "USR-8847291")["id"]
    placed = document(*PLACE)
    assert (placed["id"], placed["state"], placed["findings"]) == ("LH-000001", "active", [])
    assert (placed["held_back"], placed["already_sent"]) == ([request_id], [])
    assert document("show", request_id)["state"] == "on_hold"
    assert [h["id"] for h in document("list", "--state", "on_hold")] == [request_id]
    (listed,) = document("hold", "list")
    assert (listed["id"], listed["held_back"], listed["matter"]) == ("LH-000001", [request_id], "Suit 7/2026")
    released = document("hold", "release", "LH-000001", "--reason", "The suit was settled")
    assert (released["state"], released["free"], released["erased"]) == ("released", [request_id], [])
    assert document("hold", "erase", request_id)[0]["done"]
    assert document("show", request_id)["state"] == "queued"
    assert document("hold", "list") == []
    assert [h["id"] for h in document("hold", "list", "--released")] == ["LH-000001"]


@pytest.mark.usefixtures("vendor")
def test_whom_a_hold_is_about_is_not_printed() -> None:
    printed = [run(*PLACE), run("hold"), run("hold", "list", "--json"), run(*SUBMIT, "USR-8847291")]
    assert not any("8847291" in result.output for result in printed)


@pytest.mark.usefixtures("vendor")
def test_a_draft_under_a_hold_is_stopped_held_back_or_overridden() -> None:
    document(*PLACE)
    stopped = document(*SUBMIT, "USR-8847291", exit_code=2)
    assert [(f["field"], f["rule"], f["severity"]) for f in stopped["findings"]] == [
        ("subjectId", "legal_hold", "error")
    ]
    held = document(*SUBMIT, "USR-8847291", "--under-hold", "hold_back")
    assert (held["state"], held["findings"][0]["severity"]) == ("on_hold", "warning")
    document("cancel", held["id"])
    over = document(*SUBMIT, "USR-8847291", "--under-hold", "override", "--reason", "The court has ordered it")
    assert over["state"] == "awaiting_approval"


@pytest.mark.usefixtures("vendor")
def test_a_release_can_go_on_with_what_was_held_back_at_once() -> None:
    request_id = document(*SUBMIT, "USR-8847291")["id"]
    document(*PLACE)
    released = document("hold", "release", "LH-000001", "--reason", "The suit was settled", "--erase")
    assert [(one["id"], one["done"]) for one in released["erased"]] == [(request_id, True)]
    assert document("show", request_id)["state"] == "queued"


@pytest.mark.usefixtures("vendor")
def test_what_is_wrong_is_told_and_nothing_is_placed_or_released() -> None:
    wrong = document(*PLACE[:-1], "2001-01-01", exit_code=2)
    assert [(f["field"], f["rule"]) for f in wrong["findings"]] == [("review_on", "in_past")]
    assert document("hold", "list") == []
    assert document("hold", "release", "LH-000404", "--reason", "The suit was settled", exit_code=2).keys() == {"error"}
    assert run("hold", "place", "--ground", "because").exit_code == 2
    assert document("hold", "erase", "PR-000404", exit_code=1) == [
        {"id": "PR-000404", "done": False, "message": "Nothing of PR-000404 is held back."}
    ]


def test_the_holds_to_be_reviewed_can_be_listed_alone(desk: Desk) -> None:
    del desk
    document(*PLACE)
    assert document("hold", "list", "--due") == []
    assert "There are no such holds." in run("hold", "list", "--due").stdout
    assert document("hold", "review", "LH-000001", "--next", "2029-01-10")["review_on"] == "2029-01-10"
    assert run("hold", "review", "LH-000001", "--next", "2001-01-10").exit_code == 1
