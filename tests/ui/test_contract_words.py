"""The words for the contract's vocabulary keep up with the contract."""

from core.ui.contract_words import CATEGORIES, SCOPES, TYPE_HINTS, category_hint, category_words, scope_hint
from core.validation.schemas import schema_of

PROPERTIES = schema_of("cxone-requests")["properties"]


def test_every_type_category_and_scope_of_the_contract_has_words() -> None:
    assert list(TYPE_HINTS) == PROPERTIES["type"]["enum"]
    assert list(CATEGORIES) == PROPERTIES["categories"]["items"]["enum"]
    assert list(SCOPES) == PROPERTIES["scope"]["enum"]


def test_the_house_rules_are_told_before_they_are_broken() -> None:
    assert "cannot be erased without a legal-hold override" in category_hint("ANALYTICS")
    assert scope_hint("ALL").endswith("at most 5 categories a request")


def test_a_category_of_a_later_contract_keeps_its_own_name() -> None:
    assert category_words(("EMAIL", "FAX")) == "E-mail, FAX"
