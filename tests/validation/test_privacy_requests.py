"""A payload's findings: which field, which rule, in which words, and what would put it right."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.findings import Finding, Severity
from core.validation import check_privacy_request
from core.validation.schemas import schema_of, validator_of

HUGE = pytest.param(10**6000, id="huge number")  # too long to be written in decimal
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


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


# --- what passes ---


def test_a_valid_payload_has_no_findings() -> None:
    assert check() == []
    assert check(callbackUrl="https://desk.example.com/webhooks/cxone", description="Asked by letter") == []


@pytest.mark.parametrize("subject", ["a", "A" * 128, "...", "..a", "-", "_.-0aZ"])
def test_a_subject_id_of_the_allowed_characters_passes(subject: str) -> None:
    assert check(subjectId=subject) == []


@pytest.mark.parametrize("description", ["", "x" * 255, "😀" * 255, "two\r\nlines", "<b>=HYPERLINK(1)</b>", "\u202e"])
def test_a_description_is_data_and_its_length_counts_characters(description: str) -> None:
    assert check(description=description) == []


@pytest.mark.parametrize("kind", ["ERASURE", "ACCESS"])
@pytest.mark.parametrize("scope", ["ACCOUNT", "CONTACT", "CONVERSATION", "ALL"])
def test_both_types_and_every_scope_pass(kind: str, scope: str) -> None:
    assert check(type=kind, scope=scope) == []


def test_categories_may_be_a_tuple() -> None:
    assert check(categories=("CONTACT", "EMAIL")) == []


# --- required fields and types ---


def test_each_missing_field_has_a_finding_in_the_order_of_the_schema() -> None:
    findings = check_privacy_request({})
    assert [(f.field, f.rule) for f in findings] == [
        ("subjectId", "required"),
        ("type", "required"),
        ("categories", "required"),
        ("scope", "required"),
    ]
    assert findings[1].message == "Type is missing."
    assert findings[1].fix == "Choose ERASURE or ACCESS"


@pytest.mark.parametrize("field", list(VALID))
def test_a_required_field_that_is_null_is_missing(field: str) -> None:
    assert (the_one(**{field: None}).field, the_one(**{field: None}).rule) == (field, "required")


@pytest.mark.parametrize("field", ["subjectId", "type", "scope"])
def test_an_empty_field_is_required_and_nothing_else(field: str) -> None:
    assert (the_one(**{field: ""}).field, the_one(**{field: ""}).rule) == (field, "required")


@pytest.mark.parametrize("field", [*VALID, "callbackUrl", "description"])
@pytest.mark.parametrize("value", [5, 1.5, True, {}, {"a": 1}, float("nan"), HUGE, b"x", object()])
def test_a_value_of_the_wrong_type_has_one_finding(field: str, value: Any) -> None:
    assert (the_one(**{field: value}).field, the_one(**{field: value}).rule) == (field, "type")


@pytest.mark.parametrize("payload", [None, 5, "USR-8847291", [], [VALID], True, object()])
def test_what_is_no_object_is_one_finding(payload: Any) -> None:
    (finding,) = check_privacy_request(payload)
    assert (finding.field, finding.rule, finding.severity) == ("", "type", Severity.ERROR)


# --- the subject id ---


@pytest.mark.parametrize(
    ("subject", "holds"),
    [
        ("USR-1\n", "a line break"),
        ("USR 1", "white space"),
        ("someone@example.com", "an @ sign"),
        ("a/b", "a slash"),
        ("a\\b", "a slash"),
        ("%2e%2e%2f", "a percent sign"),
        ("USR\0", "an invisible character"),
        ("USR-\u202e1", "an invisible character"),
        ("USR-\u200b1", "an invisible character"),
        ("USR-\ud800", "an invisible character"),
        ("USR-\u0410", "a letter or digit outside"),  # Cyrillic A
        ("USR-\u0661", "a letter or digit outside"),  # Arabic-Indic one
        ("USR+1", "a punctuation mark"),
        ("a b/c", "white space and a slash"),
    ],
)
def test_a_subject_id_with_other_characters_is_refused_and_told_which_kind(subject: str, holds: str) -> None:
    finding = the_one(subjectId=subject)
    assert (finding.field, finding.rule) == ("subjectId", "pattern")
    assert f"Subject id holds {holds}" in finding.message


@pytest.mark.parametrize("subject", ["USR-1\n", "  USR-1", "\tUSR-1\r\n", "USR-1\u00a0"])
def test_white_space_around_a_subject_id_comes_with_the_clean_value(subject: str) -> None:
    assert the_one(subjectId=subject).suggestion == "USR-1"


@pytest.mark.parametrize("subject", ["US R-1 ", " ", "\n", " . ", " .. ", "a/b "])
def test_nothing_is_suggested_where_stripping_is_not_enough(subject: str) -> None:
    assert the_one(subjectId=subject).suggestion is None


@pytest.mark.parametrize("subject", [".", ".."])
def test_a_subject_id_that_is_a_path_segment_of_dots_is_refused(subject: str) -> None:
    assert the_one(subjectId=subject).rule == "path_segment"


@pytest.mark.parametrize("length", [129, 1_000_000])
def test_a_subject_id_over_128_characters_is_refused(length: int) -> None:
    finding = the_one(subjectId="A" * length)
    assert (finding.rule, finding.suggestion) == ("max_length", None)
    assert str(length) in finding.message


def test_a_subject_id_that_is_too_long_only_by_white_space_has_one_finding() -> None:
    finding = the_one(subjectId="A" * 128 + "\n")
    assert (finding.rule, finding.suggestion) == ("pattern", "A" * 128)


@pytest.mark.parametrize("subject", ["someone@example.com", "Jane Public", "+49 30 23125 000", "A" * 200, "Zoë/Ønsk"])
def test_no_finding_repeats_the_subject_id(subject: str) -> None:
    for finding in check(subjectId=subject):
        assert subject not in json.dumps(finding.to_json(), ensure_ascii=False)


# --- type, scope, categories ---


@pytest.mark.parametrize(
    ("field", "value", "suggestion"),
    [
        ("type", "erasure", "ERASURE"),
        ("type", " Access ", "ACCESS"),
        ("type", "DELETE", None),
        ("scope", "all", "ALL"),
        ("scope", "EVERYTHING", None),
        ("categories", ["contact", "Email "], ["CONTACT", "EMAIL"]),
        ("categories", ["CONTACT", "contact"], ["CONTACT"]),
        ("categories", ["contact", "FAX"], None),
        ("categories", [""], None),
    ],
)
def test_an_unknown_choice_is_named_and_upper_case_suggested_where_that_helps(
    field: str, value: Any, suggestion: Any
) -> None:
    finding = the_one(**{field: value})
    assert (finding.field, finding.rule, finding.suggestion) == (field, "enum", suggestion)


def test_an_unknown_choice_and_what_can_be_chosen_are_both_named() -> None:
    finding = the_one(categories=["CONTACT", "FAX", "TELEX"])
    assert finding.message == "FAX and TELEX are not categories the vendor knows."
    assert all(category in finding.fix for category in CATEGORIES)


def test_a_long_or_treacherous_value_is_shown_short_and_escaped() -> None:
    finding = the_one(type="\u202e\n" + "x" * 10_000)
    assert "\\u202e\\u000axx" in finding.message
    assert len(finding.message) < 120


def test_no_category_at_all_is_refused() -> None:
    assert the_one(categories=[]).rule == "min_items"


def test_a_repeated_category_is_named_and_the_list_without_repeats_suggested() -> None:
    finding = the_one(categories=["EMAIL", "CONTACT", "EMAIL", "EMAIL"])
    assert (finding.rule, finding.message) == ("unique", "EMAIL is listed more than once.")
    assert finding.suggestion == ["EMAIL", "CONTACT"]


def test_ten_categories_hold_a_repeat_which_is_the_one_finding() -> None:
    assert the_one(categories=[*ERASABLE, "CONTACT", "CONTACT"]).rule == "unique"


@pytest.mark.parametrize("item", [5, None, True, [], {}, ["CONTACT"], HUGE])
def test_a_category_that_is_no_text_is_refused(item: Any) -> None:
    assert the_one(categories=["CONTACT", item]).rule == "type"


# --- the description ---


def test_a_description_over_255_characters_is_refused_with_its_beginning_as_suggestion() -> None:
    finding = the_one(description="ab" * 128)
    assert (finding.rule, finding.suggestion) == ("max_length", ("ab" * 128)[:255])


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_description_that_cannot_be_stored_is_refused_with_the_rest_as_suggestion(character: str) -> None:
    finding = the_one(description=f"Asked {character}by letter")
    assert (finding.rule, finding.suggestion) == ("pattern", "Asked by letter")


# --- unknown fields ---


def test_each_unknown_field_is_refused_by_name_after_the_known_ones() -> None:
    findings = check(type="x", zeta=1, alpha=2)
    assert [(f.field, f.rule) for f in findings] == [
        ("type", "enum"),
        ("alpha", "unknown_field"),
        ("zeta", "unknown_field"),
    ]


def test_a_misspelt_field_is_told_what_it_should_be_called() -> None:
    assert the_one(callback_url="x").fix == "Rename it to callbackUrl, or remove it"


@pytest.mark.parametrize(
    "key", ["", "\ud800", "\u202e", pytest.param("x" * 1_000_000, id="long"), 5, None, (1, 2), HUGE]
)
def test_any_key_can_be_refused(key: Any) -> None:
    (finding,) = check_privacy_request({**VALID, key: 1})
    assert finding.rule == "unknown_field"
    finding.message.encode()  # a lone surrogate would not


def test_many_unknown_fields_do_not_bury_the_rest() -> None:
    assert len(check(**{f"x{n}": n for n in range(10_000)})) == 20


# --- the contract ---


def test_a_contract_without_a_schema_is_refused_with_the_ones_that_have_one() -> None:
    with pytest.raises(ValueError, match="cxone-requests"):
        check_privacy_request(VALID, "../cxone-requests")


def test_the_schema_is_the_contracts() -> None:
    schema = schema_of("cxone-requests")
    properties = schema["properties"]
    assert schema["additionalProperties"] is False
    assert properties["categories"]["items"]["enum"] == CATEGORIES
    assert schema["required"] == ["subjectId", "type", "categories", "scope"]
    # The schema alone refuses the newline too, wherever else it is used.
    assert not validator_of("cxone-requests").is_valid({**VALID, "subjectId": "USR-1\n"})


# --- whatever comes in ---

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
choices = st.sampled_from([*CATEGORIES, "ERASURE", "ACCESS", "ALL", "contact", "USR-1\n", "..", "https://a.example/"])
values = scalars | choices | st.lists(scalars | choices) | st.recursive(scalars, st.lists, max_leaves=5)
payloads = st.dictionaries(
    st.sampled_from([*VALID, "callbackUrl", "description"]) | st.text(max_size=3), values, max_size=8
) | st.fixed_dictionaries({**dict.fromkeys(VALID, choices), "categories": st.lists(choices)})


@settings(max_examples=100, deadline=None)
@given(payloads)
def test_no_payload_raises_and_the_same_one_has_the_same_findings(payload: dict[str, Any]) -> None:
    findings = check_privacy_request(payload)
    assert findings == check_privacy_request(dict(reversed(payload.items())))
    assert all(f.rule and f.message and f.fix and f.blocks for f in findings)


@settings(max_examples=100, deadline=None)
@given(payloads)
def test_whatever_the_schema_refuses_has_a_finding_for_that_field(payload: dict[str, Any]) -> None:
    errors = validator_of("cxone-requests").iter_errors(payload)
    fields = {str(error.absolute_path[0]) for error in errors if error.absolute_path}
    assert fields <= {f.field for f in check_privacy_request(payload)}


@settings(max_examples=100, deadline=None)
@given(payloads)
def test_a_suggestion_satisfies_its_rule_and_a_payload_without_findings_the_schema(payload: dict[str, Any]) -> None:
    findings = check_privacy_request(payload)
    for finding in findings:
        if finding.suggestion is not None:
            after = check_privacy_request({**payload, finding.field: finding.suggestion})
            assert (finding.field, finding.rule) not in [(f.field, f.rule) for f in after]
    if not findings:
        assert validator_of("cxone-requests").is_valid(payload)


# Unlike items cannot be sorted, and comparing each with each would take hours.
MANY = [None, *map(str, range(200_000))]


@pytest.mark.parametrize("field", [*VALID, "callbackUrl", "description", "other"])
@pytest.mark.parametrize("value", [nested(100_000), "x" * 1_000_000, MANY], ids=["deep", "long", "many"])
def test_neither_depth_nor_size_hurts(field: str, value: Any) -> None:
    assert {f.field for f in check(**{field: value})} == {field}
