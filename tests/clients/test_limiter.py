"""The limiter uses the limit, keeps to it in every window, and no clock can stall it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clients.limiter import PAUSE_SECONDS, Limiter, LimiterState

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def run(limiter: Limiter, seconds: float, *, nap: float = 0.0, want: int = 50) -> list[datetime]:
    """When permits were granted to somebody who asks whenever the limiter says there is one, or naps longer."""
    state, now, granted = LimiterState(), START, []
    end = START + timedelta(seconds=seconds)
    while now < end:
        count, state, due = limiter.take(state, now, want)
        granted += [now] * count
        now = max(due, now + timedelta(seconds=nap))
    return granted


def most_in_a_window(moments: list[datetime], seconds: float = 60.0) -> int:
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > timedelta(seconds=seconds):
            first += 1
        most = max(most, last - first + 1)
    return most


def test_at_600_a_minute_it_uses_98_percent_and_never_exceeds_it_in_any_60_seconds() -> None:
    granted = run(Limiter(600), 600)
    assert len(granted) >= 0.98 * 6000
    assert most_in_a_window(granted) <= 600


def test_a_worker_that_comes_by_twice_a_second_still_uses_98_percent() -> None:
    granted = run(Limiter(600), 600, nap=0.5)
    assert len(granted) >= 0.98 * 6000
    assert most_in_a_window(granted) <= 600


@pytest.mark.parametrize("per_minute", [1, 2, 3, 10, 60, 300, 1000])
def test_every_limit_is_used_and_kept(per_minute: int) -> None:
    granted = run(Limiter(per_minute), 1800)
    assert 0.97 * 30 * per_minute <= len(granted)
    assert most_in_a_window(granted) <= per_minute


@given(
    per_minute=st.integers(1, 120),
    burst=st.integers(0, 150),
    steps=st.lists(st.tuples(st.floats(0, 90), st.integers(0, 200)), max_size=80),
)
@settings(max_examples=60, deadline=None)
def test_no_way_of_asking_gets_more_than_the_limit(per_minute: int, burst: int, steps: list[tuple[float, int]]) -> None:
    limiter, state, now = Limiter(per_minute, burst), LimiterState(), START
    granted: list[datetime] = []
    for wait, want in steps:
        now += timedelta(seconds=wait)
        count, state, due = limiter.take(state, now, want)
        assert 0 <= count <= want
        assert due >= now
        granted += [now] * count
    assert most_in_a_window(granted) <= per_minute


def test_when_it_grants_nothing_it_names_the_moment_it_will() -> None:
    limiter = Limiter(600)
    count, state, due = limiter.take(LimiterState(), START, 100)
    assert count == limiter.burst
    assert limiter.take(state, due - timedelta(milliseconds=2), 1)[0] == 0
    assert limiter.take(state, due, 1)[0] == 1


def test_asking_for_nothing_changes_nothing() -> None:
    state = LimiterState(arrival=START.timestamp() + 1)
    assert Limiter(60).take(state, START, 0)[:2] == (0, state)


def test_after_a_429_nothing_goes_out_before_the_floor_and_no_flood_after_it() -> None:
    limiter = Limiter(600)
    state = limiter.slow_down(LimiterState(), START, 30)
    count, state, due = limiter.take(state, START + timedelta(seconds=29), 100)
    assert (count, due) == (0, START + timedelta(seconds=30))
    assert limiter.take(state, due, 100)[0] == limiter.burst


def test_a_429_without_a_floor_pauses_a_little_and_the_longest_of_several_holds() -> None:
    limiter = Limiter(600)
    state = limiter.slow_down(LimiterState(), START)
    assert limiter.take(state, START, 1)[2] == START + timedelta(seconds=PAUSE_SECONDS)
    state = limiter.slow_down(limiter.slow_down(state, START, 60), START, 0)
    assert limiter.take(state, START, 1)[2] == START + timedelta(seconds=60)


def test_a_clock_that_jumps_back_stalls_it_by_no_more_than_the_burst() -> None:
    limiter = Limiter(600)
    _, state, _ = limiter.take(LimiterState(), START, 100)
    earlier = START - timedelta(hours=1)
    _, _, due = limiter.take(state, earlier, 1)
    assert due - earlier <= timedelta(seconds=limiter.burst * limiter.interval)


def test_a_clock_that_jumps_back_prolongs_a_pause_by_itself_at_most() -> None:
    limiter = Limiter(600)
    state = limiter.slow_down(LimiterState(), START, 30)
    earlier = START - timedelta(hours=1)
    assert limiter.take(state, earlier, 1)[2] <= earlier + timedelta(seconds=30)


def test_the_state_survives_json() -> None:
    state = Limiter(600).slow_down(LimiterState(arrival=1.5), START, 3)
    assert LimiterState.from_json(json.loads(json.dumps(state.to_json()))) == state
    assert LimiterState.from_json(None) == LimiterState()
