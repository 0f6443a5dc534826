"""Every day of 2026 and of the leap year 2028 against a reckoning that shares nothing with the rule packs."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from core.model.deadlines import deadlines_for
from tests.model.test_deadlines import easter

DAY = timedelta(days=1)
YEARS = [2026, 2028]


def days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += DAY


def nth(year: int, month: int, weekday: int, number: int) -> date:
    """The `number`-th such weekday of a month, Monday being 0."""
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * DAY


def last(year: int, month: int, weekday: int) -> date:
    end = date(year + month // 12, month % 12 + 1, 1) - DAY
    return end - (end.weekday() - weekday) % 7 * DAY


def closed_in_england(year: int) -> set[date]:
    """Bank holidays; one on a weekend is taken on the next day that is not closed already (substitute day)."""
    fixed = [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]
    closed = {
        easter(year) - 2 * DAY,
        easter(year) + DAY,
        nth(year, 5, 0, 1),
        last(year, 5, 0),
        last(year, 8, 0),
    }
    for day in fixed:
        if day.weekday() < 5:
            closed.add(day)
    for day in fixed:
        if day.weekday() >= 5:
            while day.weekday() >= 5 or day in closed:
                day += DAY
            closed.add(day)
    return closed


def closed_in_the_united_states(year: int) -> set[date]:
    """Federal holidays; one on a Saturday is taken on the Friday before, one on a Sunday on the Monday after."""
    closed = {
        nth(year, 1, 0, 3),
        nth(year, 2, 0, 3),
        last(year, 5, 0),
        nth(year, 9, 0, 1),
        nth(year, 10, 0, 2),
        nth(year, 11, 3, 4),
    }
    for month, number in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)):
        day = date(year, month, number)
        closed.add(day + {5: -DAY, 6: DAY}.get(day.weekday(), 0 * DAY))
    first = date(year + 1, 1, 1)
    return closed | ({first - DAY} if first.weekday() == 5 else set())


def months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return min(first + (day.day - 1) * DAY, (first + 31 * DAY).replace(day=1) - DAY)


def due(law: str, received: date, region: str) -> dict[str, date]:
    return {d.what: d.due for d in deadlines_for(law, received, region=region)}


@pytest.mark.parametrize("year", YEARS)
def test_the_uk_gdpr_in_england(year: int) -> None:
    closed = closed_in_england(year) | closed_in_england(year + 1)
    for received in days_of(year):
        expected = []
        for months in (1, 3):
            end = months_later(received, months)
            while end.weekday() >= 5 or end in closed:
                end += DAY
            expected.append(end)
        found = due("uk-gdpr", received, "GB-ENG")
        assert [found["respond"], found["extension_notice"], found["extended"]] == [expected[0], *expected], received


@pytest.mark.parametrize("year", YEARS)
def test_the_ccpa_with_federal_holidays(year: int) -> None:
    closed = closed_in_the_united_states(year) | closed_in_the_united_states(year + 1)
    for received in days_of(year):
        day, worked = received, 0
        business: dict[int, date] = {}
        while worked < 15:
            day += DAY
            worked += day.weekday() < 5 and day not in closed
            business[worked] = business.get(worked, day)
        assert due("ccpa", received, "US") == {
            "acknowledge": business[10],
            "respond": received + 45 * DAY,
            "extension_notice": received + 45 * DAY,
            "extended": received + 90 * DAY,
            "opt_out": business[15],
        }, received


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(
    ("law", "respond", "extended"), [("us-va", 45, 90), ("us-fl", 45, 60), ("us-ia", 90, 135), ("ca-pipeda", 30, 60)]
)
def test_laws_that_count_in_calendar_days(year: int, law: str, respond: int, extended: int) -> None:
    for received in days_of(year):
        found = {d.what: (d.due - received).days for d in deadlines_for(law, received)}
        assert found == {"respond": respond, "extension_notice": respond, "extended": extended}, received
