"""The pieces of the metrics page: the period in words, the cards with their definitions, the charts and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import streamlit as st

from core.desk import Metrics
from core.desk.measures import LATENCY_LABELS
from core.store.measures import Totals
from core.ui import charts, links
from core.ui.series import Span, spans
from core.ui.session import desk
from core.ui.words import duration, error_class, number, share

PRESETS: Mapping[str, int] = {"7 days": 7, "30 days": 30, "90 days": 90, "365 days": 365}
CUSTOM = "Custom"
ALL = "All connections"

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Chosen:
    """What the person asked for; `since` and `until` are aware."""

    since: datetime
    until: datetime
    connection: str | None

    @property
    def days(self) -> int:
        return max(1, round((self.until - self.since).total_seconds() / 86_400))


def choose() -> Chosen:
    """The controls, kept in the address of the page so that a view can be sent to a colleague."""
    now = desk().clock.now()
    with st.container(horizontal=True):
        period = st.radio(
            "Period", [*PRESETS, CUSTOM], index=1, horizontal=True, key="period", bind="query-params", width="content"
        )
        connection = st.selectbox(
            "Connection", [ALL, *desk().connections()], key="metrics_connection", bind="query-params", width=220
        )
        if period == CUSTOM:
            first = st.date_input(
                "First day",
                (now - timedelta(days=29)).date(),
                key="first_day",
                bind="query-params",
                format="YYYY-MM-DD",
                width=160,
            )
            last = st.date_input(
                "Last day", now.date(), key="last_day", bind="query-params", format="YYYY-MM-DD", width=160
            )
    named = None if connection == ALL else connection
    if period != CUSTOM:
        return Chosen(now - timedelta(days=PRESETS[period]), now, named)
    if last < first:
        st.error("The last day lies before the first. Choose a later last day.", icon=":material/error:")
        st.stop()
    return Chosen(datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC) + timedelta(days=1), named)


def cards(totals: Totals) -> None:
    latency = totals.latency_ms
    counts = f"{number(totals.successful)} successful, {number(totals.failed)} failed."
    took = "Time from filing to the end of a submission."
    grid = st.grid(6, min_column_width=150)
    for label, value, hint in (
        (
            "Ended",
            number(totals.total),
            f"Submissions to a vendor that ended in the period, without cancelled ones. {counts}",
        ),
        ("Success rate", share(totals.success_rate), f"Completed, or nothing found, out of all that ended. {counts}"),
        ("Mean latency", duration(latency.mean), f"{took} The average."),
        ("p50 latency", duration(latency.p50), f"{took} Half of them took at most this long (the median)."),
        ("p90 latency", duration(latency.p90), f"{took} Nine in ten took at most this long."),
        ("p99 latency", duration(latency.p99), f"{took} Ninety-nine in a hundred took at most this long."),
    ):
        grid.metric(label, value, help=hint, border=True, height="stretch")


def over_time(metrics: Metrics, chosen: Chosen) -> None:
    """What ended when, how much of it well, and how long it took."""
    rows = spans(metrics.days, chosen.days)
    each = "week" if rows[0].days > 1 else "day"
    starts = [row.start for row in rows]
    named = "Week from" if each == "week" else "Day (UTC)"
    successful, failed = [row.successful for row in rows], [row.failed for row in rows]
    st.header(f"Ended per {each}")
    charts.show(
        charts.stacked_bars(
            starts, {"Successful": successful, "Failed": failed}, unit="Submissions", span_days=rows[0].days
        ),
        alt=f"Submissions ended per {each}: {number(sum(successful))} successful and {number(sum(failed))} failed.",
        key="chart_ended",
        table={named: starts, "Successful": successful, "Failed": failed},
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _success_rate(rows, each, named, metrics.totals)
    with right:
        _mean_latency(rows, each, named, metrics.totals)


def _success_rate(rows: list[Span], each: str, named: str, totals: Totals) -> None:
    starts, rates = [row.start for row in rows], [row.success_rate for row in rows]
    st.header("Success rate")
    charts.show(
        charts.line(starts, rates, name="Success rate", unit=f"Successful per {each}", percent=True),
        alt=f"Success rate per {each}; {share(totals.success_rate)} over the whole period.",
        key="chart_success",
        table={named: starts, "Success rate": [share(rate) for rate in rates]},
    )


def _mean_latency(rows: list[Span], each: str, named: str, totals: Totals) -> None:
    starts, means = [row.start for row in rows], [row.mean_latency_ms for row in rows]
    size, unit = _unit(max((mean for mean in means if mean is not None), default=0.0))
    st.header("Mean latency")
    charts.show(
        charts.line(
            starts, [None if m is None else m / size for m in means], name="Mean latency", unit=f"{unit} per submission"
        ),
        alt=f"Mean latency per {each}; {duration(totals.latency_ms.mean)} over the whole period.",
        key="chart_latency",
        table={named: starts, "Mean latency": [duration(mean) for mean in means]},
    )


def spread(metrics: Metrics) -> None:
    """How long submissions took, and why those that failed did."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("How long they took")
        labels = [f"up to {label}" for label in LATENCY_LABELS[:-1]] + [f"over {LATENCY_LABELS[-2]}"]
        counts = list(metrics.latency_bands)
        most = labels[counts.index(max(counts))]
        charts.show(
            charts.horizontal_bars(labels, counts, unit="Submissions"),
            alt=f"Submissions by how long they took; the most took {most}.",
            key="chart_bands",
            table={"Took": labels, "Submissions": counts},
        )
    with right:
        st.header("Why they failed")
        if not metrics.errors:
            st.caption(":material/check_circle: None failed in this period.")
            return
        classes, failures = [error_class(code) for code, _ in metrics.errors], [count for _, count in metrics.errors]
        charts.show(
            charts.horizontal_bars(classes, failures, unit="Submissions"),
            alt=f"Failed submissions by class of error; the most frequent is: {classes[0]}.",
            key="chart_errors",
            table={"Class of error": classes, "Code": [code for code, _ in metrics.errors], "Submissions": failures},
        )
        links.to_requests("Show requests that failed, in whole or in part", links.FAILED)


def by_connection(metrics: Metrics) -> None:
    st.header("By connection")
    measured = list(metrics.by_connection.items())
    st.dataframe(
        {
            "Connection": [name for name, _ in measured],
            "Ended": [totals.total for _, totals in measured],
            "Successful": [totals.successful for _, totals in measured],
            "Failed": [totals.failed for _, totals in measured],
            "Success rate": [share(totals.success_rate) for _, totals in measured],
            "Mean": [duration(totals.latency_ms.mean) for _, totals in measured],
            "p50": [duration(totals.latency_ms.p50) for _, totals in measured],
            "p90": [duration(totals.latency_ms.p90) for _, totals in measured],
            "p99": [duration(totals.latency_ms.p99) for _, totals in measured],
        },
        hide_index=True,
        alt="Measures of each connection",
    )


def _unit(longest_ms: float) -> tuple[int, str]:
    """Milliseconds of the unit that a latency axis reads best in, and its name."""
    for size, name in ((_DAY_MS, "Days"), (3_600_000, "Hours"), (60_000, "Minutes")):
        if longest_ms >= 2 * size:
            return size, name
    return 1000, "Seconds"
