"""Small Plotly figures from aggregates, and the one way they are put on a page."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

HEIGHT = 300
BAR_HEIGHT = 34

# A pattern beside the colour, so that the series can be told apart without seeing colours.
PATTERNS = ("", "/", ".", "x")

# Contrast 4.8 on a light page, 3.6 on a dark one; a test in tests/web/test_configuration.py holds them.
WORDS = "#6b7075"

Table = Mapping[str, Sequence[object]]


def empty() -> go.Figure:
    """A figure whose words can be read on a light page, too: Streamlit's have a contrast of 3.6 there (measured), of
    14.8 on a dark one.

    Whoever changes the theme sees the figure as it is until the page runs again; these words can be read meanwhile.
    """
    figure = go.Figure()
    if st.context.theme.type != "dark":
        figure.update_layout(font_color=WORDS, legend_font_color=WORDS)
        figure.update_xaxes(tickfont_color=WORDS, title_font_color=WORDS)
        figure.update_yaxes(tickfont_color=WORDS, title_font_color=WORDS)
    return figure


def horizontal_bars(labels: Sequence[str], counts: Sequence[int], *, unit: str) -> go.Figure:
    """Counts by class, the first on top, each with its number beside it."""
    figure = empty()
    figure.add_bar(
        y=labels, x=counts, orientation="h", text=counts, textposition="outside", cliponaxis=False, name=unit
    )
    figure.update_layout(
        height=BAR_HEIGHT * len(labels) + 60, margin={"l": 8, "r": 40, "t": 8, "b": 8}, dragmode=False, bargap=0.35
    )
    figure.update_xaxes(visible=False, fixedrange=True, rangemode="tozero")
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True, showgrid=False, ticksuffix="  ")
    return figure


def show(figure: go.Figure, *, alt: str, key: str, table: Table | None = None) -> None:
    """Put a figure on the page, `alt` saying what it shows, and its numbers below for keyboard and screen reader."""
    st.plotly_chart(figure, key=key, alt=alt, theme="streamlit", config={"displayModeBar": False})
    if table is not None:
        with st.expander("Show the numbers", key=f"{key}_numbers", icon=":material/table:", type="compact"):
            st.dataframe(table, hide_index=True, alt=f"{alt} The numbers.")


def timeline(unit: str) -> go.Figure:
    """An empty figure over time."""
    figure = empty()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="closest",
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )
    figure.update_xaxes(fixedrange=True, type="date")
    figure.update_yaxes(fixedrange=True, title=unit, automargin=True)
    return figure
