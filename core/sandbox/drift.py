"""A plausible past of retention purposes: one comparison a day, in which now and then something has drifted."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

DECLARED = 14

# On how many days something drifts at the vendor, and on how many of the following days it is put right.
_DRIFTS, _PUT_RIGHT = 0.06, 0.2


@dataclass(frozen=True, slots=True)
class SampleComparison:
    """How the declared purposes of a connection stood when they were compared; the first three add up to DECLARED."""

    at: datetime
    connection: str
    in_force: int
    drifted: int
    missing: int
    undeclared: int
    latency_ms: int


def sample_comparisons(days: int, end: datetime, seed: int = 7) -> Iterator[SampleComparison]:
    """One comparison a day at three in the morning, UTC, over the `days` before `end`, oldest first; deterministic."""
    rng = random.Random(seed)
    drifted = missing = 0
    undeclared = 3
    first = (end - timedelta(days=days)).replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for day in range(days):
        at = first + timedelta(days=day)
        if at >= end:
            return
        if rng.random() < _DRIFTS:
            drifted = min(DECLARED - missing, drifted + rng.randrange(1, 4))
        elif drifted and rng.random() < _PUT_RIGHT:
            drifted = 0
        if rng.random() < 0.01:
            missing = 1 - missing
            drifted = min(drifted, DECLARED - missing)
        if rng.random() < 0.02:
            undeclared = max(0, undeclared + rng.choice((-1, 1)))
        yield SampleComparison(
            at, "genesys", DECLARED - drifted - missing, drifted, missing, undeclared, rng.randrange(300, 1800)
        )
