"""A chart of the metrics as a Plotly figure: colours from the theme, patterns and dashes beside them."""

from datetime import timedelta
from html import escape

import plotly.graph_objects as go

from core.desk.reports.axes import Scale, scale_of
from core.desk.reports.figures import Chart, in_words
from core.ui.charts import BAR_HEIGHT, PATTERNS, empty, timeline

FEW = 7
MOST_DOTS = 45
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def figure_of(chart: Chart) -> go.Figure:
    scale = scale_of(chart)
    if chart.form == "bars":
        return _lying_bars(chart, scale)
    figure = timeline(scale.unit)
    figure.update_layout(hovermode="closest", showlegend=len(chart.drawn) > 1, margin_t=32)
    for index, name in enumerate(chart.drawn):
        values = [None if v is None else v / scale.divisor for v in chart.table.values(name)]
        words = chart.table.shown(name)
        hover = f"%{{x|%a %-d %b %Y}}<br>{name}: %{{customdata}}<extra></extra>"
        if chart.form == "columns":
            figure.add_bar(
                x=chart.labels,
                y=values,
                name=name,
                customdata=words,
                hovertemplate=hover,
                width=chart.span_days * 86_400_000 * 0.8,
                offset=0,
                **_pattern(index),
            )
        else:
            figure.add_scatter(
                x=chart.labels,
                y=values,
                name=name,
                customdata=words,
                hovertemplate=hover,
                mode="lines+markers" if len(chart.labels) <= MOST_DOTS else "lines",
                marker_size=6,
                line_dash=DASHES[index % len(DASHES)],
                connectgaps=True,
            )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(tickformat="%-d %b\n%Y")
    if len(chart.labels) <= FEW:  # Plotly would make hours of the room between, and a block of a single bar
        first, last = chart.labels[0], chart.labels[-1]
        room = timedelta(days=chart.span_days * max(1, FEW - (last - first).days // chart.span_days))
        figure.update_xaxes(range=[first - room / 2, last + room])
    figure.update_yaxes(
        range=[0, scale.top * 1.03], tickvals=scale.ticks, ticktext=[scale.label(tick) for tick in scale.ticks]
    )
    return figure


def _lying_bars(chart: Chart, scale: Scale) -> go.Figure:
    figure = empty()
    last = len(chart.drawn) - 1
    kind = chart.table.column(chart.drawn[0]).kind
    totals = [sum(row) for row in zip(*([v or 0 for v in chart.table.values(n)] for n in chart.drawn), strict=True)]
    for index, name in enumerate(chart.drawn):
        figure.add_bar(
            # Two classes may be cut to the same words: the place of a bar is its number, its name only written there.
            y=list(range(len(chart.labels))),
            x=[(value or 0) / scale.divisor for value in chart.table.values(name)],
            orientation="h",
            name=name,
            customdata=chart.table.shown(name),
            hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
            text=[in_words(total, kind) for total in totals] if index == last else None,
            textposition="outside" if index == last else None,
            cliponaxis=False,
            **_pattern(index),
        )
    figure.update_layout(
        barmode="stack",
        height=BAR_HEIGHT * len(chart.labels) + (90 if last else 60),
        margin={"l": 8, "r": 56, "t": 32 if last else 8, "b": 8},
        dragmode=False,
        bargap=0.35,
        showlegend=bool(last),
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
    )
    figure.update_xaxes(visible=False, fixedrange=True, range=[0, scale.top * 1.08])
    figure.update_yaxes(
        autorange="reversed",
        fixedrange=True,
        automargin=True,
        showgrid=False,
        ticksuffix="  ",
        tickvals=list(range(len(chart.labels))),
        ticktext=[escape(str(label)) for label in chart.labels],
    )
    return figure


def _pattern(index: int) -> dict[str, object]:
    return {
        "marker_pattern_shape": PATTERNS[index % len(PATTERNS)],
        "marker_pattern_fillmode": "overlay" if index else None,
    }
