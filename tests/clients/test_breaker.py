"""The breaker opens on a rate, grows more patient, and lets one probe out at a time."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from core.clients.breaker import LONGEST_OPEN_SECONDS, UNLIMITED, Breaker

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def after(outcomes: str, *, every: float = 1.0) -> tuple[Breaker, datetime]:
    """A breaker that saw these calls: `.` good, `x` bad."""
    breaker, now = Breaker(), START
    for index, outcome in enumerate(outcomes):
        now = at(index * every)
        breaker = breaker.record(now, outcome == ".")
    return breaker, now


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("", "closed"),
        ("xxxx", "closed"),
        ("xxxxx", "open"),
        ("...xx", "closed"),
        ("..xxx", "open"),
        ("...xxx", "open"),
        ("x." * 2 + "x", "open"),
        ("..x" * 10, "closed"),
        ("." * 19 + "x" * 9, "closed"),
        ("." * 19 + "x" * 10, "open"),
    ],
)
def test_it_opens_when_half_of_the_last_twenty_calls_and_at_least_five_have_failed(outcomes: str, state: str) -> None:
    breaker, now = after(outcomes)
    assert breaker.state(now) == state


def test_eighty_percent_failures_that_never_come_twenty_in_a_row_open_it() -> None:
    breaker, now = after("xxxx." * 3)
    assert breaker.state(now) == "open"


def test_calls_older_than_a_minute_do_not_count() -> None:
    breaker, now = after("xxxxxxxx", every=16)
    assert breaker.state(now) == "closed"


def test_while_open_nothing_passes_for_thirty_seconds() -> None:
    breaker, now = after("xxxxx")
    assert breaker.permits(now) == 0
    assert breaker.permits(now + timedelta(seconds=29)) == 0
    assert breaker.next_at(now) == now + timedelta(seconds=30)
    assert breaker.state(now + timedelta(seconds=30)) == "half_open"
    assert Breaker().permits(now) == UNLIMITED
    assert Breaker().next_at(now) == now


def half_open() -> tuple[Breaker, datetime]:
    breaker, now = after("xxxxx")
    return breaker, now + timedelta(seconds=30)


def test_twenty_waiting_workers_send_one_probe() -> None:
    breaker, now = half_open()
    sent = 0
    for _ in range(20):
        if breaker.permits(now):
            breaker = breaker.start_probe(now)
            sent += 1
    assert sent == 1


def test_a_good_probe_closes_it_and_forgets_the_past() -> None:
    breaker, now = half_open()
    breaker = breaker.start_probe(now).record(now, ok=True)
    assert breaker == Breaker()
    for _ in range(4):
        breaker = breaker.record(now, ok=False)
    assert breaker.state(now) == "closed"


def test_each_bad_probe_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    breaker, now = half_open()
    waits = []
    for _ in range(7):
        breaker = breaker.start_probe(now).record(now, ok=False)
        waits.append((breaker.next_at(now) - now).total_seconds())
        now = breaker.next_at(now)
    assert waits == [60, 120, 240, 480, 900, 900, 900]
    assert waits[-1] == LONGEST_OPEN_SECONDS


def test_a_probe_nobody_reports_back_on_makes_way_for_another() -> None:
    breaker, now = half_open()
    breaker = breaker.start_probe(now)
    assert breaker.permits(now + timedelta(seconds=119)) == 0
    assert breaker.next_at(now) == now + timedelta(seconds=120)
    assert breaker.permits(now + timedelta(seconds=120)) == 1


def test_a_probe_that_says_nothing_of_the_vendors_health_makes_way_at_once() -> None:
    breaker, now = half_open()
    breaker = breaker.start_probe(now).record(now, ok=None)
    assert (breaker.state(now), breaker.permits(now)) == ("half_open", 1)


def test_neutral_answers_do_not_count() -> None:
    breaker, now = after("xxxx")
    assert breaker.record(now, ok=None) == breaker


def test_late_answers_to_calls_from_before_change_nothing() -> None:
    breaker, now = after("xxxxx")
    assert breaker.record(now, ok=False).record(now, ok=True) == breaker
    later = now + timedelta(seconds=31)
    assert breaker.record(later, ok=True) == breaker


def test_a_probe_starts_only_when_half_open() -> None:
    breaker, now = after("xxxxx")
    assert breaker.start_probe(now) == breaker
    assert Breaker().start_probe(now) == Breaker()


def test_a_clock_that_jumps_back_an_hour_does_not_keep_it_open() -> None:
    breaker, now = after("xxxxx")
    assert breaker.permits(now - timedelta(hours=1)) == 1
    assert breaker.permits(now - timedelta(seconds=1)) == 0
    probing = breaker.start_probe(now + timedelta(seconds=30))
    assert probing.permits(now - timedelta(hours=1)) == 1


def test_it_survives_json() -> None:
    for breaker in (Breaker(), after("x.x")[0], after("xxxxx")[0], half_open()[0].start_probe(START)):
        assert Breaker.from_json(json.loads(json.dumps(breaker.to_json()))) == breaker
    assert Breaker.from_json(None) == Breaker()
