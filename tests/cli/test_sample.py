"""`sandbox fill` and `sandbox faults`."""

import re
from pathlib import Path
from typing import Any

import pytest

from core.sandbox.faults import read_faults
from core.store.samples import fills, writing
from tests.cli.shell import document, run


@pytest.mark.usefixtures("folder")
def test_fill_writes_as_many_requests_as_asked() -> None:
    assert document("sandbox", "fill", "--days", "30", "--requests", "40") == {"days": 30, "requests": 40}
    assert len(document("list")) == 40


@pytest.mark.usefixtures("folder")
def test_an_interrupted_fill_says_how_far_it_came_and_the_same_command_finishes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "BATCH_STEPS", 150)
    advance, batches = fills.advance, iter(range(100))

    def interrupted(*given: Any, **more: Any) -> None:
        if next(batches) == 3:
            raise KeyboardInterrupt  # inside a batch: that one is not on disk
        advance(*given, **more)

    monkeypatch.setattr(fills, "advance", interrupted)
    stopped = run("sandbox", "fill", "--days", "30", "--requests", "120")
    assert stopped.exit_code == 1
    assert re.search(r"Interrupted after \d+ of 120 requests.*run the same command again", stopped.stderr)
    there = len(document("list", "--limit", "500"))
    assert 0 < there < 120

    resumed = run("sandbox", "fill", "--days", "30", "--requests", "120")
    assert resumed.exit_code == 0
    assert f"An earlier fill stopped after {there} of 120 requests" in resumed.stderr
    assert len(document("list", "--limit", "500")) == 120
    assert document("audit", "verify")["ok"]


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
