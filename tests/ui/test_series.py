"""Days gathered into weeks: nothing is lost, and a mean stays the mean."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.store.measures import Day
from core.ui.series import Span, spans

SUNDAY = date(2026, 11, 15)


def test_a_short_period_is_kept_day_by_day() -> None:
    assert spans([Day(SUNDAY, 3, 1, 1500.0)], 92) == [Span(SUNDAY, 1, 3, 1, 1500.0)]


def test_a_long_period_becomes_weeks_from_monday() -> None:
    monday = SUNDAY + timedelta(days=1)
    found = spans(
        [Day(SUNDAY, 3, 1, 1000.0), Day(monday, 1, 0, 500.0), Day(monday + timedelta(days=6), 1, 2, 900.0)], 93
    )
    assert found == [Span(date(2026, 11, 9), 7, 3, 1, 1000.0), Span(monday, 7, 2, 2, 800.0)]


def test_a_success_rate_is_a_share_of_what_ended() -> None:
    assert Span(SUNDAY, 1, 3, 1, None).success_rate == 0.75
    assert Span(SUNDAY, 1, 0, 0, None).success_rate is None


def test_a_week_without_any_latency_has_no_mean() -> None:
    assert spans([Day(SUNDAY, 1, 0, None)], 365)[0].mean_latency_ms is None


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50), st.integers(1, 50), st.integers(0, 10**9)), max_size=60)
)
def test_weeks_hold_exactly_what_their_days_held(numbers: list[tuple[int, int, int, int]]) -> None:
    days = [
        Day(SUNDAY + timedelta(days=offset), successful, failed, float(mean))
        for offset, (successful, failed, mean) in sorted({offset: rest for offset, *rest in numbers}.items())
    ]
    weeks = spans(days, 365)
    assert sum(week.successful for week in weeks) == sum(day.successful for day in days)
    assert sum(week.failed for week in weeks) == sum(day.failed for day in days)
    assert [week.start for week in weeks] == sorted({week.start for week in weeks})
    total = sum((day.mean_latency_ms or 0) * (day.successful + day.failed) for day in days)
    again = sum((week.mean_latency_ms or 0) * (week.successful + week.failed) for week in weeks)
    assert abs(total - again) <= 1e-6 * max(total, 1)
