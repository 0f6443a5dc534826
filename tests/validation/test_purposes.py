"""A declared purpose's findings."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.findings import Finding
from core.model.purposes import LegalBasis, Purpose
from core.validation import check_purpose, policy

VALID: dict[str, Any] = {
    "name": "Marketing_Email",
    "description": "Newsletters to people who asked for them",
    "retention_days": 180,
    "legal_basis": "consent",
    "is_active": True,
}


def the_one(**changes: Any) -> Finding:
    (finding,) = check_purpose({**VALID, **changes})
    return finding


def test_a_valid_purpose_has_no_findings_with_or_without_what_may_be_left_out() -> None:
    assert check_purpose(VALID) == []
    assert check_purpose({k: VALID[k] for k in ("name", "retention_days", "legal_basis")}) == []


def test_each_missing_field_has_a_finding_in_the_order_of_the_fields() -> None:
    assert [(f.field, f.rule) for f in check_purpose({})] == [
        ("name", "required"),
        ("retention_days", "required"),
        ("legal_basis", "required"),
    ]


@pytest.mark.parametrize(
    ("days", "suggestion"),
    [
        *(("30d", 30), ("P30D", 30), ("30", 30), (" 30 ", 30), (30.0, 30)),
        *((1.5, None), (True, None), (None, None), ("400d", None), ("a month", None), ([], None)),
        *((float("nan"), None), (1e300, None), ("²", None)),
        pytest.param("9" * 9999, None, id="huge"),
    ],
)
def test_days_that_are_no_whole_number_are_refused_with_what_they_plainly_mean(days: Any, suggestion: Any) -> None:
    finding = the_one(retention_days=days)
    assert (finding.field, finding.rule, finding.suggestion) == ("retention_days", "type", suggestion)


def test_the_ceiling_of_the_policy_holds() -> None:
    ceiling = policy().retention.ceiling_days
    assert check_purpose({**VALID, "retention_days": ceiling}) == []
    finding = the_one(retention_days=ceiling + 1)
    assert (finding.rule, finding.suggestion) == ("retention_ceiling", ceiling)
    assert "365 days" in finding.message
    assert the_one(retention_days=10**6000).rule == "retention_ceiling"


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(days: int) -> None:
    assert the_one(retention_days=days).rule == "minimum"


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Marketing\n", "Marketing"),
        ("marketing email", "Marketing email"),
        ("  Marketing   email ", "Marketing email"),
        ("Marketing-Email", None),
        ("Abc", None),
        ("A" * 51, None),
        ("\ud800", None),
    ],
)
def test_a_wrong_name_is_refused_with_the_right_one_where_it_is_plain(name: str, suggestion: Any) -> None:
    finding = the_one(name=name)
    assert (finding.field, finding.rule, finding.suggestion) == ("name", "pattern", suggestion)


@pytest.mark.parametrize(
    ("basis", "suggestion"),
    [
        ("Legitimate Interests", "legitimate_interests"),
        ("legal-obligation", "legal_obligation"),
        ("consent\n", "consent"),
        ("because", None),
    ],
)
def test_a_wrong_legal_basis_is_refused_with_the_right_one_where_it_is_plain(basis: str, suggestion: Any) -> None:
    finding = the_one(legal_basis=basis)
    assert (finding.field, finding.rule, finding.suggestion) == ("legal_basis", "enum", suggestion)
    assert all(known in finding.fix for known in LegalBasis)


@pytest.mark.parametrize("field", list(VALID))
@pytest.mark.parametrize("value", [{}, [1], 1.5, object()])
def test_a_value_of_the_wrong_type_has_one_finding(field: str, value: Any) -> None:
    assert (the_one(**{field: value}).field, the_one(**{field: value}).rule) == (field, "type")


def test_a_text_for_active_is_refused() -> None:
    assert (the_one(is_active="true").field, the_one(is_active="true").rule) == ("is_active", "type")


@pytest.mark.parametrize("field", ["name", "legal_basis"])
def test_an_empty_text_is_missing(field: str) -> None:
    assert the_one(**{field: ""}).rule == "required"


def test_a_description_that_cannot_be_stored_is_refused() -> None:
    assert (the_one(description="a\0b").field, the_one(description="a\0b").rule) == ("description", "pattern")


def test_an_unknown_field_is_told_what_it_should_be_called() -> None:
    finding = the_one(retentionDays=30)
    assert (finding.field, finding.rule) == ("retentionDays", "unknown_field")
    assert finding.fix == "Rename it to retention_days, or remove it"


@pytest.mark.parametrize("payload", [None, 5, "Marketing", [], object()])
def test_what_is_no_object_is_one_finding(payload: Any) -> None:
    (finding,) = check_purpose(payload)
    assert (finding.field, finding.rule) == ("", "type")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
values = scalars | st.sampled_from(["30d", " consent", "marketing", 366, 0]) | st.lists(scalars, max_size=2)
payloads = st.dictionaries(st.sampled_from(list(VALID)) | st.text(max_size=3), values, max_size=7).map(
    lambda changes: {**VALID, **changes}
)


@settings(max_examples=100, deadline=None)
@given(payloads)
def test_no_purpose_raises_and_only_one_without_findings_passes_the_model(payload: dict[str, Any]) -> None:
    findings = check_purpose(payload)
    assert all(f.rule and f.message and f.fix and f.blocks for f in findings)
    if not findings:
        assert Purpose.model_validate(payload).retention_days <= policy().retention.ceiling_days
    for finding in findings:
        if finding.suggestion is not None:
            after = check_purpose({**payload, finding.field: finding.suggestion})
            assert finding.field not in [f.field for f in after]
