"""The invented past: plausible, in order, and the same every time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from core.model.deadlines import laws
from core.model.privacy_requests import SUCCESSFUL, TERMINAL, WAITS_FOR_A_PERSON, RequestType, TaskState
from core.sandbox.history import SampleRequest, sample_history

END = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def year() -> list[SampleRequest]:
    return list(sample_history(365, 8000, END))


def test_the_same_seed_tells_the_same_story_and_another_seed_another(year: list[SampleRequest]) -> None:
    assert list(sample_history(365, 8000, END)) == year
    assert list(sample_history(365, 8000, END, seed=8)) != year


def test_it_is_in_time_order_and_within_its_days(year: list[SampleRequest]) -> None:
    assert len(year) == 8000
    filed = [one.filed_at for one in year]
    assert filed == sorted(filed)
    assert END - timedelta(days=365) <= filed[0]
    assert filed[-1] <= END


def test_nothing_happens_after_the_end_or_before_the_filing(year: list[SampleRequest]) -> None:
    for one in year:
        steps = (one.approved_at, one.released_at, one.sent_at, one.submitted_at, one.finished_at, one.ended_at)
        times = [t for t in (one.filed_at, *steps, END) if t]
        assert times == sorted(times)


def test_some_wait_for_approval_some_are_held_some_are_late_and_some_are_denied(year: list[SampleRequest]) -> None:
    erasures = [one for one in year if one.type is RequestType.ERASURE]
    assert sum(one.approved_at is not None for one in erasures) / len(erasures) == pytest.approx(0.33, abs=0.03)
    assert 10 < sum(one.released_at is not None for one in year) < 80
    slow = [one for one in year if one.ended_at and one.ended_at - one.filed_at > timedelta(days=30)]
    assert 20 < len(slow) < 150
    assert any(one.extended for one in slow)
    assert not all(one.extended for one in slow)
    assert {one.denial is not None for one in year if one.outcome is TaskState.REFUSED} == {True}
    assert {one.denial for one in year if one.outcome is not TaskState.REFUSED} == {None}
    assert 0.1 < sum(one.throttled > 0 for one in year) / len(year) < 0.2


def test_times_and_counts_agree_with_the_outcome(year: list[SampleRequest]) -> None:
    for one in year:
        assert (one.ended_at is not None) == (one.outcome in TERMINAL)
        assert (one.attempts > 0) == (one.submitted_at is not None)
        assert (one.error is not None) == (
            one.outcome
            in WAITS_FOR_A_PERSON
            | {TaskState.FAILED, TaskState.PARTLY_COMPLETED, TaskState.REFUSED, TaskState.UNKNOWN_VENDOR_STATUS}
        )
        assert (one.finished_at is not None) == (one.ended_at is not None and one.submitted_at is not None)
        if one.outcome in SUCCESSFUL:
            assert one.vendor_request_id
            assert (one.records_affected == 0) == (one.outcome is TaskState.NOTHING_FOUND)
        if one.cascade:
            assert one.records_affected == sum(entry.records for entry in one.cascade)
            assert one.type is RequestType.ERASURE


def test_the_mix_is_what_a_privacy_team_sees(year: list[SampleRequest]) -> None:
    share = {state: n / len(year) for state, n in Counter(one.outcome for one in year).items()}
    assert share[TaskState.COMPLETED] == pytest.approx(0.90, abs=0.02)
    assert share[TaskState.NOTHING_FOUND] == pytest.approx(0.04, abs=0.01)
    assert share[TaskState.FAILED] == pytest.approx(0.03, abs=0.01)
    assert share[TaskState.PARTLY_COMPLETED] == pytest.approx(0.015, abs=0.01)
    assert sum(one.type is RequestType.ERASURE for one in year) / len(year) == pytest.approx(0.8, abs=0.02)
    assert Counter(one.law for one in year).most_common(1)[0][0] == "gdpr"
    assert all(1 <= len(set(one.categories)) == len(one.categories) <= 5 for one in year)
    assert not any("ANALYTICS" in one.categories for one in year)


def test_every_law_has_a_rule_pack(year: list[SampleRequest]) -> None:
    assert {one.law for one in year} <= {law.id for law in laws()}


def test_weekdays_are_busier_than_weekends(year: list[SampleRequest]) -> None:
    by_day = Counter(one.filed_at.weekday() for one in year)
    assert max(by_day[5], by_day[6]) * 2 < min(by_day[day] for day in range(5))


def test_one_week_goes_badly(year: list[SampleRequest]) -> None:
    start = END - timedelta(days=365 * 0.4)
    week = [one for one in year if start <= one.filed_at < start + timedelta(days=7)]
    failed = sum(one.outcome is TaskState.FAILED for one in week)
    others = sum(one.outcome is TaskState.FAILED for one in year) - failed
    assert failed / len(week) > 5 * others / (len(year) - len(week))


@pytest.mark.parametrize("requests", [40, 8000])
def test_the_newest_are_still_open(requests: int) -> None:
    newest = {one.outcome for one in list(sample_history(60, requests, END))[-12:]}
    assert newest == {
        TaskState.QUEUED,
        TaskState.IN_PROGRESS,
        TaskState.OUTCOME_UNKNOWN,
        TaskState.NEEDS_PERSON,
        TaskState.UNKNOWN_VENDOR_STATUS,
    }


def test_a_small_history_is_mostly_finished() -> None:
    assert len(list(sample_history(1, 1, END))) == 1
    open_ones = [one for one in sample_history(90, 9, END) if one.outcome not in TERMINAL]
    assert 3 <= len(open_ones) < 6


def test_the_end_may_be_told_in_any_zone_but_must_have_one() -> None:
    offset = END.astimezone(tz=datetime.strptime("+0530", "%z").tzinfo)
    assert list(sample_history(10, 20, offset)) == list(sample_history(10, 20, END))
    with pytest.raises(ValueError, match="time zone"):
        sample_history(10, 20, END.replace(tzinfo=None))


@pytest.mark.parametrize(("days", "requests"), [(0, 10), (10, 0), (-1, 5)])
def test_an_empty_history_is_refused(days: int, requests: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        sample_history(days, requests, END)
