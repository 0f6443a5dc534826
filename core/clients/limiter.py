"""A rate limiter (GCRA) as pure functions over a state of three numbers, so that the state can live in a database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

# A minute and a little, because one call's way to the vendor may take longer than the next one's.
WINDOW_SECONDS = 60.3
# How long everybody holds back after a 429 that does not say for how long.
PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class LimiterState:
    """`arrival` is when the next permit would be on schedule, `not_before` the end of a pause of `pause` seconds.

    Instants are Unix seconds: the state outlives processes, which a monotonic clock does not.
    """

    arrival: float = 0.0
    not_before: float = 0.0
    pause: float = 0.0

    def to_json(self) -> dict[str, float]:
        return {"arrival": self.arrival, "not_before": self.not_before, "pause": self.pause}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """The state that `to_json` gave; the initial one for None."""
        return cls(**{name: float(value) for name, value in (stored or {}).items()})


@dataclass(frozen=True)
class Limiter:
    """At most `per_minute` permits in any 60 seconds, `burst` of them at once.

    A window can hold the burst and the steady flow together, so the flow is the limit less the burst: only so
    does a vendor who counts by the clock's minute, or by a sliding one, never see more than the limit. The
    default burst of 1 % leaves 98.6 % of 600 a minute as the flow and makes up for delays of up to 0.6 s.
    """

    per_minute: int
    burst: int = 0

    def __post_init__(self) -> None:
        wanted = self.burst or self.per_minute // 100
        object.__setattr__(self, "burst", max(1, min(wanted, self.per_minute - 1)))

    @property
    def interval(self) -> float:
        """Seconds between two permits of the steady flow."""
        return WINDOW_SECONDS / (self.per_minute - self.burst + 1)

    def take(self, state: LimiterState, now: datetime, want: int) -> tuple[int, LimiterState, datetime]:
        """How many of `want` permits are granted, the state after that, and when the next one will be there."""
        moment = now.timestamp()
        state = self._plausible(state, moment)
        depth = self.burst * self.interval
        granted = 0
        arrival = max(state.arrival, moment)
        if moment >= state.not_before:
            # A microsecond of grace: stored instants are rounded, and a permit must not fall due just after itself.
            free = int((moment + depth - arrival + 1e-6) / self.interval)
            granted = max(0, min(want, free))
        arrival += granted * self.interval
        state = replace(state, arrival=arrival if granted else state.arrival)
        due = max(arrival + self.interval - depth, state.not_before, moment)
        return granted, state, datetime.fromtimestamp(due, UTC)

    def slow_down(self, state: LimiterState, now: datetime, floor_seconds: float | None = None) -> LimiterState:
        """The state after a 429: nothing goes out before the vendor's Retry-After has passed.

        Several calls in flight may all come back with one; the longest pause holds.
        """
        moment = now.timestamp()
        state = self._plausible(state, moment)
        pause = PAUSE_SECONDS if floor_seconds is None else floor_seconds
        if moment + pause <= state.not_before:
            return state
        return replace(state, not_before=moment + pause, pause=pause)

    def _plausible(self, state: LimiterState, moment: float) -> LimiterState:
        """The state cut to what it could be by this clock: one that jumped back must not stall everything."""
        return replace(
            state,
            arrival=min(state.arrival, moment + self.burst * self.interval),
            not_before=min(state.not_before, moment + state.pause),
        )
