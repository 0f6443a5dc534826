"""`sandbox fill` and `sandbox faults`."""

from pathlib import Path

import pytest

from core.sandbox.faults import read_faults
from tests.cli.shell import document, run


@pytest.mark.usefixtures("folder")
def test_fill_writes_as_many_requests_as_asked() -> None:
    assert document("sandbox", "fill", "--days", "30", "--requests", "40") == {"days": 30, "requests": 40}
    assert len(document("list")) == 40


def test_faults_are_set_shown_and_switched_off(folder: Path) -> None:
    wanted = '{"error_503": {"probability": 0.5}, "act_before_error": true}'
    present = document("sandbox", "faults", "cxone", "--set", wanted)
    assert present["connection"] == "cxone"
    assert present["faults"] == {"error_503": {"probability": 0.5}, "act_before_error": True}
    assert read_faults(folder, "cxone").error_503.probability == 0.5
    assert document("sandbox", "faults", "cxone") == present
    assert "Answer 503" in run("sandbox", "faults", "cxone").stdout
    assert document("sandbox", "faults", "cxone", "--off")["faults"] == {}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("wanted", "named"),
    [("{", "JSON"), ('{"bogus": 1}', "bogus"), ('{"latency": {"next": -1}}', "latency.next"), ("[]", "JSON")],
)
def test_faults_that_are_none_are_named(wanted: str, named: str) -> None:
    result = run("sandbox", "faults", "cxone", "--set", wanted)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert named in result.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [("nobody",), ("cxone", "--set", "{}", "--off")])
def test_faults_want_a_part_of_the_sandbox_and_one_wish(arguments: tuple[str, ...]) -> None:
    assert run("sandbox", "faults", *arguments).exit_code == 2


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("arguments", [("fill",), ("faults", "cxone", "--off")])
def test_a_desk_with_real_vendors_has_no_sample_and_no_faults(arguments: tuple[str, ...]) -> None:
    result = run("sandbox", *arguments)
    assert (result.exit_code, "real vendors" in result.stderr) == (2, True)
