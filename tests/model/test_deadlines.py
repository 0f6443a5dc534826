"""The dates the law sets: the agreed table, an independent reckoning, regions, pauses, and what is refused."""

import subprocess
import sys
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.deadlines import deadlines_for, laws, pack_version
from core.model.deadlines.working_days import next_working_day, public_holidays

DAY = timedelta(days=1)


def due(law: str, received: str, what: str = "respond", **options: Any) -> str:
    dates = {d.what: d.due for d in deadlines_for(law, date.fromisoformat(received), **options)}
    return dates[what].isoformat()


# --- the agreed table ---


@pytest.mark.parametrize("region", ["DE", None])
@pytest.mark.parametrize(
    ("received", "what", "expected"),
    [
        ("2026-01-31", "respond", "2026-03-02"),  # clamped to Sat 28 Feb, then Monday
        ("2026-01-31", "extended", "2026-04-30"),  # three months from receipt, clamped
        ("2024-01-31", "respond", "2024-02-29"),  # clamped in a leap year
        ("2026-08-31", "respond", "2026-09-30"),  # clamped
        ("2026-03-05", "respond", "2026-04-07"),  # 5 Apr Easter Sunday, 6 Apr Easter Monday
        ("2026-03-03", "respond", "2026-04-07"),  # 3 Apr Good Friday
    ],
)
def test_gdpr_dates_of_the_agreed_table(received: str, what: str, expected: str, region: str | None) -> None:
    assert due("gdpr", received, what, region=region) == expected


@pytest.mark.parametrize("region", [None, "GB", "GB-ENG", "GB-WLS", "GB-NIR"])
def test_uk_date_of_the_agreed_table(region: str | None) -> None:
    assert due("uk-gdpr", "2026-11-25", region=region) == "2026-12-29"  # Fri 25 Dec, Sat, Sun, substitute Mon


@pytest.mark.parametrize(
    ("what", "region", "expected"),
    [
        ("acknowledge", None, "2026-12-07"),  # Thanksgiving is left out
        ("acknowledge", "US-CA", "2026-12-08"),  # and the day after it
        ("opt_out", None, "2026-12-14"),
        ("respond", None, "2027-01-04"),
        ("extended", None, "2027-02-18"),
    ],
)
def test_ccpa_dates_of_the_agreed_table(what: str, region: str | None, expected: str) -> None:
    assert due("ccpa", "2026-11-20", what, region=region) == expected


