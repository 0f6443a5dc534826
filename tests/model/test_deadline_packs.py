"""The rule packs: every law in them, and what each date says about itself."""

from datetime import date
from typing import Any

import pytest

from core.model.deadlines import deadlines_for, laws, pack_version
from core.model.deadlines.packs import PACKS, read


def due(law: str, received: str, what: str = "respond") -> str:
    dates = {d.what: d.due for d in deadlines_for(law, date.fromisoformat(received))}
    return dates[what].isoformat()


def explained(law: str, received: str, what: str = "respond", **options: Any) -> str:
    texts = {d.what: d.explanation for d in deadlines_for(law, date.fromisoformat(received), **options)}
    return texts[what]


# --- the other laws ---


@pytest.mark.parametrize(
    "state", ["va", "co", "ct", "ut", "tx", "or", "mt", "ne", "de", "nh", "nj", "tn", "mn", "md", "in", "ky", "ri"]
)
def test_us_states_have_45_days_and_45_more(state: str) -> None:
    assert due(f"us-{state}", "2026-11-20") == "2027-01-04"
    assert due(f"us-{state}", "2026-11-20", "extended") == "2027-02-18"


def test_iowa_has_90_days_and_florida_a_shorter_extension() -> None:
    assert due("us-ia", "2026-11-20") == "2027-02-18"
    assert due("us-ia", "2026-11-20", "extended") == "2027-04-04"
    assert due("us-fl", "2026-11-20", "extended") == "2027-01-19"


def test_numbers_from_secondary_sources_are_marked_for_verification() -> None:
    marked = {law.id for law in laws() if law.verify}
    assert marked == {law.id for law in read("world").laws} | {"us-fl"}


def test_brazil_has_15_days_and_indonesia_3() -> None:
    assert due("br-lgpd", "2026-11-20") == "2026-12-05"
    assert due("id-pdp", "2026-11-20") == "2026-11-23"


# --- what a date says about itself ---


def test_an_explanation_is_the_arithmetic_in_words() -> None:
    assert explained("gdpr", "2026-01-31", region="DE") == (
        "One month from Sat 31 Jan 2026 is Sat 28 Feb 2026; that is a Saturday, so the period ends on Mon 2 Mar 2026."
    )


def test_an_explanation_names_the_holidays_that_moved_the_date() -> None:
    assert explained("gdpr", "2026-03-03", region="DE") == (
        "One month from Tue 3 Mar 2026 is Fri 3 Apr 2026; that is Good Friday, followed by a Saturday, a Sunday and "
        "Easter Monday, so the period ends on Tue 7 Apr 2026."
    )


def test_an_explanation_names_the_holidays_that_are_no_business_days() -> None:
    assert explained("ccpa", "2026-11-20", "acknowledge", region="US").startswith(
        "10 business days from Fri 20 Nov 2026 is Mon 7 Dec 2026; Saturdays, Sundays and Thanksgiving Day "
        "(Thu 26 Nov 2026) are not counted."
    )


def test_an_explanation_says_which_holidays_stand_in_for_those_of_an_unknown_region() -> None:
    assert "TARGET" in explained("gdpr", "2026-01-31")
    assert "TARGET" not in explained("gdpr", "2026-01-31", region="DE")


def test_a_calendar_day_period_says_that_it_is_not_moved() -> None:
    assert "not moved to a working day" in explained("ccpa", "2026-11-20")


@pytest.mark.parametrize("law", [law.id for law in laws()])
def test_every_date_carries_its_rule_with_the_pack_version_and_its_article(law: str) -> None:
    for deadline in deadlines_for(law, date(2026, 1, 31)):
        assert deadline.rule == f"{law}.{deadline.what}@{pack_version(law)}"
        assert deadline.article
        assert "Sat 31 Jan 2026" in deadline.explanation
        assert f"{deadline.due.day} {deadline.due:%b} {deadline.due.year}" in deadline.explanation


def test_the_dates_come_in_the_order_in_which_they_are_met() -> None:
    assert [d.what for d in deadlines_for("ccpa", date(2026, 11, 20))] == [
        "acknowledge",
        "respond",
        "extension_notice",
        "extended",
        "opt_out",
    ]


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_has_a_version_a_date_and_a_source(name: str) -> None:
    pack = read(name)
    assert pack.version
    assert pack.date >= date(2026, 1, 1)
    assert pack.source
    assert all(law.pack == f"{name}/{pack.version}" for law in pack.laws)


def test_no_law_is_in_two_packs() -> None:
    assert len(laws()) == sum(len(read(name).laws) for name in PACKS)


def test_a_select_box_gets_plain_names_with_the_gdpr_first() -> None:
    assert [(law.id, law.name) for law in laws()][:3] == [
        ("gdpr", "EU GDPR"),
        ("uk-gdpr", "UK GDPR"),
        ("ccpa", "California CCPA/CPRA"),
    ]
    assert len({law.name for law in laws()}) == len(laws())
