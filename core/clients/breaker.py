"""A circuit breaker that opens on a failure rate, as a frozen state that can live in a database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

WINDOW_CALLS = 20
WINDOW_SECONDS = 60.0
MINIMUM_CALLS = 5
FAILURE_RATE = 0.5
FIRST_OPEN_SECONDS = 30.0
LONGEST_OPEN_SECONDS = 15 * 60.0
UNLIMITED = 1_000_000
# Clocks of two machines may differ this much before an instant counts as lying in the future.
_SKEW_SECONDS = 5.0

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True)
class Breaker:
    """Closed: everything passes. Open: nothing. Half-open: one probe at a time decides.

    It opens when half of the last 20 calls, of those in the last 60 seconds and at least 5, have failed: first
    for 30 seconds, twice as long after each probe that fails, 15 minutes at most. A probe that nobody reports
    back on (its process died) is given up after `probe_seconds`; that must exceed the longest call, which is
    four of the connection's timeouts. Instants are Unix seconds.
    """

    calls: tuple[tuple[float, bool], ...] = ()
    opened_at: float | None = None
    open_seconds: float = FIRST_OPEN_SECONDS
    probe_at: float | None = None
    probe_seconds: float = 120.0

    def state(self, now: datetime) -> State:
        if self.opened_at is None:
            return "closed"
        return "open" if _within(now.timestamp(), self.opened_at, self.open_seconds) else "half_open"

    def permits(self, now: datetime) -> int:
        """How many calls may go out: 0, 1 (the probe; tell `start_probe`), or as many as one likes."""
        match self.state(now):
            case "closed":
                return UNLIMITED
            case "open":
                return 0
        return 0 if self._probing(now) else 1

    def next_at(self, now: datetime) -> datetime:
        """When `permits` is next worth asking; `now` where it grants something already."""
        if self.permits(now):
            return now
        if self.state(now) == "open" and self.opened_at is not None:
            return datetime.fromtimestamp(self.opened_at + self.open_seconds, UTC)
        return datetime.fromtimestamp((self.probe_at or now.timestamp()) + self.probe_seconds, UTC)

    def start_probe(self, now: datetime) -> "Breaker":
        """The probe goes out. Without meaning unless half-open."""
        return replace(self, probe_at=now.timestamp()) if self.state(now) == "half_open" else self

    def record(self, now: datetime, ok: bool | None) -> "Breaker":
        """A call came back: good, bad, or None where it says nothing of the vendor's health (a 429, a 403).

        While open, and half-open with no probe out, late answers to calls sent before count for nothing.
        """
        state = self.state(now)
        if state == "closed":
            return self if ok is None else self._counted(now.timestamp(), ok)
        if state == "open" or not self._probing(now):
            return self
        if ok is None:
            return replace(self, probe_at=None)
        if ok:
            return Breaker(probe_seconds=self.probe_seconds)
        longer = min(self.open_seconds * 2, LONGEST_OPEN_SECONDS)
        return replace(self, opened_at=now.timestamp(), open_seconds=longer, probe_at=None)

    def _counted(self, moment: float, ok: bool) -> "Breaker":
        recent = [call for call in self.calls if _within(moment, call[0], WINDOW_SECONDS)]
        calls = (*recent, (moment, ok))[-WINDOW_CALLS:]
        failed = sum(not good for _, good in calls)
        if len(calls) >= MINIMUM_CALLS and failed / len(calls) >= FAILURE_RATE:
            return Breaker(opened_at=moment, probe_seconds=self.probe_seconds)
        return replace(self, calls=calls)

    def _probing(self, now: datetime) -> bool:
        return self.probe_at is not None and _within(now.timestamp(), self.probe_at, self.probe_seconds)

    def to_json(self) -> dict[str, Any]:
        return {
            "calls": [[at, ok] for at, ok in self.calls],
            "opened_at": self.opened_at,
            "open_seconds": self.open_seconds,
            "probe_at": self.probe_at,
            "probe_seconds": self.probe_seconds,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """The breaker that `to_json` gave; a closed one for None."""
        if not stored:
            return cls()
        return cls(**{**stored, "calls": tuple((at, ok) for at, ok in stored["calls"])})


def _within(moment: float, start: float, seconds: float) -> bool:
    """Whether a span is running. One that starts in the future belongs to a clock that has since jumped back."""
    return start - _SKEW_SECONDS <= moment < start + seconds
