"""Retry-After in every form a server has been seen to send it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.auth.retry_after import CAP_SECONDS, retry_after_seconds

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def seconds(header: str | bytes | None, *, date: str | None = None) -> float | None:
    return retry_after_seconds(header, now=NOW, server_date=date)


def http_date(offset: float) -> str:
    return format_datetime(NOW + timedelta(seconds=offset), usegmt=True)


@pytest.mark.parametrize(("header", "expected"), [("2", 2.0), ("1.5", 1.5), ("0", 0.0), (" 7 ", 7.0), (b"3", 3.0)])
def test_whole_and_fractional_seconds_are_taken(header: str | bytes, expected: float) -> None:
    assert seconds(header) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "-1", "NaN", "abc", "120, 60", "inf", "1e3", "0x10", "٣", "1.", ".5", b"\xff\xfe", "\xff", "Tue",
     "Fri, 99 Foo 2026 99:99:99 GMT", "Sat, 21 Nov 99999 09:00:00 GMT", "Saturday" + " x" * 500, "9" * 5000],
)  # fmt: skip
def test_anything_else_counts_as_absent(header: str | bytes | None) -> None:
    assert seconds(header) is None


@pytest.mark.parametrize("header", ["9999999999", "9" * 60, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_without_end_is_cut_to_a_day(header: str) -> None:
    assert seconds(header) == CAP_SECONDS == 86400


def test_a_date_is_counted_from_now() -> None:
    assert seconds(http_date(90)) == 90


def test_the_older_date_formats_are_read() -> None:
    assert seconds("Saturday, 21-Nov-26 09:01:00 GMT") == 60
    assert seconds("Sat Nov 21 09:01:00 2026") == 60


def test_a_date_in_the_past_means_no_wait() -> None:
    assert seconds(http_date(-3600)) == 0


def test_a_clock_ten_minutes_ahead_is_corrected_by_the_servers_own() -> None:
    assert seconds(http_date(-600 + 30), date=http_date(-600)) == 30
    assert seconds(http_date(30), date="no date at all") == 30
