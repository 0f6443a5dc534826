"""The retry table, cell by cell, as reliability promises it."""

import random

import pytest

from core.clients.outcomes import BreakerEffect, Decision, Outcome, Sending, Verdict
from core.clients.retry_table import TABLE, backoff_seconds, outcome_of, verdict

SUCCESS, RETRY, LOOK_UP = Decision.SUCCESS, Decision.RETRY, Decision.LOOK_UP
REFRESH, ATTACH, PERMANENT = Decision.REFRESH_TOKEN, Decision.ATTACH, Decision.PERMANENT
GOOD, BAD, NEUTRAL = BreakerEffect.SUCCESS, BreakerEffect.FAILURE, BreakerEffect.NEUTRAL

# outcome: (GET and PUT, POST with a key, POST without one, breaker)
PROMISED = {
    Outcome.ANSWERED: (SUCCESS, SUCCESS, SUCCESS, GOOD),
    Outcome.NOT_SENT: (RETRY, RETRY, RETRY, BAD),
    Outcome.INTERRUPTED: (RETRY, RETRY, LOOK_UP, BAD),
    Outcome.RATE_LIMITED: (RETRY, RETRY, RETRY, NEUTRAL),
    Outcome.SERVER_FAILED: (RETRY, RETRY, LOOK_UP, BAD),
    Outcome.UNAUTHENTICATED: (REFRESH, REFRESH, REFRESH, NEUTRAL),
    Outcome.TRY_LATER: (RETRY, RETRY, LOOK_UP, NEUTRAL),
    Outcome.CONFLICT: (PERMANENT, ATTACH, ATTACH, NEUTRAL),
    Outcome.REFUSED: (PERMANENT, PERMANENT, PERMANENT, NEUTRAL),
    Outcome.NOT_JSON: (RETRY, RETRY, LOOK_UP, BAD),
    Outcome.TOO_LARGE: (PERMANENT, RETRY, LOOK_UP, NEUTRAL),
    Outcome.CONTRACT_VIOLATION: (PERMANENT, RETRY, LOOK_UP, NEUTRAL),
}

CELLS = [
    pytest.param(outcome, sending, row[column], row[3], id=f"{outcome}-{sending}")
    for outcome, row in PROMISED.items()
    for column, sending in enumerate((Sending.REPEATABLE, Sending.KEYED, Sending.UNKEYED))
]


def test_every_outcome_has_a_row() -> None:
    assert set(TABLE) == set(PROMISED) == set(Outcome)


@pytest.mark.parametrize(("outcome", "sending", "decision", "breaker"), CELLS)
def test_cell(outcome: Outcome, sending: Sending, decision: Decision, breaker: BreakerEffect) -> None:
    assert verdict(outcome, sending, 7.0) == Verdict(decision, breaker, 7.0)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), Outcome.ANSWERED),
        ((300, 301, 302, 303, 304, 307, 308), Outcome.REFUSED),
        ((400, 402, 403, 404, 405, 406, 410, 413, 415, 422, 451, 499), Outcome.REFUSED),
        ((401,), Outcome.UNAUTHENTICATED),
        ((408, 425), Outcome.TRY_LATER),
        ((409,), Outcome.CONFLICT),
        ((429,), Outcome.RATE_LIMITED),
        ((500, 501, 502, 503, 504, 520, 524, 599), Outcome.SERVER_FAILED),
        ((101, 199, 600, 999), Outcome.INTERRUPTED),
    ],
)
def test_each_status_has_its_row(statuses: tuple[int, ...], outcome: Outcome) -> None:
    assert {outcome_of(status) for status in statuses} == {outcome}


def test_a_post_without_a_key_is_never_sent_again_once_it_may_have_been_done() -> None:
    certainly_not_done = {
        Outcome.ANSWERED,
        Outcome.NOT_SENT,
        Outcome.RATE_LIMITED,
        Outcome.UNAUTHENTICATED,
        Outcome.CONFLICT,
        Outcome.REFUSED,
    }
    for outcome in set(Outcome) - certainly_not_done:
        assert verdict(outcome, Sending.UNKEYED).decision is LOOK_UP


def test_backoff_is_full_jitter_between_nothing_and_the_doubled_base() -> None:
    rng = random.Random(1)
    for attempt, most in [(0, 2.0), (1, 4.0), (2, 8.0), (5, 60.0), (10_000, 60.0), (-3, 2.0)]:
        waits = [backoff_seconds(attempt, 2.0, 60.0, rng) for _ in range(2000)]
        assert 0 <= min(waits) < 0.05 * most
        assert 0.95 * most < max(waits) <= most
        assert sum(waits) / len(waits) == pytest.approx(most / 2, rel=0.1)
