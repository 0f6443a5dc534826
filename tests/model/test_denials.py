"""The grounds of a denial: the agreed codes, each with its class and its words."""

from core.model.denials import DenialClass, DenialCode
from core.model.exemptions import ARTICLE_17_3
from core.model.privacy_requests import RequestType


def test_the_codes_are_the_articles_and_those_of_the_data_rights_protocol() -> None:
    articles = {f"art_17_3_{letter}" for letter in "abcde"} | {"art_12_5", "art_12_6"}
    protocol = {
        "suspected_fraud", "insuf_verification", "no_match", "claim_not_covered", "outside_jurisdiction",
        "too_many_requests", "other",
    }  # fmt: skip
    assert {code.value for code in DenialCode} == articles | protocol


def test_every_code_has_a_class_of_section_7102_and_words() -> None:
    classes = {code: code.class_7102 for code in DenialCode}
    assert {code for code, found in classes.items() if found is DenialClass.UNVERIFIABLE} == {
        "art_12_6", "suspected_fraud", "insuf_verification", "no_match",
    }  # fmt: skip
    assert {code for code, found in classes.items() if found is DenialClass.NOT_BY_A_CONSUMER} == {
        "outside_jurisdiction"
    }
    assert {code for code, found in classes.items() if found is DenialClass.OTHER} == {
        "art_12_5", "too_many_requests", "other",
    }  # fmt: skip
    assert len({code.words for code in DenialCode}) == len(DenialCode)
    assert DenialCode.ARTICLE_17_3_E.words == f"Art. 17(3)(e): {ARTICLE_17_3['e']}"


def test_the_exemptions_of_art_17_3_are_from_erasure_only() -> None:
    only = {code for code in DenialCode if not code.applies_to(RequestType.ACCESS)}
    assert only == {f"art_17_3_{letter}" for letter in "abcde"}
    assert all(code.applies_to(RequestType.ERASURE) for code in DenialCode)
