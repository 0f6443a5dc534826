"""The requests behind a number as an address: it comes back as it went, and nothing odd in it does harm."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.behind import Behind, Counted, Standing
from core.model.measures import Days, Filter
from core.model.privacy_requests import RequestState, RequestType, TaskState

DAYS = st.none() | st.dates(date(2000, 1, 1), date(2999, 12, 31))
NAMES = st.none() | st.from_regex(r"[A-Za-z0-9_.:-]{1,64}", fullmatch=True)
MILLISECONDS = st.none() | st.integers(0, 10**12 - 1)


@given(
    st.builds(
        Behind,
        st.sampled_from(Counted),
        first=DAYS,
        last=st.none(),
        connection=NAMES,
        kind=st.none() | st.sampled_from(RequestType),
        category=NAMES,
        law=NAMES,
        outcome=st.lists(st.sampled_from(TaskState), max_size=3).map(tuple),
        error=NAMES,
        over=MILLISECONDS,
        up_to=MILLISECONDS,
        standing=st.none() | st.sampled_from(Standing),
        answer=st.lists(st.sampled_from(RequestState), max_size=3).map(tuple),
    )
)
def test_an_address_leads_back_to_what_it_was_made_of(behind: Behind) -> None:
    assert Behind.parse(behind.query()) == behind


@given(st.dictionaries(st.sampled_from(Behind.NAMES), st.text(max_size=20)))
def test_whatever_an_address_says_is_understood_or_refused(query: dict[str, str]) -> None:
    try:
        behind = Behind.parse({"counted": "ended", **query})
    except ValueError:
        return
    assert behind.words() if behind else query["counted"] == ""


@pytest.mark.parametrize(
    "odd",
    [
        {"counted": "everything"},
        {"counted": "ended", "first": "yesterday"},
        {"counted": "ended", "first": "9999-12-31"},
        {"counted": "ended", "first": "2026-11-08", "last": "2026-11-02"},
        {"counted": "ended", "outcome": "completed,sold"},
        {"counted": "ended", "over": "-1"},
        {"counted": "ended", "over": "1" * 400},
        {"counted": "ended", "error": "x' OR '1'='1"},
    ],
)
def test_an_address_that_cannot_be_understood_is_refused(odd: dict[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is not shown
        Behind.parse(odd)


def test_an_address_that_asks_for_nothing_behind_a_number_is_left_alone() -> None:
    assert Behind.parse({"state": "Failed"}) is None


def test_it_says_in_words_what_was_counted() -> None:
    where = Filter(Days(date(2026, 11, 2), date(2026, 11, 8)), connection="cxone", law="gdpr")
    failed = Behind.of(Counted.ENDED, where, where.days, outcome=(TaskState.FAILED,), error="rate_limited")
    assert failed.words() == (
        "a submission ended from Mon 2 Nov 2026 to Sun 8 Nov 2026; failed; Too many requests (429); cxone; gdpr"
    )
    late = Behind.of(Counted.CLOSED, Filter(where.days), where.days, standing=Standing.MISSED)
    assert late.words() == "closed from Mon 2 Nov 2026 to Sun 8 Nov 2026, late"
    overdue = Behind(Counted.OPEN, last=date(2026, 11, 20))
    assert overdue.words() == "open, due up to Fri 20 Nov 2026"
    one_day = Behind(Counted.RECEIVED, date(2026, 11, 2), date(2026, 11, 2), kind=RequestType.ACCESS)
    assert one_day.words() == "received on Mon 2 Nov 2026; Access"
    assert Behind(Counted.WAITING, over=60_000).words() == "a submission has not ended; took more than 1.0 min"
