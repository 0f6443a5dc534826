"""Figures: what they draw, and that neither colour nor mouse is needed to read them."""

from core.ui import charts


def test_horizontal_bars_keep_their_order_and_carry_their_numbers() -> None:
    figure = charts.horizontal_bars(["Most", "Least"], [9, 1], unit="Submissions")
    (bars,) = figure.data
    assert list(bars.y) == ["Most", "Least"]
    assert list(bars.text) == ["9", "1"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first on top


def test_no_figure_takes_the_page_s_scrolling_or_sets_colours_of_its_own() -> None:
    figure = charts.horizontal_bars(["One"], [1], unit="Submissions")
    assert figure.layout.dragmode is False
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange
    assert figure.data[0].marker.color is None
