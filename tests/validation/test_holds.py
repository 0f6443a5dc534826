"""What is wrong with a hold as it is typed, field by field."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.clock import from_text
from core.model.holds import Hold, HoldDraft, HoldGround
from core.validation.holds import check_hold

TODAY = date(2026, 11, 21)
GOOD = HoldDraft("USR-8847291", ("EMAIL",), "art_17_3_e", "Suit 7/2026", "Lea Legal", date(2027, 1, 10))


def test_a_hold_on_a_person_a_category_or_both_is_right() -> None:
    for draft in (GOOD, replace(GOOD, subject=""), replace(GOOD, categories=())):
        assert check_hold(draft, TODAY) == []


def test_a_category_that_nobody_may_erase_can_be_held_too() -> None:
    assert check_hold(replace(GOOD, categories=("ANALYTICS",)), TODAY) == []


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"subject": "", "categories": ()}, "subject", "required"),
        ({"subject": "USR-1\n"}, "subject", "pattern"),
        ({"subject": "x" * 129}, "subject", "max_length"),
        ({"categories": ("EVERYTHING",)}, "categories", "enum"),
        ({"ground": ""}, "ground", "required"),
        ({"ground": "art_17_3_f"}, "ground", "enum"),
        ({"matter": "  "}, "matter", "required"),
        ({"matter": "x" * 201}, "matter", "max_length"),
        ({"matter": "Suit\x00 7"}, "matter", "pattern"),
        ({"owner": ""}, "owner", "required"),
        ({"review_on": None}, "review_on", "required"),
        ({"review_on": TODAY}, "review_on", "in_past"),
        ({"review_on": date(2031, 11, 22)}, "review_on", "too_far"),
        ({"review_on": date.max}, "review_on", "too_far"),
    ],
)
def test_each_field_has_its_findings(change: dict[str, Any], field: str, rule: str) -> None:
    found = check_hold(replace(GOOD, **change), TODAY)
    assert [(f.field, f.rule) for f in found] == [(field, rule)]
    assert found[0].fix


def held(pseudonym: str | None, *categories: str, released: bool = False) -> Hold:
    at = from_text("2026-11-21T09:00:00.000000Z")
    return Hold(
        "LH-000001", pseudonym, categories, HoldGround.OTHER, "Suit", "Lea", TODAY, "Rita", at,
        "Ana" if released else None, at if released else None, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hold", "covers"),
    [
        (held("subj_1"), True),
        (held("subj_2"), False),
        (held(None, "EMAIL"), True),
        (held(None, "SMS"), False),
        (held("subj_1", "EMAIL", "SMS"), True),
        (held("subj_1", "SMS"), False),
        (held("subj_1", released=True), False),
    ],
)
def test_a_hold_covers_its_person_and_its_categories_while_it_lasts(hold: Hold, covers: bool) -> None:
    assert hold.covers({"subj_1", "subj_9"}, {"EMAIL", "CONTACT"}) is covers
