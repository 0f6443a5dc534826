"""Charts as SVG: within their frame, to scale, with words; and the scale that they are drawn on."""

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.desk.reports.axes import scale_of
from core.desk.reports.figures import Card, Chart, Column, Kind, Row, Table, in_words
from core.desk.reports.svg import WIDTH, draw

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [date(2026, 11, 2) + timedelta(days=day) for day in range(10)]


def chart(form: Any, values: list[Any], kind: Kind = Kind.COUNT) -> Chart:
    labels: list[Any] = [f"Class {index}" for index, _ in enumerate(values)] if form == "bars" else DAYS
    rows = tuple(Row((label, value)) for label, value in zip(labels, values, strict=False))
    table = Table((Column("What", Kind.TEXT if form == "bars" else Kind.DAY), Column("Value", kind)), rows)
    return Chart("k", "Title & more", form, "Says <so>.", table, ("Value",), "Requests")


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def bars(drawn: str) -> list[tuple[float, float, float, float]]:
    return [
        (float(r.get("x", 0)), float(r.get("y", 0)), float(r.get("width", 0)), float(r.get("height", 0)))
        for r in parsed(drawn).findall(f"{SVG}rect")
    ]


def test_a_drawing_has_its_name_and_its_words() -> None:
    svg = parsed(draw(chart("columns", [1, 2])))
    assert (svg.findtext(f"{SVG}title"), svg.findtext(f"{SVG}desc")) == ("Title & more", "Says <so>.")
    assert svg.get("role") == "img"


@pytest.mark.parametrize("form", ["columns", "bars"])
@given(values=st.lists(st.integers(0, 10**7), min_size=2, max_size=10).filter(any))
def test_bars_are_as_long_as_their_numbers_and_stay_in_the_frame(form: str, values: list[int]) -> None:
    drawn = draw(chart(form, values))
    height = float(parsed(drawn).get("viewBox", "").split()[3])
    found = bars(drawn)
    sizes = [bar[3] if form == "columns" else bar[2] for bar in found]
    expected = [value for value in values if value or form == "bars"]
    assert len(found) == len(expected)
    largest = max(expected)
    for size, value in zip(sizes, expected, strict=True):
        assert abs(size - max(sizes) * value / largest) <= 0.11
    assert all(x >= 0 and x + w <= WIDTH and y >= 0 and y + h <= height + 0.1 for x, y, w, h in found)


def test_a_line_leaves_out_what_is_not_known() -> None:
    (line,) = parsed(draw(chart("lines", [0.5, None, 1.0], Kind.SHARE))).findall(f"{SVG}polyline")
    assert len(line.get("points", "").split()) == 2


def test_a_long_name_is_cut_beside_its_bar() -> None:
    made = chart("bars", [1, 2])
    rows = (Row(("An error class of so many words that nobody reads it to the end", 1)), *made.table.rows)
    drawn = draw(Chart("k", "T", "bars", "S", Table(made.table.columns, rows), ("Value",), "Requests"))
    assert "…</text>" in drawn
    assert not re.search("to the end</text>", drawn)


@given(st.integers(1, 10**9))
def test_the_axis_of_counts_reaches_the_most_in_a_few_round_steps(most: int) -> None:
    scale = scale_of(chart("columns", [most, 0]))
    assert scale.top >= most
    assert 2 <= len(scale.ticks) <= 7
    assert all(tick == int(tick) for tick in scale.ticks)


@pytest.mark.parametrize(
    ("milliseconds", "unit"),
    [(900, "Seconds"), (150_000, "Minutes"), (8_000_000, "Hours"), (900_000_000, "Days")],
)
def test_the_axis_of_durations_has_a_unit_that_suits(milliseconds: int, unit: str) -> None:
    assert scale_of(chart("lines", [milliseconds, 1], Kind.DURATION)).unit == f"{unit} Requests"


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (12345, Kind.COUNT, "12\u00a0345"),
        (0.984, Kind.SHARE, "98.4 %"),
        (90_000, Kind.DURATION, "1.5 min"),
        (1.5, Kind.RATIO, "1.50"),
        (date(2026, 12, 7), Kind.DAY, "Mon 7 Dec 2026"),
        (None, Kind.COUNT, "–"),
        ("Failed", Kind.TEXT, "Failed"),
    ],
)
def test_values_as_people_read_them(value: Any, kind: Kind, words: str) -> None:
    assert in_words(value, kind) == words


@pytest.mark.parametrize(
    ("now", "before", "kind", "change"),
    [
        (12, 10, Kind.COUNT, "+2"),
        (10, 12, Kind.COUNT, "-2"),
        (10, 10, Kind.COUNT, "0"),
        (0.95, 0.965, Kind.SHARE, "-1.5 points"),
        (0.95, 0.9501, Kind.SHARE, "0"),
        (7_200_000, 3_600_000, Kind.DURATION, "+1.0 h"),
        (100, 90, Kind.DURATION, "0"),
        (None, 10, Kind.COUNT, None),
        (10, None, Kind.COUNT, None),
    ],
)
def test_a_card_says_how_it_changed(now: Any, before: Any, kind: Kind, change: str | None) -> None:
    assert Card("Ended", now, kind, "What it means.", before=before).change == change
