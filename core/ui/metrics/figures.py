"""Sections of measures on the page: cards, charts that lead to the requests behind them, tables."""

from collections.abc import Iterator, Sequence
from functools import partial

import streamlit as st

from core.desk.reports.figures import Card, Chart, Kind, Row, Section, Table, TitledTable, in_words
from core.model.behind import Behind, Counted
from core.model.measures import MEASURES
from core.ui import links
from core.ui.findings import escape
from core.ui.metrics.drawing import figure_of

AT_ONCE = 8
_CLICKED = "behind_the_clicked_bar"
_GOOD_WHEN = {"up": "normal", "down": "inverse", "neither": "off"}


def show(section: Section) -> None:
    """One section."""
    st.header(section.title, anchor=False)
    if section.lead:
        st.markdown(escape(section.lead))
    if section.nothing:
        st.info(escape(section.nothing), icon=":material/info:")
    if section.cards:
        _cards(section.cards)
    drawn = section.charts
    if len(drawn) == 1:
        _chart(drawn[0])
    elif drawn:
        grid = st.grid(2, min_column_width=420, gap="medium")
        for chart in drawn:
            with grid.cell():
                _chart(chart)
    for titled in section.tables:
        _titled(titled)


def _cards(cards: Sequence[Card]) -> None:
    grid = st.grid(5, min_column_width=170)
    for card in cards:
        grid.metric(
            card.label,
            card.value,
            delta=0 if card.change == "0" else card.change,
            delta_color=_GOOD_WHEN[card.better],  # type: ignore[arg-type] # one of the literals
            help=escape(card.definition),
            chart_data=card.course if len(card.course) > 1 else None,
            chart_type="area",
            border=True,
            height="stretch",
        )
    _links([(card.label, card.value, card.behind) for card in cards if card.behind and card.amount])


def _chart(chart: Chart) -> None:
    st.subheader(chart.title, anchor=False, help=_definitions(chart.measures))
    st.caption(escape(chart.says))
    if chart.worth_drawing:
        _drawn(chart)
    with st.expander("Show the numbers", key=f"chart_{chart.key}_numbers", icon=":material/table:", type="compact"):
        _numbers(chart.numbers, f"{chart.says} The numbers.")
        st.fragment(_to_requests)(chart.numbers, chart.key)


def _drawn(chart: Chart) -> None:
    """The figure; a click on a bar that counts requests or submissions goes to them.

    By a callback: a chart's identity is its figure, so once a number has changed, the click on the figure that the
    person saw would mean nothing to the one drawn next (Streamlit 1.67, key or not).
    """
    st.plotly_chart(
        figure_of(chart),
        key=f"chart_{chart.key}",
        alt=chart.says,
        theme="streamlit",
        config={"displayModeBar": False},
        on_select=partial(_clicked, chart) if any(row.behind for row in chart.table.rows) else "ignore",
        selection_mode="points",
    )


def _clicked(chart: Chart) -> None:
    for point in st.session_state[f"chart_{chart.key}"].selection.points:
        row = chart.table.rows[point["point_index"]]
        if behind := row.behind.get(chart.drawn[point["curve_number"]]):
            st.session_state[_CLICKED] = behind.query()


def follow_click() -> None:
    """To the requests behind the bar that was clicked, if one was; a callback cannot leave its page itself."""
    if query := st.session_state.pop(_CLICKED, None):
        st.switch_page(links.PAGES / "track_requests.py", query_params=query)


def _titled(titled: TitledTable) -> None:
    st.subheader(titled.title, anchor=False, help=_definitions(titled.measures))
    st.caption(escape(titled.says))
    _numbers(titled.table, titled.says)
    st.fragment(_to_requests)(titled.table, titled.key)


def _numbers(table: Table, alt: str) -> None:
    """Counts and days as they are, so that a column sorts; the rest in words."""
    st.dataframe(
        {
            column.name: table.values(column.name)
            if column.kind in {Kind.COUNT, Kind.DAY}
            else table.shown(column.name)
            for column in table.columns
        },
        hide_index=True,
        alt=alt,
    )


def _to_requests(table: Table, key: str) -> None:
    """The same links as a click on the chart, for keyboard and screen reader."""
    targets = {
        f"{about}: {value}": (about, value, to) for row in table.rows for about, value, to in _targets(table, row)
    }
    if len(targets) > AT_ONCE:
        chosen = st.selectbox(
            "Requests behind a number", list(targets), index=None, placeholder="Choose a number", key=f"behind_{key}"
        )
        targets = {chosen: targets[chosen]} if chosen else {}
    _links(list(targets.values()))


def _links(targets: Sequence[tuple[str, str, Behind]]) -> None:
    """Links to what was counted, each with its number: requests, or the requests that submissions belong to."""
    if not targets:
        return
    with st.container(horizontal=True):
        for about, value, behind in targets:
            counted = "submission" if behind.counted in {Counted.ENDED, Counted.WAITING} else "request"
            links.to_requests(escape(f"{about}: {value} {counted}{'' if value == '1' else 's'}"), behind.query())


def _targets(table: Table, row: Row) -> Iterator[tuple[str, str, Behind]]:
    about = in_words(row.values[0], table.columns[0].kind)
    for column, value in zip(table.columns, row.values, strict=True):
        if value and column.name in row.behind:
            named = f"{about}, {column.name}" if len(row.behind) > 1 else about
            yield named, in_words(value, column.kind), row.behind[column.name]


def _definitions(names: Sequence[str]) -> str:
    if len(names) == 1:
        return escape(MEASURES[names[0]].definition)
    return "\n\n".join(f"**{escape(MEASURES[name].name)}**: {escape(MEASURES[name].definition)}" for name in names)
