"""`pause` and `resume`, of one connection and of everything."""

import pytest

from tests.cli.shell import document, run


@pytest.mark.usefixtures("vendor")
def test_everything_is_stopped_with_a_reason_and_goes_on_with_a_confirmation() -> None:
    stopped = document("pause", "--all", "--reason", "wrong list uploaded")
    assert stopped.keys() == {"stopped", "stopped_by", "stopped_at", "reason"}
    assert (stopped["stopped"], stopped["reason"]) == (True, "wrong list uploaded")
    refused = run("resume", "--all")
    assert (refused.exit_code, "--confirm resume" in refused.stderr) == (2, True)
    assert run("resume", "--all", "--confirm", "").exit_code == 2
    assert document("resume", "--all", "--confirm", "resume")["stopped"] is False
    again = run("resume", "--all", "--confirm", "resume")
    assert (again.exit_code, "Nothing is stopped" in again.stderr) == (2, True)


@pytest.mark.usefixtures("vendor")
def test_one_connection_is_paused_and_resumed_by_its_name() -> None:
    assert document("pause", "cxone", "--reason", "maintenance")["paused"] is True
    assert document("resume", "cxone")["paused"] is False


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("arguments", [("--reason", "x"), ("cxone", "--all", "--reason", "x")])
def test_either_one_name_or_all(arguments: tuple[str, ...]) -> None:
    result = run("pause", *arguments)
    assert (result.exit_code, "Name one connection, or say --all." in result.stderr) == (2, True)


@pytest.mark.usefixtures("vendor")
def test_stopping_everything_wants_a_reason() -> None:
    assert run("pause", "--all").exit_code == 2
    result = run("pause", "--all", "--reason", " ")
    assert (result.exit_code, "Say why" in result.stderr) == (2, True)
