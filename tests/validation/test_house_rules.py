"""The house rules of the policy file: immutable categories and scope depth."""

from itertools import combinations
from typing import Any

import pytest

from core.model.findings import Finding
from core.validation import POLICY_VERSION, check_privacy_request, policy

CATEGORIES = ["CONTACT", "CONVERSATION", "SURVEY", "ANALYTICS", "INTERACTION", "IVR", "CHAT", "EMAIL", "SMS"]
ERASABLE = [category for category in CATEGORIES if category != "ANALYTICS"]
VALID: dict[str, Any] = {
    "subjectId": "USR-8847291",
    "type": "ERASURE",
    "categories": ["CONTACT", "EMAIL"],
    "scope": "CONTACT",
}


def check(**changes: Any) -> list[Finding]:
    return check_privacy_request({**VALID, **changes})


def the_one(**changes: Any) -> Finding:
    (finding,) = check(**changes)
    return finding


def test_the_policy_is_versioned_data() -> None:
    assert policy().version == POLICY_VERSION
    assert policy().date.year >= 2026
    assert [c.name for c in policy().immutable_category] == ["ANALYTICS"]
    assert (policy().scope_depth.max_categories, policy().retention.ceiling_days) == (5, 365)


def test_analytics_is_refused_with_the_advice_and_the_list_without_it() -> None:
    finding = the_one(categories=["CONTACT", "ANALYTICS", "SMS"])
    assert (finding.field, finding.rule) == ("categories", "immutable_category")
    assert "legal hold or retention policy" in finding.message
    assert finding.fix == "Remove it, or ask for a legal-hold override"
    assert finding.suggestion == ["CONTACT", "SMS"]


def test_nothing_is_suggested_where_analytics_is_all_there_is() -> None:
    assert the_one(categories=["ANALYTICS"]).suggestion is None


@pytest.mark.parametrize("overrides", [["ANALYTICS"], {"ANALYTICS"}, ("CONTACT", "ANALYTICS")])
def test_analytics_passes_with_an_override(overrides: Any) -> None:
    assert check_privacy_request({**VALID, "categories": ["ANALYTICS"]}, overrides=overrides) == []


def test_an_override_of_something_else_does_not_help() -> None:
    payload = {**VALID, "categories": ["ANALYTICS"]}
    assert [f.rule for f in check_privacy_request(payload, overrides=["CONTACT"])] == ["immutable_category"]


def test_scope_all_passes_with_five_categories_and_not_with_six() -> None:
    assert check(scope="ALL", categories=ERASABLE[:5]) == []
    finding = the_one(scope="ALL", categories=ERASABLE[:6])
    assert (finding.field, finding.rule, finding.fix) == ("scope", "scope_depth", "Split into two requests")
    assert "6 categories" in finding.message
    assert "at most 5" in finding.message


def test_another_scope_takes_every_category() -> None:
    assert check(scope="ACCOUNT", categories=ERASABLE) == []


@pytest.mark.parametrize("overrides", [[], ["ANALYTICS"]])
@pytest.mark.parametrize("size", [6, 7, 8, 9])
def test_a_split_is_two_groups_that_each_pass_and_together_lose_nothing(size: int, overrides: list[str]) -> None:
    for chosen in combinations(CATEGORIES, size):
        payload = {**VALID, "scope": "ALL", "categories": list(chosen)}
        (finding,) = (f for f in check_privacy_request(payload, overrides=overrides) if f.rule == "scope_depth")
        assert len(finding.split) == 2
        for group in finding.split:
            assert check_privacy_request({**payload, "categories": list(group)}, overrides=overrides) == []
        allowed = [c for c in chosen if c != "ANALYTICS" or overrides]
        assert [*finding.split[0], *finding.split[1]] == allowed


def test_both_house_rules_are_told_where_both_are_broken() -> None:
    assert [f.rule for f in check(scope="ALL", categories=CATEGORIES)] == ["immutable_category", "scope_depth"]
