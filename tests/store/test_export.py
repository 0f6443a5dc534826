import csv
import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.export import neutralise, write_csv


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("https://example.com")',
        "+44 20 7946 0000",
        "-5",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "  =1",
        "\u00a0=1",
        "\u3000=1",
        "\ufeff=1",
        "\u200b\u2060 =1",
        " \tx",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        " ＝1",
        "=",
        "\t",
    ],
)
def test_text_that_a_spreadsheet_may_act_on_gets_an_apostrophe(text: str) -> None:
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [("\0=1", "'=1"), ("\0x", "'x"), ("=\0001", "'=1"), (" \0=1", "' =1"), ("a\0b", "ab"), ("\0", "'")],
)
def test_nul_goes_from_all_text_and_hides_nothing(text: str, cell: str) -> None:
    assert neutralise(text) == cell


@pytest.mark.parametrize(
    "text", ["", "x", "USR-8847291", "a=1", "1-2", "a\tb", "  x", "'=1", "Zoë", "−5", "ada@example.com"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize("value", [-5, 0, 2**70, -1.5, Decimal("-2.50"), True, None])
def test_numbers_booleans_and_none_stay_what_they_are(value: Any) -> None:
    assert neutralise(value) is value


def test_anything_else_is_taken_as_its_text() -> None:
    assert neutralise(Path("=x")) == "'=x"


@given(st.text())
def test_no_cell_begins_like_a_formula_behind_any_blanks(text: str) -> None:
    cell = neutralise(text)
    assert "\0" not in cell
    assert not cell.lstrip().startswith(tuple("=+-@＝＋－＠"))
    assert not cell.startswith(tuple("\t\r\n"))


def written(rows: list[dict[str, Any]], *columns: str) -> str:
    out = io.StringIO(newline="")
    write_csv(rows, columns, out)
    return out.getvalue()


def test_a_header_and_rows_end_in_crlf_and_quote_only_what_needs_it() -> None:
    rows: list[dict[str, Any]] = [
        {"a": "plain", "b": 'x,"y"'},
        {"a": "two\nlines", "b": "cr\rhere"},
        {"a": -5, "b": "-5"},
        {"a": None},
    ]
    assert written(rows, "a", "b") == ('a,b\r\nplain,"x,""y"""\r\n"two\nlines","cr\rhere"\r\n-5,\'-5\r\n,\r\n')


def test_columns_come_in_the_order_asked_for_and_others_are_left_out() -> None:
    assert written([{"a": 1, "b": 2, "c": 3}], "c", "a") == "c,a\r\n3,1\r\n"


def test_a_header_is_neutralised_too() -> None:
    assert written([], "=a") == "'=a\r\n"


@given(st.lists(st.fixed_dictionaries({"a": st.text(), "b": st.text()}), max_size=5))
def test_a_csv_reader_gets_back_every_neutralised_cell(rows: list[dict[str, Any]]) -> None:
    expected = [["a", "b"], *[[neutralise(row["a"]), neutralise(row["b"])] for row in rows]]
    assert list(csv.reader(io.StringIO(written(rows, "a", "b"), newline=""))) == expected


def test_the_summary_counts_the_rows_and_has_the_digest_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        summary = write_csv(({"a": text} for text in ("Zoë", "=1", "x\ny")), ["a"], out)
    assert summary.rows == 3
    assert summary.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_rows_are_written_as_they_come_and_none_is_kept() -> None:
    class Nowhere(io.StringIO):
        def write(self, text: str) -> int:
            return len(text)

    def rows() -> Iterator[dict[str, Any]]:
        for n in range(20_000):
            yield {"a": f"{n}" * 20}

    tracemalloc.start()
    try:
        assert write_csv(rows(), ["a"], Nowhere()).rows == 20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
