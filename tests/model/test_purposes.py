"""What a purpose may be, and how a retention period is written for a vendor."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.model.purposes import (
    DurationFormat,
    LegalBasis,
    Purpose,
    retention_from_wire,
    retention_to_wire,
)

VALID: dict[str, Any] = {
    "name": "Marketing_Email 2026",
    "description": "Newsletters to people who asked for them",
    "retention_days": 180,
    "legal_basis": "consent",
}


def broken_fields(**changes: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Purpose.model_validate({**VALID, **changes})
    return [str(error["loc"][0]) for error in caught.value.errors(include_input=False)]


def test_a_purpose_is_active_and_needs_no_description_unless_it_says_otherwise() -> None:
    purpose = Purpose.model_validate({k: v for k, v in VALID.items() if k != "description"})
    assert (purpose.is_active, purpose.description) == (True, "")


@pytest.mark.parametrize("name", ["Abcd", "Z___", "A" * 50, "Call recording 30"])
def test_a_name_starts_upper_case_and_has_4_to_50_characters(name: str) -> None:
    assert Purpose.model_validate({**VALID, "name": name}).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Abc",
        "A" * 51,
        "abcd",
        "1bcd",
        " Abcd",
        "Abcd\n",
        "Abcd-e",
        "Äbcd",
        "Abcdé",
        "Ab\0cd",
        "Ab\ud800cd",
        5,
        None,
    ],
)
def test_another_name_is_refused_a_trailing_newline_too(name: Any) -> None:
    assert broken_fields(name=name) == ["name"]


@pytest.mark.parametrize("days", ["30d", "30", "P30D", 1.5, 30.0, True, None, 0, -1, [30], float("nan")])
def test_days_are_a_whole_number_from_1_and_nothing_is_converted(days: Any) -> None:
    assert broken_fields(retention_days=days) == ["retention_days"]


@pytest.mark.parametrize("days", [1, 365, 3650])
def test_the_ceiling_is_a_house_rule_and_not_the_models(days: int) -> None:
    assert Purpose.model_validate({**VALID, "retention_days": days}).retention_days == days


@pytest.mark.parametrize("basis", ["LEGITIMATE_INTERESTS", "Legitimate_Interests", LegalBasis.LEGITIMATE_INTERESTS])
def test_a_legal_basis_comes_in_any_case_and_goes_out_lower_case(basis: str) -> None:
    purpose = Purpose.model_validate({**VALID, "legal_basis": basis})
    assert purpose.model_dump(mode="json")["legal_basis"] == "legitimate_interests"


@pytest.mark.parametrize("basis", ["", "marketing", "consent\n", "recognised_legitimate_interests", 1, None, True])
def test_another_legal_basis_is_refused(basis: Any) -> None:
    assert broken_fields(legal_basis=basis) == ["legal_basis"]


@pytest.mark.parametrize("active", ["true", "yes", 1, None])
def test_active_is_a_boolean_and_nothing_that_looks_like_one(active: Any) -> None:
    assert broken_fields(is_active=active) == ["is_active"]


@pytest.mark.parametrize("description", ["a\0b", "\ud800", None, 5])
def test_a_description_is_text_that_can_be_stored(description: Any) -> None:
    assert broken_fields(description=description) == ["description"]


def test_a_field_that_a_purpose_does_not_have_is_refused() -> None:
    assert broken_fields(retentionPeriod="180d") == ["retentionPeriod"]


def test_the_six_bases_carry_the_letters_of_article_6_and_a_hint() -> None:
    assert [basis.letter for basis in LegalBasis] == list("abcdef")
    assert len({basis.hint for basis in LegalBasis}) == 6


@pytest.mark.parametrize(("form", "text"), [("180d", "30d"), ("P180D", "P30D")])
def test_a_retention_period_is_written_in_the_form_of_the_connection(form: DurationFormat, text: str) -> None:
    assert retention_to_wire(30, form) == text


@settings(max_examples=50)
@given(st.integers(1, 999_999), st.sampled_from(["180d", "P180D"]))
def test_both_forms_are_read_back_to_the_same_days(days: int, form: DurationFormat) -> None:
    assert retention_from_wire(retention_to_wire(days, form)) == days


@pytest.mark.parametrize(
    "text",
    [
        *("", "30", "d", "P30", "30D", "p30d", "P6M", "P1Y", "PT24H", "0d", "-5d", "+5d", "1.5d"),
        *(" 30d", "30d\n", "P30D\n", "3\u0661d", "9999999d", "30dP30D"),
        pytest.param("9" * 10_000 + "d", id="huge"),
    ],
)
def test_any_other_period_on_the_wire_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="written like 180d or P180D"):
        retention_from_wire(text)


@pytest.mark.parametrize("days", [0, -1, 1_000_000])
def test_a_number_of_days_that_could_not_be_read_back_is_not_written(days: int) -> None:
    with pytest.raises(ValueError, match="1 to 999999 days"):
        retention_to_wire(days, "180d")


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="180d or P180D"):
        retention_to_wire(30, "30 days")  # type: ignore[arg-type]  # what a wrong setting would be
