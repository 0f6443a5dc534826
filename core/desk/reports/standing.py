"""The sections on how things stand: deadlines with their forecast, and the queue."""

from datetime import timedelta

from core.desk.reports.figures import Card, Chart, Column, Kind, Row, Section, Table
from core.desk.reports.numbers import definition
from core.model.behind import Behind, Counted, Standing
from core.model.measures import AT_RISK_DAYS, MEASURES, Days
from core.model.wording import STATE_WORDS, day, number, share
from core.store.measures import Forecast
from core.store.measures.reading import Reading

_IN_TIME, _WILL_MISS = "In time", "Will miss it"


def deadlines(found: Reading) -> Section:
    """Requests against their dates, and how many will miss theirs at the present pace."""
    due, where = found.deadlines, found.where
    soon = found.today + timedelta(days=AT_RISK_DAYS)
    if not (due.met or due.missed or due.forecast.open or due.overdue):
        return Section("deadlines", "Deadlines", nothing="No request was closed in this period, and none is open.")
    cards = tuple(
        Card(
            MEASURES[f"deadlines_{standing}"].name,
            count,
            Kind.COUNT,
            definition(f"deadlines_{standing}"),
            behind=behind,
        )
        for standing, count, behind in (
            *(
                (one, count, Behind.of(Counted.CLOSED, where, where.days, standing=one) if count else None)
                for one, count in ((Standing.MET, due.met), (Standing.MISSED, due.missed))
            ),
            *(
                (name, count, Behind.of(Counted.OPEN, where, first=first, last=last) if count else None)
                for name, count, first, last in (
                    ("overdue", due.overdue, None, found.today - timedelta(days=1)),
                    ("at_risk", due.at_risk, found.today, soon),
                    ("ahead", due.ahead, soon + timedelta(days=1), None),
                )
            ),
        )
    )
    cards += (Card(MEASURES["forecast"].name, due.forecast.will_miss, Kind.COUNT, definition("forecast")),)
    lead = (
        f"Of the requests closed in the period, {share(due.met_rate)} were closed in time. " if due.met_rate else ""
    ) + forecast_sentence(due.forecast)
    rows = tuple(
        Row(
            (one.due, one.open - one.will_miss, one.will_miss, one.open),
            {"Open": Behind.of(Counted.OPEN, where, Days(one.due, one.due))},
        )
        for one in due.forecast.by_date
    )
    chart = Chart(
        "forecast",
        "Open requests by their date",
        "columns",
        _by_date(due.forecast),
        Table((Column("Due", Kind.DAY), Column(_IN_TIME), Column(_WILL_MISS), Column("Open")), rows),
        (_IN_TIME, _WILL_MISS),
        "Requests",
        ("forecast",),
    )
    return Section("deadlines", "Deadlines", lead=lead, cards=cards, charts=(chart,) if rows else ())


def forecast_sentence(forecast: Forecast) -> str:
    """`At the present pace, 3.4 closed a day, 12 requests will miss their date.`"""
    if not forecast.by_date:
        return "No request with a date ahead is open."
    count = forecast.will_miss
    missing = "no request" if not count else "1 request" if count == 1 else f"{number(count)} requests"
    their = "their" if count > 1 else "its"
    return f"At the present pace, {forecast.pace:.1f} closed a day, {missing} will miss {their} date."


def _by_date(forecast: Forecast) -> str:
    if not forecast.by_date:
        return ""
    most = max(forecast.by_date, key=lambda one: one.open)
    first = next((one for one in forecast.by_date if one.will_miss), None)
    ahead = sum(one.open for one in forecast.by_date)
    said = f"Open requests with a date ahead: {number(ahead)}; the most, {number(most.open)}, are due {day(most.due)}."
    return f"{said} The first to miss theirs are due on {day(first.due)}." if first else said


def queue(found: Reading) -> Section:
    """What has not ended, now."""
    depth = {name: states for name, states in found.queue_depth.items() if any(states.values())}
    total = sum(count for states in depth.values() for count in states.values())
    if not total:
        return Section("queue", "Queue", nothing="Nothing is under way: every submission has ended.")
    names = sorted(depth)
    states = sorted(
        {state for counts in depth.values() for state, count in counts.items() if count},
        key=lambda state: -sum(counts.get(state, 0) for counts in depth.values()),
    )
    rows = []
    for state in states:
        behind = {
            name: Behind.of(Counted.WAITING, found.where, connection=name, outcome=(state,))
            for name in names
            if depth[name].get(state)
        }
        rows.append(Row((STATE_WORDS[state], *(depth[name].get(state, 0) for name in names)), behind))
    most = sum(counts.get(states[0], 0) for counts in depth.values())
    chart = Chart(
        "queue",
        "Submissions under way, now",
        "bars",
        f"Submissions that have not ended: {number(total)}; the most, {number(most)}, are "
        f"{STATE_WORDS[states[0]].lower()}.",
        Table((Column("State", Kind.TEXT), *(Column(name) for name in names)), tuple(rows)),
        tuple(names),
        "Submissions",
        ("queue_depth",),
    )
    return Section("queue", "Queue", lead="As it stands now, whatever the period.", charts=(chart,))
