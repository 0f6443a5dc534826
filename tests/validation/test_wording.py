"""How values and lists read in a finding."""

import pytest

from core.validation.wording import listed, shown


@pytest.mark.parametrize(
    ("words", "reads"),
    [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")],
)
def test_a_list_reads_as_a_sentence(words: list[str], reads: str) -> None:
    assert listed(words) == reads


def test_a_long_list_is_cut_and_says_so() -> None:
    assert listed("ABCDE", "or", most=3) == "A, B, C or 2 more"


def test_a_value_is_cut_and_what_does_not_print_is_escaped() -> None:
    assert shown("a\u202eb\n") == "a\\u202eb\\u000a"
    assert shown("x" * 40) == "x" * 40
    assert shown("x" * 41) == "x" * 40 + "…"
