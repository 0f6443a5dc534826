"""`connections`."""

import pytest

from tests.cli.conftest import connect
from tests.cli.shell import document, run


@pytest.mark.usefixtures("vendor")
def test_a_connection_is_listed_with_what_is_there_of_its_credentials_and_none_of_them() -> None:
    (connection,) = document("connections")["connections"]
    assert connection.keys() == {
        "name", "contract", "base_url", "has_client_id", "has_client_secret", "has_webhook_secret", "paused",
        "paused_by", "pause_reason", "breaker", "limit_per_minute", "waiting", "last_success_at", "last_failure_at",
        "last_error",
    }  # fmt: skip
    assert (connection["has_client_secret"], connection["has_webhook_secret"]) == (True, False)
    output = run("connections", "list").output + run("connections", "--json").output
    assert "NICE CXone" in output
    assert "a-client-secret" not in output


@pytest.mark.usefixtures("vendor")
def test_a_pause_has_a_reason_and_lasts_until_it_is_resumed() -> None:
    paused = document("connections", "pause", "cxone", "--reason", "maintenance at the vendor")
    assert (paused["paused"], paused["pause_reason"]) == (True, "maintenance at the vendor")
    assert "paused" in run("connections").stdout
    assert document("connections", "resume", "cxone")["paused"] is False


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("arguments", [("pause", "cxone"), ("pause", "cxone", "--reason", "  ")])
def test_a_pause_without_a_reason_is_refused(arguments: tuple[str, ...]) -> None:
    result = run("connections", *arguments)
    assert (result.exit_code, "--reason" in result.stderr) == (2, True)


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("arguments", [("test",), ("resume",), ("pause", "--reason", "x")])
def test_an_unknown_connection_is_one_clear_line(arguments: tuple[str, ...]) -> None:
    result = run("connections", *arguments, "nobody")
    assert (result.exit_code, result.stderr) == (2, "Error: There is no connection named 'nobody'.\n")


@pytest.mark.usefixtures("connected")
def test_a_token_that_the_vendor_gives_is_a_passed_test_and_is_not_shown() -> None:
    found = document("connections", "test", "cxone")
    assert found.keys() == {"connection", "ok", "code", "message", "advice", "elapsed_ms", "valid_until"}
    assert (found["ok"], found["code"]) == (True, "ok")


@pytest.mark.usefixtures("connected")
def test_credentials_that_the_vendor_refuses_are_exit_code_1_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_SECRET", "a-wrong-secret")
    result = run("connections", "test", "cxone")
    assert result.exit_code == 1
    assert "CLIENT_SECRET" in result.stdout
    assert "a-wrong-secret" not in result.output


@pytest.mark.usefixtures("folder")
def test_a_vendor_that_nobody_can_reach_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "http://127.0.0.1:9", "desk-client", "a-client-secret")
    assert document("connections", "test", "cxone", exit_code=1)["code"] == "token_unavailable"
