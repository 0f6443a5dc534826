"""Values that are copied exactly, whatever they hold."""

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.facts import LONGEST_WORD, code


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("https://api.example.com", "`https://api.example.com`"),
        ("a`b", "``a`b``"),
        ("`quoted`", "`` `quoted` ``"),
        ("a``b`c", "```a``b`c```"),
        ("two\nlines", "`two lines`"),
        ("", ""),
    ],
)
def test_a_code_span_holds_any_text(text: str, span: str) -> None:
    assert code(text) == span


def test_a_long_word_stands_below_the_table_where_it_can_wrap() -> None:
    word = "x" * (LONGEST_WORD + 1)
    page = AppTest.from_string(
        "from core.ui import facts\n"
        f"rows = {{'Short': 'a:b', 'Long': '{word}', 'Plain': '[text] {word}'}}\n"
        "facts.show(rows, alt='Facts', literal={'Short', 'Long'})"
    ).run()
    assert page.table[0].value["Value"].tolist() == ["`a:b`", rf"\[text\] {word}"]
    assert [block.value for block in page.code] == [word]
