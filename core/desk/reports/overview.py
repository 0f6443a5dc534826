"""The sections that a meeting begins with: at a glance, and over time."""

from collections.abc import Sequence

from core.desk.reports.figures import Card, Chart, Column, Kind, Row, Section, Table
from core.desk.reports.numbers import (
    FAILED,
    FAILURE,
    NOTHING_ENDED,
    SUCCESS,
    SUCCESSFUL,
    behind_totals,
    definition,
    latency_cards,
    period_words,
)
from core.model.behind import Behind, Counted, Standing
from core.model.measures import Filter, Grain
from core.model.wording import duration, number, share
from core.store.measures import Headline, Span
from core.store.measures.reading import Reading

SPAN_WORDS = {Grain.DAY: "Day", Grain.WEEK: "Week from", Grain.MONTH: "Month from"}
SPAN_DAYS = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 30}  # how wide a bar is


def glance(found: Reading, before: Headline | None) -> Section:
    """The cards of the meeting; `before` is the same period before, None where the records do not cover it."""
    where, totals, due = found.where, found.totals, found.deadlines
    earlier = before.totals if before else None
    ended, spans = behind_totals(where), found.over_time
    cards = (
        Card(
            "Received",
            sum(span.received for span in spans),
            Kind.COUNT,
            definition("received"),
            before=before.received if before else None,
            course=tuple(float(span.received) for span in spans),
            behind=Behind.of(Counted.RECEIVED, where, where.days),
        ),
        Card(
            "Ended",
            totals.total,
            Kind.COUNT,
            definition("total"),
            before=earlier.total if earlier else None,
            course=tuple(float(span.total) for span in spans),
            behind=ended["Ended"],
        ),
        Card(
            "Failed",
            totals.failed,
            Kind.COUNT,
            definition("failed"),
            before=earlier.failed if earlier else None,
            course=tuple(float(span.failed) for span in spans),
            better="down",
            behind=ended.get(FAILED),
        ),
        Card(
            "Success rate",
            totals.success_rate,
            Kind.SHARE,
            definition("success_rate"),
            before=earlier.success_rate if earlier else None,
            course=tuple(span.success_rate for span in spans if span.success_rate is not None),
            better="up",
        ),
        *latency_cards(totals.latency_ms, earlier.latency_ms if earlier else None, spans),
        Card(
            "Closed in time",
            due.met_rate,
            Kind.SHARE,
            "Requests closed in the period on or before their date, out of all that were closed in it.",
            before=before.met_rate if before else None,
            better="up",
        ),
        Card(
            "Closed late",
            due.missed,
            Kind.COUNT,
            definition("deadlines_missed"),
            before=before.missed if before else None,
            better="down",
            behind=Behind.of(Counted.CLOSED, where, where.days, standing=Standing.MISSED),
        ),
    )
    compared = (
        f"The small numbers are the difference from the {where.days.count} days before, "
        f"{period_words(where.days.before())}."
        if before
        else "There is nothing to compare with: the records do not go back over a whole period before this one."
    )
    return Section("glance", "At a glance", compared, cards, nothing="" if totals.total else NOTHING_ENDED)


def over_time(found: Reading) -> Section:
    """What came in and what ended, for each day, week or month."""
    if not found.totals.total and not any(span.received for span in found.over_time):
        return Section("time", "Over time", nothing="Nothing came in and nothing ended in this period.")
    totals, spans = found.totals, found.over_time
    each, table = f"each {found.grain}", _table(found)

    def chart(key: str, title: str, says: str, drawn: tuple[str, ...], unit: str, measure: str) -> Chart:
        return Chart(
            key=key,
            title=title,
            form="columns" if table.column(drawn[0]).kind is Kind.COUNT else "lines",
            says=says,
            table=table,
            drawn=drawn,
            unit=unit,
            measures=(measure, "over_time"),
            span_days=SPAN_DAYS[found.grain],
            shares_table="over_time",
        )

    charts = (
        chart(
            "ended",
            f"Ended {each}",
            f"Submissions that ended: {number(totals.successful)} successful and {number(totals.failed)} failed."
            f"{_most(spans, [span.total for span in spans])}",
            (SUCCESSFUL, FAILED),
            "Submissions",
            "total",
        ),
        chart(
            "received",
            f"Received {each}",
            f"Requests received: {number(sum(span.received for span in spans))}."
            f"{_most(spans, [span.received for span in spans])}",
            ("Received",),
            "Requests",
            "received",
        ),
        chart(
            "success",
            "Success rate",
            f"Success rate {share(totals.success_rate)} over the whole period.{_worst(spans)}",
            ("Success rate",),
            "Successful",
            "success_rate",
        ),
        chart(
            "latency",
            "Mean latency",
            f"Mean latency {duration(totals.latency_ms.mean)} over the whole period.{_slowest(spans)}",
            ("Mean latency",),
            "for each submission",
            "latency_mean",
        ),
    )
    return Section("time", "Over time", charts=charts)


def _table(found: Reading) -> Table:
    """Everything that is known of each day, week or month; each chart draws its part of it."""
    columns = (
        Column(SPAN_WORDS[found.grain], Kind.DAY),
        Column("Received"),
        Column(SUCCESSFUL),
        Column(FAILED),
        Column("Success rate", Kind.SHARE),
        Column("Mean latency", Kind.DURATION),
    )
    return Table(columns, tuple(_row(found.where, span) for span in found.over_time))


def _row(where: Filter, span: Span) -> Row:
    behind = {}
    if span.received:
        behind["Received"] = Behind.of(Counted.RECEIVED, where, span.days)
    for name, count, states in ((SUCCESSFUL, span.successful, SUCCESS), (FAILED, span.failed, FAILURE)):
        if count:
            outcome = (where.state,) if where.state else states
            behind[name] = Behind.of(Counted.ENDED, where, span.days, outcome=outcome)
    values = (span.received, span.successful, span.failed, span.success_rate, span.mean_latency_ms)
    return Row((span.days.first, *values), behind)


def _most(spans: Sequence[Span], counts: Sequence[int]) -> str:
    if len(spans) < 2 or not any(counts):
        return ""
    most = max(range(len(counts)), key=counts.__getitem__)
    if counts[most] == sum(counts):
        return f" All {_when(spans[most])}."
    return f" The most were {number(counts[most])}, {_when(spans[most])}."


def _worst(spans: Sequence[Span]) -> str:
    rated = [(span.success_rate, span) for span in spans if span.success_rate is not None]
    if len(rated) < 2:
        return ""
    rate, span = min(rated, key=lambda one: one[0])
    return f" The lowest was {share(rate)}, {_when(span)}."


def _slowest(spans: Sequence[Span]) -> str:
    timed = [(span.mean_latency_ms, span) for span in spans if span.mean_latency_ms is not None]
    if len(timed) < 2:
        return ""
    mean, span = max(timed, key=lambda one: one[0])
    return f" The longest was {duration(mean)}, {_when(span)}."


def _when(span: Span) -> str:
    first = f"{span.days.first.day} {span.days.first:%b %Y}"
    return f"on {first}" if span.days.count == 1 else f"in the {span.days.count} days from {first}"
