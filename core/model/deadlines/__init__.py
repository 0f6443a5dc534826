"""Rule packs (`*.toml` beside this file) to dates that explain themselves. Not legal advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dateutil.relativedelta import relativedelta

from core.model.deadlines.packs import Law, Rule, known_laws
from core.model.deadlines.working_days import DAY, WEEKEND, add_business_days, next_working_day

__all__ = ["Deadline", "Law", "Pause", "deadlines_for", "laws", "pack_version"]

# Outside 2008 to 2100 some holiday calendars are empty without saying so (measured); a period may end a year later.
YEARS = range(2010, 2100)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Pause = tuple[date, date]


@dataclass(frozen=True)
class Deadline:
    """One date the law sets.

    `what` is acknowledge, respond, extension_notice or extended, in California opt_out, and respond_if_paused for
    what is not settled; `rule` identifies rule and pack version, `article` is the source, `explanation` the
    arithmetic in words.
    """

    what: str
    due: date
    rule: str
    article: str
    explanation: str


def laws() -> list[Law]:
    """Every law there is a rule pack for, in the order in which a form offers them."""
    return list(known_laws().values())


def pack_version(law: str) -> str:
    """The version of the pack a law's rules come from, `us-states/2026.1`: what a request pins.

    Raises ValueError for an unknown law.
    """
    return _law(law).pack


def deadlines_for(
    law: str,
    received: date,
    *,
    region: str | None = None,
    start: date | None = None,
    pauses: Sequence[Pause] = (),
    pack: str | None = None,
    identity_stops_clock: bool = False,
) -> list[Deadline]:
    """Every date the law sets for a request received on a day, as the controller's time zone counts days.

    `region` says whose public holidays count, `DE` or `DE-BE`; without one the pack's default does, and the
    explanation says so. It changes nothing under a law that counts in calendar days alone.

    `start` (the day identity information or a fee arrived) and `pauses` (first and last day of waiting for a
    clarification, both left out of the period) are for laws whose clock stops, which is the UK GDPR. Under the EU
    GDPR pauses, for the person's proof of identity, change no date and add one, respond_if_paused, unless
    `identity_stops_clock`: a controller whose authority accepts it has them left out of the period.

    `pack` is the version that a request pinned: its dates are never reckoned by the rules of another.

    Raises ValueError, with a sentence for a person, for an unknown law, a region the law does not cover, a day
    before 2010 or after 2099, a start or pause that the law does not know or that makes no sense, and a pack that
    is not there any more.
    """
    known = _law(law)
    if pack is not None and pack != known.pack:
        raise ValueError(
            f"The rules {pack}, by which this was reckoned, are not part of this Privacy Desk any more; "
            f"it has {known.pack}. The dates stay as they are"
        )
    if isinstance(received, datetime):
        raise TypeError("A request is received on a day, not at an instant; see core.clock.day_in")
    for day in (received, start or received, *(day for pause in pauses for day in pause)):
        if day.year not in YEARS:
            raise ValueError(f"The year {day.year} is out of range: give a day from {YEARS[0]} to {YEARS[-1]}")
    if (start and not known.clock_stops) or (pauses and not (known.clock_stops or known.pause_note)):
        raise ValueError(f"{known.name} counts from receipt: nothing moves or stops its clock")
    if start and start < received:
        raise ValueError("The period cannot start before the request was received")
    if any(last < first for first, last in pauses):
        raise ValueError("A pause cannot end before it begins")
    calendar = _calendar(known, region)
    counted = pauses if known.clock_stops or identity_stops_clock else ()
    dates = [
        _deadline(known, what, rule, start or received, counted, calendar, default=not region)
        for what, rule in known.rules
    ]
    if pauses and not counted:
        rule = known.respond.model_copy(update={"note": known.pause_note})
        dates.append(_deadline(known, "respond_if_paused", rule, received, pauses, calendar, default=not region))
    return dates


def _law(law: str) -> Law:
    try:
        return known_laws()[law]
    except KeyError:
        raise ValueError(f"There are no rules for the law {law!r}; known are {', '.join(known_laws())}") from None


def _calendar(law: Law, region: str | None) -> str:
    if not law.default_region:
        return ""
    calendar = (region or law.default_region).upper()
    if region and calendar.partition("-")[0] not in law.countries:
        raise ValueError(f"{law.name} does not apply in region {region!r}. {law.region_hint}")
    return calendar


def _deadline(
    law: Law, what: str, rule: Rule, start: date, pauses: Sequence[Pause], calendar: str, *, default: bool
) -> Deadline:
    if rule.business_days:
        due, arithmetic = _business_days(rule.business_days, start, calendar)
    else:
        awaited = "a clarification" if law.clock_stops else "the person's proof of identity"
        due, arithmetic = _period(rule, start, pauses, calendar, awaited)
    assumed = law.default_note if default and (rule.business_days or rule.rolls) else ""
    explanation = " ".join(filter(None, (arithmetic, rule.note, assumed)))
    return Deadline(what, due, f"{law.id}.{what}@{law.pack}", rule.article, explanation)


def _business_days(count: int, start: date, calendar: str) -> tuple[date, str]:
    due, left_out = add_business_days(start, count, calendar)
    closed = _listed(["Saturdays", "Sundays", *(f"{name} ({in_words(day)})" for day, name in left_out)])
    return due, f"{count} business days from {in_words(start)} is {in_words(due)}; {closed} are not counted."


def _period(rule: Rule, start: date, pauses: Sequence[Pause], calendar: str, awaited: str) -> tuple[date, str]:
    if rule.months:
        length = "One month" if rule.months == 1 else f"{rule.months} months"
        end = start + relativedelta(months=rule.months)
    else:
        length = f"{rule.days} calendar days"
        end = start + (rule.days or 0) * DAY
    steps = [f"{length} from {in_words(start)} is {in_words(end)}"]
    if waited := _days_waited(start, end, pauses):
        end += waited * DAY
        steps.append(
            f"{waited} {'day' if waited == 1 else 'days'} of waiting for {awaited} do not count, "
            f"which gives {in_words(end)}"
        )
    due, reasons = next_working_day(end, calendar) if rule.rolls else (end, [])
    if reasons:
        passed = reasons[0]
        if not WEEKEND.issuperset(reasons[1:]):
            passed += f", followed by {_listed(reasons[1:])}"
        steps.append(f"that is {passed}, so the period ends on {in_words(due)}")
    return due, "; ".join(steps) + "."


def _days_waited(start: date, end: date, pauses: Sequence[Pause]) -> int:
    """Days inside the period, which each pause makes longer, on which the clock stood still; none counts twice."""
    waited = 0
    counted_to = start  # the first day of a period is not counted, so a pause saves nothing on it
    for first, last in sorted(pauses):
        if first > end + waited * DAY:
            break
        waited += max(0, (last - max(first - DAY, counted_to)).days)
        counted_to = max(counted_to, last)
    return waited


def in_words(day: date) -> str:
    """`Sat 31 Jan 2026`, whatever the locale."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
