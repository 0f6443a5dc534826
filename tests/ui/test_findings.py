"""What people and vendors write, in places that read markdown; and what a fix's button says."""

import pytest

from core.model.findings import Finding
from core.ui.findings import escape, fix_label


def plain(text: str) -> str:
    return escape(text).replace("\\", "").replace("\u200b", "")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](http://evil.example/x.png)",
        "**b** _i_ `c` ~~s~~ # h | t",
        ":red[x] :material/home: :smile:",
        "$x^2$ &amp; -> <- --",
    ],
)
def test_escaping_changes_nothing_that_is_seen(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("http://evil.example", "http\\:/"),
        ("www.evil.example", "www\\."),
        ("a@evil.example", "@e"),
        (":material/home:", "\\:material"),
        ("a -> b", "\\-\\>"),
    ],
)
def test_what_streamlit_rewrites_after_markdown_is_kept_apart(text: str, rewritten: str) -> None:
    assert rewritten not in escape(text)


def test_line_breaks_and_indentation_start_no_block() -> None:
    assert escape("a\n\n    b\n# c") == "a b \\# c"


def test_a_sentence_without_markdown_stays_as_it_is() -> None:
    assert escape("Subject id is empty, at 9 UTC") == "Subject id is empty, at 9 UTC"


def test_a_time_of_day_can_be_copied_as_it_is() -> None:
    assert "\u200b" not in escape("Closed 21 Nov 2026, 21:08:05 UTC")
    assert "\u200b" in escape("21:material/home:")


@pytest.mark.parametrize(
    ("finding", "label"),
    [
        (
            Finding("categories", "immutable_category", "", "Remove it, or ask", suggestion=[]),
            "Remove it",
        ),
        (Finding("type", "enum", "", "Choose ERASURE or ACCESS", suggestion="ERASURE"), "Use ERASURE"),
        (Finding("received", "in_future", "", "Use today or an earlier day.", suggestion=1), "Use today"),
        (Finding("description", "pattern", "", "Remove it; it was pasted", suggestion=""), "Remove it"),
        (
            Finding("scope", "scope_depth", "", "Split into two", split=(("A",), ("B",))),
            "Split into two",
        ),
        (Finding("x", "y", "", suggestion=1), "Put it right"),
    ],
)
def test_a_fix_says_what_it_does(finding: Finding, label: str) -> None:
    assert fix_label(finding) == label
