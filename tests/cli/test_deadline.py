"""`deadline`."""

from pathlib import Path

from tests.cli.shell import document, run


def test_every_date_of_a_law_comes_with_its_rule_article_and_arithmetic(folder: Path) -> None:
    found = document("deadline", "--law", "gdpr", "--received", "2026-01-31")
    assert found.keys() == {"deadlines"}
    assert {frozenset(d) for d in found["deadlines"]} == {frozenset({"what", "due", "rule", "article", "explanation"})}
    respond = next(d for d in found["deadlines"] if d["what"] == "respond")
    assert respond["due"] == "2026-03-02"
    assert respond["article"].startswith("Art. 12(3) GDPR")
    assert not folder.exists()


def test_plain_output_explains_each_date() -> None:
    result = run("deadline", "--law", "gdpr", "--received", "2026-01-31")
    assert "2026-03-02  respond" in result.stdout
    assert "One month from Sat 31 Jan 2026" in result.stdout


def test_an_unknown_law_or_region_is_one_clear_line() -> None:
    law = run("deadline", "--law", "hammurabi", "--received", "2026-01-31")
    region = run("deadline", "--law", "gdpr", "--region", "US-CA", "--received", "2026-01-31")
    assert (law.exit_code, region.exit_code) == (2, 2)
    assert "no rules for the law 'hammurabi'" in law.stderr
    assert len(region.stderr.splitlines()) == 1


def test_a_clock_that_stops_and_starts_can_be_reckoned_too() -> None:
    uk = ("deadline", "--law", "uk-gdpr", "--received", "2026-06-01")
    paused = document(*uk, "--pause", "2026-06-08", "2026-06-12")
    assert paused["deadlines"][0]["due"] == "2026-07-06"
    started = document(*uk, "--start", "2026-06-10")
    assert started["deadlines"][0]["due"] == "2026-07-10"
    assert "counts from receipt" in document(*uk[:2], "ccpa", *uk[3:], "--start", "2026-06-10", exit_code=2)["error"]
