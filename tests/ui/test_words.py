"""Words for times, counts, people and errors."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.model.people import DESK
from core.ui.words import ago, counted, days_left, duration, error_class, minute, number, outcome_words, share, who

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_how_long_ago(passed: timedelta, words: str) -> None:
    assert ago(NOW - passed, NOW) == words


def test_what_never_happened_is_never_ago() -> None:
    assert ago(None, NOW) == "never"
    assert minute(None) == "–"


def test_thousands_are_kept_together() -> None:
    assert number(1234567) == "1\u00a0234\u00a0567"
    assert number(0) == "0"


def test_a_count_that_stopped_says_so() -> None:
    assert counted(10_000) == "10\u00a0000"
    assert counted(10_001) == "more than 10\u00a0000"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, "–"),
        (0, "0.0 s"),
        (59_999, "60.0 s"),
        (90_000, "1.5 min"),
        (5_400_000, "1.5 h"),
        (129_600_000, "1.5 days"),
    ],
)
def test_a_duration_has_the_unit_it_reads_best_in(milliseconds: float | None, words: str) -> None:
    assert duration(milliseconds) == words


def test_a_share_of_nothing_is_a_dash() -> None:
    assert share(None) == "–"
    assert share(0.9512) == "95.1 %"


@pytest.mark.parametrize(
    ("due", "words"),
    [(1, "1 day left"), (3, "3 days left"), (0, "due today"), (-1, "1 day overdue"), (-2, "2 days overdue")],
)
def test_days_left(due: int, words: str) -> None:
    today = date(2026, 11, 21)
    assert days_left(today + timedelta(days=due), today) == words


def test_an_error_has_words_whether_known_or_new() -> None:
    assert error_class("rate_limited") == "Too many requests (429)"
    assert error_class("something_new") == "Something new"


def test_an_actor_is_called_by_name() -> None:
    assert who(DESK.id) == "Privacy Desk"
    assert who("https://id.example.com|dana") == "dana"
    assert who("odd") == "odd"


@pytest.mark.parametrize(
    ("code", "words"),
    [("completed", "Completed"), ("in_force", "In force"), ("PARTIALLY_COMPLETED", "PARTIALLY_COMPLETED"), (None, "")],
)
def test_an_outcome_is_told_in_words_and_a_vendors_own_as_it_wrote_it(code: str | None, words: str) -> None:
    assert outcome_words(code) == words
