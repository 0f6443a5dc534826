"""The only "now": everything else is handed a clock, so that tests can pass their own."""

import time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never jump back; for measuring how long something took."""

    def sleep(self, seconds: float) -> None:
        """Wait; a test's clock only moves its hands."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


_WIDTH = len("2026-11-21T09:30:00.000000Z")


def to_text(instant: datetime) -> str:
    """An instant as fixed-width UTC text, `2026-11-21T09:30:00.000000Z`; it sorts as time does.

    >>> to_text(datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    '2026-11-21T09:30:00.000000Z'

    Raises ValueError for an instant without a time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("An instant needs a time zone")
    # Ten times as quick as `strftime`; a busy worker writes thousands a second.
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    """The instant that `to_text` wrote. Raises ValueError for anything else."""
    if len(text) != _WIDTH or (text[10], text[19], text[-1]) != ("T", ".", "Z"):
        raise ValueError(f"{text!r} is not an instant as the desk writes it")
    return datetime.fromisoformat(text)


def day_in(zone: str, instant: datetime) -> date:
    """The calendar day of an instant where the controller is: the law counts days there, not in UTC."""
    return instant.astimezone(ZoneInfo(zone)).date()
