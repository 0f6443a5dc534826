"""Declared against live: how a purpose stands, and which fields differ."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.purposes import (
    RECORD_FIELDS,
    VALUE_FIELDS,
    Declaration,
    Difference,
    LivePurpose,
    PurposeStatus,
    compare,
    compare_all,
    differences,
    shortens,
    values_of,
    wanted_values,
)

VALUES: dict[str, Any] = {
    "description": "Kept for reviews",
    "retention_days": 90,
    "legal_basis": "contract",
    "is_active": True,
}


def declared(name: str = "Call recording", **changes: Any) -> Declaration:
    return Declaration.model_validate({"name": name, **VALUES, **changes})


def live(name: str = "Call recording", id_: str = "p-1", **changes: Any) -> LivePurpose:
    fields = {"retention": "90d", **VALUES, **changes}
    return LivePurpose(id=id_, name=name, **fields)


def test_the_same_values_are_in_force() -> None:
    found = compare(declared(), [live()])
    assert (found.status, found.differences) == (PurposeStatus.IN_FORCE, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [("description", "Other"), ("retention_days", 91), ("legal_basis", "consent"), ("is_active", False)],
)
def test_each_field_that_differs_is_drift_with_both_values(field: str, value: Any) -> None:
    found = compare(declared(), [live(**{field: value})])
    assert found.status is PurposeStatus.DRIFTED
    assert found.differences == (Difference(field, VALUES[field], value),)


def test_a_declaration_without_a_description_leaves_the_vendors_own() -> None:
    assert compare(declared(description=""), [live()]).status is PurposeStatus.IN_FORCE
    assert wanted_values(declared(description="", retention_days=30), VALUES) == {**VALUES, "retention_days": 30}
    assert wanted_values(declared(), {**VALUES, "description": "Other"}) == VALUES


def test_fields_that_differ_come_in_the_order_they_are_shown_in() -> None:
    found = compare(declared(), [live(is_active=False, description="Other", retention_days=1)])
    assert [difference.field for difference in found.differences] == ["description", "retention_days", "is_active"]


def test_what_only_the_record_of_processing_holds_is_not_compared() -> None:
    assert set(VALUE_FIELDS).isdisjoint(RECORD_FIELDS)
    assert compare(declared(owner="Legal", recipients=["Vendor"]), [live()]).status is PurposeStatus.IN_FORCE


@pytest.mark.parametrize("basis", ["CONTRACT", "Contract"])
def test_a_basis_declared_in_another_case_is_the_same_basis(basis: str) -> None:
    assert compare(declared(legal_basis=basis), [live()]).status is PurposeStatus.IN_FORCE


def test_a_period_that_cannot_be_read_is_drift_and_shown_as_the_vendor_wrote_it() -> None:
    found = compare(declared(), [live(retention="P3M", retention_days=None)])
    assert found.differences == (Difference("retention_days", 90, "P3M"),)


def test_true_is_not_one_and_a_number_in_a_text_is_no_number() -> None:
    assert differences(VALUES, {**VALUES, "is_active": 1})
    assert differences(VALUES, {**VALUES, "retention_days": "90"})


def test_a_name_on_one_side_alone_is_missing_or_undeclared_and_one_there_twice_is_ambiguous() -> None:
    assert compare(declared(), []).status is PurposeStatus.MISSING
    assert compare(None, [live()]).status is PurposeStatus.UNDECLARED
    twice = compare(declared(), [live(), live(id_="p-2", retention_days=1)])
    assert (twice.status, twice.live) == (PurposeStatus.AMBIGUOUS, None)
    with pytest.raises(ValueError, match="nothing to compare"):
        compare(None, [])


def test_names_are_compared_letter_by_letter() -> None:
    found = compare_all([declared("Call recording")], [live("Call Recording")])
    assert [(c.name, c.status.value) for c in found] == [
        ("Call Recording", "undeclared"),
        ("Call recording", "missing"),
    ]


@pytest.mark.parametrize(
    ("wanted", "now", "expected"),
    [(30, 90, True), (90, 90, False), (120, 90, False), (30, "P3M", True), (1, 1, False)],
)
def test_fewer_days_than_live_shorten_and_so_may_a_period_that_cannot_be_read(
    wanted: int, now: int | str, expected: bool
) -> None:
    assert shortens({**VALUES, "retention_days": wanted}, {**VALUES, "retention_days": now}) is expected


names = st.sampled_from([f"Purpose {letter}" for letter in "abcdefgh"])


@settings(max_examples=100)
@given(st.dictionaries(names, st.integers(1, 5)), st.lists(st.tuples(names, st.integers(1, 5)), max_size=12))
def test_every_name_on_either_side_is_there_once_and_stands_as_a_plain_recount_says(
    wanted: dict[str, int], there: list[tuple[str, int]]
) -> None:
    found = compare_all(
        [declared(name, retention_days=days) for name, days in wanted.items()],
        [live(name, f"p-{n}", retention_days=days) for n, (name, days) in enumerate(there)],
    )
    assert [c.name for c in found] == sorted(wanted.keys() | {name for name, _ in there})
    for one in found:
        days = [d for name, d in there if name == one.name]
        if len(days) > 1:
            expected = "ambiguous"
        elif not days:
            expected = "missing"
        elif one.name not in wanted:
            expected = "undeclared"
        else:
            expected = "in_force" if days == [wanted[one.name]] else "drifted"
        assert one.status.value == expected


def test_five_thousand_purposes_are_looked_at_once_each() -> None:
    looked_at = 0

    class Counted(LivePurpose):
        def values(self) -> dict[str, Any]:
            nonlocal looked_at
            looked_at += 1
            return super().values()

    found = compare_all(
        [declared(f"Purpose {n:04d}") for n in range(5000)],
        [Counted(id=f"p-{n}", name=f"Purpose {n:04d}", retention="90d", **VALUES) for n in range(5000)],
    )
    assert (len(found), looked_at) == (5000, 5000)


def test_what_a_declaration_wants_has_the_fields_of_a_live_one() -> None:
    assert values_of(declared()) == live().values() == VALUES
    assert tuple(VALUES) == VALUE_FIELDS
