"""The retry table: from how an attempt ended and how it was sent, to what follows and how long to wait."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from core.auth.retry_after import retry_after_seconds
from core.clients.outcomes import BreakerEffect, Decision, Outcome, Sending, Verdict

__all__ = ["TABLE", "Row", "backoff_seconds", "outcome_of", "retry_after_seconds", "verdict"]


@dataclass(frozen=True)
class Row:
    """One row: a decision for each way of sending, and what the breaker learns."""

    repeatable: Decision
    keyed: Decision
    unkeyed: Decision
    breaker: BreakerEffect


_D, _B = Decision, BreakerEffect

TABLE: Mapping[Outcome, Row] = {
    # outcome                            GET, PUT         POST with a key  POST without    breaker
    Outcome.ANSWERED: Row(_D.SUCCESS, _D.SUCCESS, _D.SUCCESS, _B.SUCCESS),
    Outcome.NOT_SENT: Row(_D.RETRY, _D.RETRY, _D.RETRY, _B.FAILURE),
    Outcome.INTERRUPTED: Row(_D.RETRY, _D.RETRY, _D.LOOK_UP, _B.FAILURE),
    Outcome.RATE_LIMITED: Row(_D.RETRY, _D.RETRY, _D.RETRY, _B.NEUTRAL),
    Outcome.SERVER_FAILED: Row(_D.RETRY, _D.RETRY, _D.LOOK_UP, _B.FAILURE),
    Outcome.UNAUTHENTICATED: Row(_D.REFRESH_TOKEN, _D.REFRESH_TOKEN, _D.REFRESH_TOKEN, _B.NEUTRAL),
    Outcome.TRY_LATER: Row(_D.RETRY, _D.RETRY, _D.LOOK_UP, _B.NEUTRAL),
    Outcome.CONFLICT: Row(_D.PERMANENT, _D.ATTACH, _D.ATTACH, _B.NEUTRAL),
    Outcome.REFUSED: Row(_D.PERMANENT, _D.PERMANENT, _D.PERMANENT, _B.NEUTRAL),
    # A 2xx whose body is of no use. The vendor has done something, so a POST goes the way of an interrupted
    # one. A page of HTML on a GET is a proxy or a maintenance window and passes; the others do not.
    Outcome.NOT_JSON: Row(_D.RETRY, _D.RETRY, _D.LOOK_UP, _B.FAILURE),
    Outcome.TOO_LARGE: Row(_D.PERMANENT, _D.RETRY, _D.LOOK_UP, _B.NEUTRAL),
    Outcome.CONTRACT_VIOLATION: Row(_D.PERMANENT, _D.RETRY, _D.LOOK_UP, _B.NEUTRAL),
}

_NAMED_STATUSES: Mapping[int, Outcome] = {
    401: Outcome.UNAUTHENTICATED,
    408: Outcome.TRY_LATER,
    409: Outcome.CONFLICT,
    425: Outcome.TRY_LATER,
    429: Outcome.RATE_LIMITED,
}


def outcome_of(status: int) -> Outcome:
    """The row of an HTTP status.

    Every 5xx counts as the vendor's failure (content networks add their own, 520 to 530), and a status
    outside 200 to 599 as an interrupted exchange, because it says nothing about the request.
    """
    if status in _NAMED_STATUSES:
        return _NAMED_STATUSES[status]
    if 200 <= status < 300:
        return Outcome.ANSWERED
    if 300 <= status < 500:
        return Outcome.REFUSED
    return Outcome.SERVER_FAILED if 500 <= status < 600 else Outcome.INTERRUPTED


def verdict(outcome: Outcome, sending: Sending, floor_seconds: float | None = None) -> Verdict:
    """The table's cell."""
    row = TABLE[outcome]
    decision = {
        Sending.REPEATABLE: row.repeatable,
        Sending.KEYED: row.keyed,
        Sending.UNKEYED: row.unkeyed,
    }[sending]
    return Verdict(decision, row.breaker, floor_seconds)


def backoff_seconds(attempt: int, base: float, cap: float, rng: random.Random) -> float:
    """Full jitter: anything from 0 to `min(cap, base·2^attempt)` seconds, `attempt` counting from 0.

    Full rather than equal jitter, because it needs the fewest calls until everybody is through (AWS,
    "Exponential backoff and jitter").
    """
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(max(attempt, 0), 64)))
