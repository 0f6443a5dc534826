"""The sections on what submissions took and came to: latency, errors, by connection and the like, effort."""

from collections.abc import Mapping
from typing import Any

from core.desk.reports.figures import Card, Chart, Column, Kind, Row, Section, Table
from core.desk.reports.numbers import FAILED, FAILURE, NOTHING_ENDED, SUCCESSFUL, breakdown, definition, latency_cards
from core.model.behind import Behind, Counted
from core.model.measures import MEASURES, Filter, Phase
from core.model.wording import STATE_WORDS, TYPE_WORDS, duration, error_class, number, share
from core.store.measures import BAND_EDGES_MS, Totals
from core.store.measures.reading import Reading


def latency(found: Reading) -> Section:
    """How long submissions took, and what they waited for."""
    totals = found.totals
    if not totals.total:
        return Section("latency", "Latency", nothing=NOTHING_ENDED)
    spread = totals.latency_ms
    phases = [(MEASURES[f"phase_{phase}"].name, time) for phase, time in found.phases.items()]
    longest, time = max(phases, key=lambda one: one[1].total_ms)
    split = Chart(
        "phases",
        "Where the time went",
        "bars",
        f"Of the mean latency of {duration(spread.mean)}, the most went to: {longest.lower()}, "
        f"{duration(time.mean_ms)} ({share(time.share)}).",
        Table(
            (
                Column("Phase", Kind.TEXT),
                Column("Mean for each submission", Kind.DURATION),
                Column("Share of the latency", Kind.SHARE),
            ),
            tuple(Row((name, time.mean_ms, time.share)) for name, time in phases),
        ),
        ("Mean for each submission",),
        "for each submission",
        ("phases", *(f"phase_{phase}" for phase in Phase)),
    )
    return Section(
        "latency",
        "Latency",
        cards=latency_cards(spread, None, ()),
        charts=(split, _bands(found)),
    )


def errors(found: Reading) -> Section:
    """Why submissions failed."""
    if not found.errors:
        none = "No submission failed in this period." if found.totals.total else NOTHING_ENDED
        return Section("errors", "Errors", nothing=none)
    most, count = found.errors[0]
    chart = Chart(
        "errors",
        "Failed submissions by class of error",
        "bars",
        f"Submissions failed: {number(sum(n for _, n in found.errors))}; most often for this: {error_class(most)}, "
        f"{number(count)} times.",
        Table(
            (Column("Class of error", Kind.TEXT), Column("Code", Kind.TEXT), Column("Submissions")),
            tuple(
                Row((error_class(code), code, n), {"Submissions": _failed(found.where, error=code)})
                for code, n in found.errors
            ),
        ),
        ("Submissions",),
        "Submissions",
        ("errors",),
    )
    return Section("errors", "Errors", charts=(chart,))


def breakdowns(found: Reading) -> Section:
    """The same measures by connection, type, category, law and state."""
    if not found.totals.total and not found.by_state:
        return Section("breakdown", "By connection, type, category, law and state", nothing=NOTHING_ENDED)
    where = found.where
    charts = [
        _broken_down("connection", "By connection", found.by_connection, {}, where),
        _broken_down("kind", "By type", found.by_type, TYPE_WORDS, where),
        _broken_down("category", "By category", found.by_category, {}, where),
        _broken_down("law", "By law", found.by_law, {}, where),
        _by_state(found),
    ]
    return Section("breakdown", "By connection, type, category, law and state", charts=tuple(charts))


def effort(found: Reading) -> Section:
    """What a successful submission cost in attempts and calls."""
    cost = found.effort
    if not cost.successful:
        return Section("effort", "Effort", nothing="No submission was successful in this period.")
    cards = tuple(
        Card(label, value, Kind.RATIO, definition(name), better="down")
        for label, value, name in (
            ("Attempts for each", cost.attempts, "attempts"),
            ("API calls for each", cost.calls, "calls"),
        )
    )
    lead = f"Over {number(cost.successful)} successful submission{'' if cost.successful == 1 else 's'}."
    return Section("effort", "Effort", lead=lead, cards=cards)


def _bands(found: Reading) -> Chart:
    edges = [None, *BAND_EDGES_MS]
    rows = []
    for over, up_to, count in zip(edges, [*BAND_EDGES_MS, None], found.bands, strict=True):
        label = f"up to {_edge(up_to)}" if up_to else f"over {_edge(over or 0)}"
        behind = {"Submissions": Behind.of(Counted.ENDED, found.where, found.where.days, over=over, up_to=up_to)}
        rows.append(Row((label, count), behind if count else {}))
    most = max(rows, key=lambda row: row.values[1])
    return Chart(
        "bands",
        "How long they took",
        "bars",
        f"Submissions that ended: {number(found.totals.total)}; the most, {number(most.values[1])}, took "
        f"{most.values[0]}.",
        Table((Column("Took", Kind.TEXT), Column("Submissions")), tuple(rows)),
        ("Submissions",),
        "Submissions",
        ("latency_mean",),
    )


def _edge(milliseconds: int) -> str:
    for size, unit in ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")):
        if milliseconds >= size and milliseconds % size == 0:
            count = milliseconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{milliseconds} ms"


def _failed(where: Filter, error: str) -> Behind:
    outcome = (where.state,) if where.state else tuple(FAILURE)
    return Behind.of(Counted.ENDED, where, where.days, outcome=outcome, error=error)


def _broken_down(
    field: str, title: str, totals: Mapping[Any, Totals], words: Mapping[Any, str], where: Filter
) -> Chart:
    table = breakdown(title.removeprefix("By ").capitalize(), totals, words, where, field)
    parts = [f"{row.values[0]} {number(row.values[1])} ({share(row.values[4])} successful)" for row in table.rows[:6]]
    rest = f", and {len(table.rows) - 6} more" if len(table.rows) > 6 else ""
    return Chart(
        f"by_{field}",
        title,
        "bars",
        f"Submissions that ended: {', '.join(parts)}{rest}." if parts else "Nothing ended in this period.",
        table,
        (SUCCESSFUL, FAILED),
        "Submissions",
        (f"by_{'type' if field == 'kind' else field}", "success_rate", "latency_p50", "latency_p90", "latency_p99"),
    )


def _by_state(found: Reading) -> Chart:
    ordered = sorted(found.by_state.items(), key=lambda one: (-one[1], one[0]))
    rows = tuple(
        Row(
            (STATE_WORDS[state], count),
            {"Submissions": Behind.of(Counted.ENDED, found.where, found.where.days, outcome=(state,))},
        )
        for state, count in ordered
    )
    said = ", ".join(f"{row.values[0].lower()} {number(row.values[1])}" for row in rows)
    return Chart(
        "by_state",
        "By state",
        "bars",
        f"How submissions ended: {said}.",
        Table((Column("State", Kind.TEXT), Column("Submissions")), rows),
        ("Submissions",),
        "Submissions",
        ("by_state",),
    )
