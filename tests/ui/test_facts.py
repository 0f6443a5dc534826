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
    page = AppTest.from_string(f"""
from core.ui import facts
facts.show({{"Short": "a:b", "Long": "{"x" * (LONGEST_WORD + 1)}", "Words": "[plain] " * 9}}, alt="", literal={{"Short", "Long"}})
""").run()
    assert page.table[0].value["Value"].tolist() == ["`a:b`", " ".join([r"\[plain\]"] * 9)]
    assert [block.value for block in page.code] == ["x" * (LONGEST_WORD + 1)]
