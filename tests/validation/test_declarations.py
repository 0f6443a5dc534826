"""A declaration checked whole: the purpose's own rules, and those of the record of processing."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.findings import Finding
from core.model.purposes import Declaration
from core.validation.declarations import DECLARATION_FIELDS, check_declaration

VALID: dict[str, Any] = {
    "name": "Support_Analytics",
    "description": "How support is doing",
    "retention_days": 180,
    "legal_basis": "legitimate_interests",
    "is_active": True,
    "owner": "Quality team",
    "data_subjects": ["Customers", "Agents"],
    "data_categories": ["Voice recordings"],
    "recipients": ["Contact-centre vendor"],
    "transfers": "",
    "security_measures": "Encrypted at rest",
}


def the_one(**changes: Any) -> Finding:
    (finding,) = check_declaration({**VALID, **changes})
    return finding


def test_a_valid_declaration_has_no_findings_and_is_one_for_the_model() -> None:
    assert check_declaration(VALID) == []
    assert Declaration.model_validate(VALID).data_subjects == ("Customers", "Agents")
    assert check_declaration({k: VALID[k] for k in ("name", "retention_days", "legal_basis")}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Support_Analytics\n"),
        ("name", "S" * 51),
        ("name", "support_Analytics"),
        ("retention_days", 0),
        ("retention_days", 366),
        ("retention_days", -1),
        ("retention_days", 1.5),
        ("retention_days", "30d"),
        ("legal_basis", "marketing"),
    ],
)
def test_the_rules_of_a_purpose_refuse_with_the_field_named(field: str, value: Any) -> None:
    finding = the_one(**{field: value})
    assert (finding.field, finding.blocks) == (field, True)


@pytest.mark.parametrize("basis", ["CONSENT", "Consent", "cOnSeNt"])
def test_any_case_of_a_basis_is_accepted(basis: str) -> None:
    assert check_declaration({**VALID, "legal_basis": basis}) == []


@pytest.mark.parametrize("field", ["owner", "transfers", "security_measures"])
@pytest.mark.parametrize("value", [None, 5, ["Legal"], True])
def test_text_of_the_record_is_text(field: str, value: Any) -> None:
    assert (the_one(**{field: value}).field, the_one(**{field: value}).rule) == (field, "type")


@pytest.mark.parametrize("field", ["data_subjects", "data_categories", "recipients"])
@pytest.mark.parametrize("value", [None, 5, "Customers", ["Customers", 5], {"a": 1}])
def test_lists_of_the_record_are_lists_of_text(field: str, value: Any) -> None:
    assert (the_one(**{field: value}).field, the_one(**{field: value}).rule) == (field, "type")


def test_a_text_where_a_list_is_wanted_is_offered_as_one() -> None:
    assert the_one(recipients="Vendor; Bank").suggestion == ["Vendor", "Bank"]


def test_an_empty_entry_is_refused_and_the_rest_offered() -> None:
    finding = the_one(recipients=["Vendor", " "])
    assert (finding.rule, finding.suggestion) == ("empty", ["Vendor"])


def test_what_is_too_long_too_many_or_cannot_be_stored_is_refused() -> None:
    assert the_one(owner="x" * 2001).rule == "max_length"
    assert the_one(recipients=["x"] * 51).rule == "max_items"
    assert the_one(recipients=["a\0b"]).rule == "pattern"
    assert the_one(owner="\ud800").rule == "pattern"


def test_an_unknown_field_is_told_what_it_should_be_called() -> None:
    finding = the_one(recipient=["Vendor"])
    assert (finding.field, finding.rule, finding.fix) == (
        "recipient",
        "unknown_field",
        "Rename it to recipients, or remove it",
    )


@pytest.mark.parametrize("payload", [None, 5, "Marketing", []])
def test_what_is_no_object_is_one_finding(payload: Any) -> None:
    (finding,) = check_declaration(payload)
    assert finding.rule == "type"


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
payloads = st.dictionaries(
    st.sampled_from(DECLARATION_FIELDS) | st.text(max_size=3), scalars | st.lists(scalars, max_size=2), max_size=6
).map(lambda changes: {**VALID, **changes})


@settings(max_examples=150, deadline=None)
@given(payloads)
def test_nothing_raises_and_only_what_has_no_findings_passes_the_model(payload: dict[str, Any]) -> None:
    findings = check_declaration(payload)
    if not findings:
        Declaration.model_validate(payload)
    assert all(finding.rule and finding.message for finding in findings)
