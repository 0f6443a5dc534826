"""Figures: what they draw, and that neither colour nor mouse is needed to read them."""

from datetime import date

from core.ui import charts

DAYS = [date(2026, 11, 2), date(2026, 11, 9)]


def test_stacked_bars_tell_their_series_apart_by_pattern_too() -> None:
    figure = charts.stacked_bars(DAYS, {"Successful": [5, 7], "Failed": [1, 0]}, unit="Submissions", span_days=7)
    successful, failed = figure.data
    assert (successful.name, list(successful.y)) == ("Successful", [5, 7])
    assert (failed.name, list(failed.y)) == ("Failed", [1, 0])
    assert figure.layout.barmode == "stack"
    assert successful.marker.pattern.shape != failed.marker.pattern.shape


def test_a_bar_begins_on_its_first_day_and_ends_before_the_next_bar() -> None:
    figure = charts.stacked_bars(DAYS, {"Successful": [5, 7]}, unit="Submissions", span_days=7)
    (bar,) = figure.data
    assert bar.offset == 0
    assert 0 < bar.width < 7 * 86_400_000


def test_a_share_has_an_axis_from_nothing_to_all() -> None:
    figure = charts.line(DAYS, [0.9, None], name="Success rate", unit="Successful", percent=True)
    assert figure.layout.yaxis.range[0] == 0
    assert figure.layout.yaxis.range[1] >= 1
    assert figure.layout.yaxis.tickformat == ".0%"
    assert list(figure.data[0].y) == [0.9, None]


def test_horizontal_bars_keep_their_order_and_carry_their_numbers() -> None:
    figure = charts.horizontal_bars(["Most", "Least"], [9, 1], unit="Submissions")
    (bars,) = figure.data
    assert list(bars.y) == ["Most", "Least"]
    assert list(bars.text) == ["9", "1"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first on top


def test_no_figure_takes_the_page_s_scrolling_or_sets_colours_of_its_own() -> None:
    for figure in (
        charts.stacked_bars(DAYS, {"Successful": [1, 2]}, unit="Submissions"),
        charts.line(DAYS, [1.0, 2.0], name="Latency", unit="Hours"),
        charts.horizontal_bars(["One"], [1], unit="Submissions"),
    ):
        assert figure.layout.dragmode is False
        assert figure.layout.xaxis.fixedrange
        assert figure.layout.yaxis.fixedrange
        assert figure.data[0].marker.color is None
