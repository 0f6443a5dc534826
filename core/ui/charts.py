"""Small Plotly figures from aggregates, and the one way they are put on a page."""

from collections.abc import Mapping, Sequence
from datetime import date

import plotly.graph_objects as go
import streamlit as st

HEIGHT = 300
BAR_HEIGHT = 34

# A pattern beside the colour, so that the series can be told apart without seeing colours.
PATTERNS = ("", "/", ".", "x")

Table = Mapping[str, Sequence[object]]


def stacked_bars(
    days: Sequence[date], series: Mapping[str, Sequence[int]], *, unit: str, span_days: int = 1
) -> go.Figure:
    """Counts on a time axis, one on top of the other; each bar is `span_days` wide and starts on its day."""
    figure = _timeline(unit)
    width = span_days * 86_400_000 * 0.8
    for index, (name, counts) in enumerate(series.items()):
        figure.add_bar(
            x=days,
            y=counts,
            name=name,
            width=width,
            offset=0,
            marker_pattern_shape=PATTERNS[index % len(PATTERNS)],
            marker_pattern_fillmode="replace" if index else None,
        )
    return figure.update_layout(barmode="stack", yaxis_rangemode="tozero", margin_t=32)


def line(
    days: Sequence[date], values: Sequence[float | None], *, name: str, unit: str, percent: bool = False
) -> go.Figure:
    """One measure over time, shares from 0 to 1 with `percent`; a dot for each day that has one."""
    figure = _timeline(unit)
    figure.add_scatter(x=days, y=values, name=name, mode="lines+markers", marker_size=5, connectgaps=True)
    if percent:
        figure.update_yaxes(tickformat=".0%", hoverformat=".1%", range=[0, 1.03])
    else:
        figure.update_yaxes(rangemode="tozero", hoverformat=".1f")
    return figure.update_layout(showlegend=False)


def horizontal_bars(labels: Sequence[str], counts: Sequence[int], *, unit: str) -> go.Figure:
    """Counts by class, the first on top, each with its number beside it."""
    figure = go.Figure()
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


def _timeline(unit: str) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="x unified",
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )
    figure.update_xaxes(fixedrange=True, type="date", hoverformat="%a %-d %b %Y")
    figure.update_yaxes(fixedrange=True, title=unit, automargin=True)
    return figure
