"""Charts of the metrics as Plotly figures: the table's own numbers, legible without colour."""

from datetime import date, timedelta
from typing import Any

import pytest

from core.desk.reports.figures import Chart, Column, Kind, Row, Table
from core.ui.metrics.drawing import figure_of

MONDAY = date(2026, 11, 2)


def over_time(form: Any, days: int = 10, *, kind: Kind = Kind.COUNT, values: tuple[Any, Any] = (5, 1)) -> Chart:
    rows = tuple(Row((MONDAY + timedelta(days=day), *values)) for day in range(days))
    table = Table((Column("Day", Kind.DAY), Column("Successful", kind), Column("Failed", kind)), rows)
    return Chart("ended", "Ended", form, "Five and one.", table, ("Successful", "Failed"), "Submissions")


def lying(labels: tuple[str, ...], *columns: tuple[int, ...]) -> Chart:
    names = tuple(f"Column {index}" for index, _ in enumerate(columns))
    table = Table(
        (Column("Class", Kind.TEXT), *(Column(name) for name in names)),
        tuple(Row((label, *values)) for label, *values in zip(labels, *columns, strict=True)),
    )
    return Chart("errors", "Errors", "bars", "Nine and one.", table, names, "Submissions")


def test_bars_over_time_are_stacked_and_told_apart_by_pattern_too() -> None:
    figure = figure_of(over_time("columns"))
    successful, failed = figure.data
    assert (list(successful.y), list(failed.y)) == ([5] * 10, [1] * 10)
    assert figure.layout.barmode == "stack"
    assert successful.marker.pattern.shape != failed.marker.pattern.shape


def test_an_axis_of_counts_has_whole_numbers() -> None:
    axis = figure_of(over_time("columns", values=(1, 0))).layout.yaxis
    assert list(axis.ticktext) == ["0", "1"]


def test_a_bar_begins_on_its_first_day_and_ends_before_the_next_bar() -> None:
    bar = figure_of(over_time("columns")).data[0]
    assert bar.offset == 0
    assert 0 < bar.width < 86_400_000


def test_a_few_bars_are_no_blocks() -> None:
    figure = figure_of(over_time("columns", days=2))
    first, last = figure.layout.xaxis.range
    assert last - first >= timedelta(days=7)


def test_lines_are_told_apart_by_their_dashes() -> None:
    one, other = figure_of(over_time("lines")).data
    assert one.line.dash != other.line.dash


def test_many_days_are_a_line_without_dots() -> None:
    assert figure_of(over_time("lines", days=90)).data[0].mode == "lines"
    assert figure_of(over_time("lines", days=9)).data[0].mode == "lines+markers"


def test_a_share_has_an_axis_from_nothing_to_all() -> None:
    figure = figure_of(over_time("lines", kind=Kind.SHARE, values=(0.9, None)))
    assert figure.layout.yaxis.range[0] == 0
    assert figure.layout.yaxis.range[1] >= 1
    assert list(figure.layout.yaxis.ticktext)[-1] == "100 %"
    assert list(figure.data[0].y) == [0.9] * 10


def test_durations_are_drawn_in_a_unit_that_reads_well_and_said_in_words() -> None:
    figure = figure_of(over_time("lines", kind=Kind.DURATION, values=(7_200_000, 18_000_000)))
    assert figure.layout.yaxis.title.text.startswith("Hours")
    assert figure.data[0].y[0] == 2
    assert figure.data[0].customdata[0] == "2.0 h"


def test_lying_bars_keep_their_order_and_carry_their_totals() -> None:
    figure = figure_of(lying(("Most", "Least"), (9, 1), (1, 0)))
    assert list(figure.layout.yaxis.ticktext) == ["Most", "Least"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert list(figure.data[-1].text) == ["10", "1"]


def test_two_rows_of_the_same_name_stay_two() -> None:
    figure = figure_of(lying(("Same", "Same"), (2, 3)))
    assert list(figure.data[0].y) == [0, 1]


def test_what_vendors_name_is_no_markup_in_a_figure() -> None:
    figure = figure_of(lying(("<b>bold</b>",), (1,)))
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;bold&lt;/b&gt;"


@pytest.mark.parametrize(
    "chart", [over_time("columns"), over_time("lines"), lying(("One",), (1,))], ids=["columns", "lines", "bars"]
)
def test_no_figure_takes_the_page_s_scrolling_or_sets_colours_of_its_own(chart: Chart) -> None:
    figure = figure_of(chart)
    assert figure.layout.dragmode is False
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange
    assert all(trace.marker.color is None for trace in figure.data)


def test_a_single_dot_and_a_single_day_are_left_to_words() -> None:
    assert not over_time("lines", days=1).worth_drawing
    assert not over_time("columns", days=1).worth_drawing
    assert not over_time("columns", values=(0, 0)).worth_drawing
    assert over_time("columns", days=2).worth_drawing
    assert lying(("One",), (1,)).worth_drawing