# --- an independent reckoning ---


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm (Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def closed_in_germany(day: date) -> bool:
    fixed = {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}
    movable = {easter(day.year) + days * DAY for days in (-2, 1, 39, 50)}
    return day.weekday() in {5, 6} or (day.month, day.day) in fixed or day in movable


def end_of_month_period(received: date, months: int) -> date:
    month_index = received.year * 12 + received.month - 1 + months
    first = date(month_index // 12, month_index % 12 + 1, 1)
    last = (first + 31 * DAY).replace(day=1) - DAY
    end = min(first + (received.day - 1) * DAY, last)
    while closed_in_germany(end):
        end += DAY
    return end


@pytest.mark.parametrize("year", [2026, 2028])
def test_every_day_of_the_year_agrees_with_an_independent_reckoning(year: int) -> None:
    day = date(year, 1, 1)
    while day.year == year:
        dates = {d.what: d.due for d in deadlines_for("gdpr", day, region="DE")}
        one_month = end_of_month_period(day, 1)
        expected = {"respond": one_month, "extension_notice": one_month, "extended": end_of_month_period(day, 3)}
        assert dates == expected, day
        day += DAY


@settings(max_examples=100, deadline=None)
@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_without_a_region_a_gdpr_deadline_is_never_later_than_in_germany(received: date) -> None:
    assert due("gdpr", received.isoformat()) <= due("gdpr", received.isoformat(), region="DE")


@settings(max_examples=100, deadline=None)
@given(st.dates(date(2010, 1, 1), date(2099, 12, 31)), st.sampled_from([law.id for law in laws()]))
def test_every_law_answers_for_every_day_and_never_before_receipt(received: date, law: str) -> None:
    dates = {d.what: d.due for d in deadlines_for(law, received)}
    assert received < dates["respond"]
    assert dates.get("acknowledge", received) <= dates["respond"]
    assert dates.get("extension_notice", dates["respond"]) == dates["respond"]
    assert dates["respond"] < dates.get("extended", date.max)


# --- regions and their holidays ---


@pytest.mark.parametrize(
    ("law", "region", "received", "expected"),
    [
        ("gdpr", "FR", "2026-03-03", "2026-04-03"),  # Good Friday is a working day in France
        ("gdpr", "IE", "2026-02-17", "2026-03-18"),  # St Patrick's Day
        ("gdpr", "DE", "2026-02-08", "2026-03-09"),  # 8 Mar is a Sunday
        ("gdpr", "DE-BE", "2027-02-08", "2027-03-09"),  # Women's Day, in Berlin
        ("gdpr", "DE", "2027-02-08", "2027-03-08"),  # but not in the whole of Germany
        ("gdpr", "de-be", "2027-02-08", "2027-03-09"),
        ("uk-gdpr", "GB-ENG", "2026-03-06", "2026-04-07"),  # Easter Monday
        ("uk-gdpr", "GB-SCT", "2026-03-06", "2026-04-06"),  # which Scotland does not have
        ("uk-gdpr", None, "2026-03-06", "2026-04-06"),  # nor, then, the whole kingdom
    ],
)
def test_the_holidays_of_the_region_count(law: str, region: str | None, received: str, expected: str) -> None:
    assert due(law, received, region=region) == expected


def test_a_federal_holiday_on_a_saturday_is_left_out_on_the_friday_before() -> None:
    # 1 Jan 2028 is a Saturday, so Fri 31 Dec 2027 is closed; ten business days from Fri 17 Dec 2027.
    assert due("ccpa", "2027-12-17", "acknowledge") == "2028-01-04"


def test_every_country_has_a_calendar_for_the_whole_span_of_years() -> None:
    gdpr = next(law for law in laws() if law.id == "gdpr")
    assert len(gdpr.countries) == 30
    for country in (*gdpr.countries, "EU", "GB", "US", "US-CA"):
        for year in (2010, 2026, 2100):
            assert date(year, 12, 25) in public_holidays(country, year), (country, year)


def test_a_working_day_stays_where_it_is() -> None:
    assert next_working_day(date(2026, 11, 20), "DE") == (date(2026, 11, 20), [])


@pytest.mark.parametrize(
    ("law", "region", "says"),
    [
        ("gdpr", "US", "EU GDPR does not apply in region 'US'"),
        ("gdpr", "GB", "FR, IE, DE, DE-BE"),
        ("gdpr", "EU", "does not apply"),
        ("gdpr", "DE-XX", "No public holidays are known for region 'DE-XX'"),
        ("uk-gdpr", "DE", "GB-ENG"),
        ("ccpa", "DE", "US-CA"),
    ],
)
def test_a_region_the_law_does_not_cover_is_refused_with_one_that_it_does(law: str, region: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        deadlines_for(law, date(2026, 1, 31), region=region)


def test_a_region_changes_nothing_where_calendar_days_alone_count() -> None:
    assert deadlines_for("us-va", date(2026, 1, 31), region="DE") == deadlines_for("us-va", date(2026, 1, 31))


# --- a clock that starts late or stands still ---


def test_the_uk_month_begins_when_the_identity_information_arrives() -> None:
    assert due("uk-gdpr", "2026-03-02", start=date(2026, 3, 16)) == "2026-04-16"


def test_days_of_waiting_for_a_clarification_do_not_count_both_ends_included() -> None:
    pauses = [(date(2026, 6, 8), date(2026, 6, 12))]
    assert due("uk-gdpr", "2026-06-01", pauses=pauses) == "2026-07-06"
    assert due("uk-gdpr", "2026-06-01", "extension_notice", pauses=pauses) == "2026-07-06"
    (respond, *_) = deadlines_for("uk-gdpr", date(2026, 6, 1), pauses=pauses)
    assert "5 days of waiting for a clarification do not count" in respond.explanation


def test_a_day_that_two_pauses_share_is_left_out_once() -> None:
    whole = (date(2026, 6, 8), date(2026, 6, 18))
    inside = [(date(2026, 6, 9), date(2026, 6, 10)), (date(2026, 6, 12), date(2026, 6, 14))]
    assert due("uk-gdpr", "2026-06-01", pauses=[*inside, whole]) == due("uk-gdpr", "2026-06-01", pauses=[whole])


@settings(max_examples=100, deadline=None)
@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.lists(st.tuples(st.integers(-10, 60), st.integers(0, 20)), max_size=4),
)
def test_pauses_agree_with_counting_one_day_at_a_time(received: date, spans: list[tuple[int, int]]) -> None:
    pauses = [(received + offset * DAY, received + (offset + length) * DAY) for offset, length in spans]
    month = received.month % 12 + 1
    year = received.year + (received.month == 12)
    last = (date(year, month, 1) + 31 * DAY).replace(day=1) - DAY
    left = (min(date(year, month, 1) + (received.day - 1) * DAY, last) - received).days
    day = received
    while left:
        day += DAY
        left -= not any(first <= day <= final for first, final in pauses)
    assert due("uk-gdpr", received.isoformat(), pauses=pauses) == next_working_day(day, "GB")[0].isoformat()


@pytest.mark.parametrize("law", ["ccpa", "us-va"])
def test_where_the_law_counts_from_receipt_nothing_moves_or_stops_the_clock(law: str) -> None:
    for options in ({"start": date(2026, 2, 2)}, {"pauses": [(date(2026, 2, 2), date(2026, 2, 3))]}):
        with pytest.raises(ValueError, match="counts from receipt"):
            due(law, "2026-01-31", **options)


def test_under_the_eu_gdpr_a_pause_moves_no_date_and_shows_a_second_one() -> None:
    pauses = [(date(2026, 6, 8), date(2026, 6, 12))]
    plain, paused = deadlines_for("gdpr", date(2026, 6, 1)), deadlines_for("gdpr", date(2026, 6, 1), pauses=pauses)
    assert paused[:-1] == plain
    second = paused[-1]
    assert (second.what, second.due) == ("respond_if_paused", date(2026, 7, 6))
    assert "Not settled across the Union" in second.explanation
    assert "Not settled" not in plain[0].explanation
    with pytest.raises(ValueError, match="counts from receipt"):
        due("gdpr", "2026-06-01", start=date(2026, 6, 2))


def test_the_rules_of_another_version_are_not_used_for_a_request_that_pinned_its_own() -> None:
    assert due("gdpr", "2026-03-05", region="DE", pack=pack_version("gdpr")) == "2026-04-07"
    with pytest.raises(ValueError, match=r"gdpr/2018\.1.* are not part of this Privacy Desk any more"):
        due("gdpr", "2026-03-05", pack="gdpr/2018.1")


def test_a_start_before_receipt_and_a_pause_that_ends_before_it_begins_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot start before"):
        due("uk-gdpr", "2026-03-02", start=date(2026, 3, 1))
    with pytest.raises(ValueError, match="cannot end before"):
        due("uk-gdpr", "2026-03-02", pauses=[(date(2026, 3, 5), date(2026, 3, 4))])


# --- what is refused ---


@pytest.mark.parametrize("law", ["", "GDPR", "hipaa", "../gdpr"])
def test_an_unknown_law_is_refused_with_the_known_ones(law: str) -> None:
    with pytest.raises(ValueError, match=r"known are gdpr, uk-gdpr, ccpa, us-va"):
        deadlines_for(law, date(2026, 1, 31))
    with pytest.raises(ValueError, match="known are gdpr"):
        pack_version(law)


@pytest.mark.parametrize("received", [date.min, date(2009, 12, 31), date(2100, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("law", ["gdpr", "uk-gdpr", "ccpa", "us-va"])
def test_a_year_out_of_range_is_refused_in_plain_words(law: str, received: date) -> None:
    with pytest.raises(ValueError, match=f"The year {received.year} is out of range: give a day from 2010 to 2099"):
        deadlines_for(law, received)


def test_an_instant_is_no_day() -> None:
    with pytest.raises(TypeError, match="not at an instant"):
        deadlines_for("gdpr", datetime(2026, 1, 31, 23, 30))  # noqa: DTZ001 - the mistake this is about


def test_the_holiday_package_is_loaded_only_when_a_day_is_counted() -> None:
    script = "import sys, core.model.deadlines as d; d.laws(); sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
