"""The canonical form, the pseudonym and the mask of a subject identifier."""

import hashlib
import hmac
import re

import pytest

from core.model.identifiers import canonical, masked, pseudonym

KEY = b"an invented key of thirty-two by"


def test_the_canonical_form_composes_accents_so_that_both_spellings_are_one_person() -> None:
    assert canonical("Jose\u0301") == "Jos\u00e9"


def test_the_canonical_form_keeps_case_and_white_space() -> None:
    assert canonical(" USR-8847291a ") == " USR-8847291a "
    assert canonical("usr-8847291A") != canonical("USR-8847291a")


def test_the_canonical_form_does_not_fold_lookalikes_into_one_person() -> None:
    cyrillic, full_width = "USR-\u0410", "\uff35SR-A"
    assert len({canonical("USR-A"), canonical(cyrillic), canonical(full_width)}) == 3


def test_a_pseudonym_is_the_first_half_of_a_keyed_hash() -> None:
    digest = hmac.digest(KEY, b"USR-8847291", hashlib.sha256).hex()
    assert pseudonym("USR-8847291", KEY) == f"subj_{digest[:32]}"


def test_a_pseudonym_shows_nothing_of_the_identifier() -> None:
    assert re.fullmatch(r"subj_[0-9a-f]{32}", pseudonym("USR-8847291", KEY))


def test_both_spellings_of_an_accent_have_one_pseudonym() -> None:
    assert pseudonym("Jose\u0301", KEY) == pseudonym("Jos\u00e9", KEY)


def test_another_person_or_another_key_has_another_pseudonym() -> None:
    pseudonyms = {pseudonym("USR-8847291", KEY), pseudonym("USR-8847292", KEY), pseudonym("USR-8847291", KEY[::-1])}
    assert len(pseudonyms) == 3


@pytest.mark.parametrize(
    ("value", "shown"), [("USR-8847291", "US…1"), ("12345678", "12…8"), ("1234567", "…"), ("", "…")]
)
def test_a_mask_keeps_three_characters_of_a_long_identifier_and_none_of_a_short_one(value: str, shown: str) -> None:
    assert masked(value) == shown
