"""The sections on retention: how declared purposes stood over time, and what comparing and changing them took."""

from core.desk.reports.figures import Card, Chart, Column, Kind, Row, Section, Table
from core.desk.reports.overview import SPAN_DAYS, SPAN_WORDS
from core.model.wording import number
from core.store.measures.reading import Reading
from core.store.purpose_measures import PurposeTotals


def drift(found: Reading) -> Section:
    """Declared purposes against the vendors' over time."""
    points = found.drift
    known = [point for point in points if point.in_force is not None]
    if not known:
        return Section(
            "drift",
            "Retention drift",
            nothing="No purposes had been compared with a vendor by the end of this period. Compare them on the "
            "Retention page.",
        )
    last = known[-1]
    names = ("In force", "Drifted", "Missing", "Undeclared", "Ambiguous")
    rows = tuple(
        Row((point.days.first, point.in_force, point.drifted, point.missing, point.undeclared, point.ambiguous))
        for point in points[points.index(known[0]) :]
    )
    chart = Chart(
        "drift",
        "Purposes by how they stand",
        "lines",
        f"At the end of the period {number(last.in_force or 0)} purposes were in force, {number(last.drifted or 0)} "
        f"had drifted, {number(last.missing or 0)} were missing, {number(last.undeclared or 0)} undeclared and "
        f"{number(last.ambiguous or 0)} ambiguous.",
        Table((Column(SPAN_WORDS[found.grain], Kind.DAY), *(Column(name) for name in names)), rows),
        names,
        "Purposes",
        ("drift",),
        span_days=SPAN_DAYS[found.grain],
    )
    return Section("drift", "Retention drift", charts=(chart,))


def enforcing(found: PurposeTotals) -> Section:
    """How often purposes were compared and changed, how well, and how long it took."""
    if not (found.comparisons or found.changes):
        return Section("purposes", "Retention purposes", nothing="No purpose was compared or changed in this period.")
    asked = "From asking to the end of a change, waiting for a second person and the limit included."
    cards = (
        Card(
            "Comparisons", found.comparisons, Kind.COUNT, "Comparisons of the declared list with a vendor's that ended."
        ),
        Card(
            "Failed comparisons",
            found.failed_comparisons,
            Kind.COUNT,
            "Comparisons that could not read the whole list.",
        ),
        Card(
            "Comparison, p50",
            found.comparison_ms.p50,
            Kind.DURATION,
            "From asking to the whole list read and compared; half of them took at most this long.",
        ),
        Card("Changes ended", found.changes, Kind.COUNT, "Purposes that were to be enforced, without cancelled ones."),
        Card(
            "In force after",
            found.success_rate,
            Kind.SHARE,
            "Changes after which the vendor has what is declared, read back, out of all that ended.",
        ),
        Card("Change, p90", found.change_ms.p90, Kind.DURATION, f"{asked} Nine in ten took at most this long."),
        Card("PUT, p90", found.put_ms.p90, Kind.DURATION, "The vendor's own time for the call that changes a purpose."),
    )
    outcomes = ", ".join(f"{state.replace('_', ' ')} {number(n)}" for state, n in sorted(found.outcomes.items()))
    lead = f"Changes by outcome: {outcomes}." if outcomes else ""
    return Section("purposes", "Retention purposes", lead=lead, cards=cards)
