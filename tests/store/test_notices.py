"""Notices: one for one cause, a count for a flood, once for what is told of once."""

from pathlib import Path

import pytest

from core.model.notices import WORDS, NoticeKind
from core.store import notices
from core.store.audit import EventFilter, events
from core.store.database import Store
from core.store.keys import load_or_create
from core.store.notices import NoticeFilter, raise_notice
from tests.clocks import ManualClock
from tests.desks import ADMIN


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Store:
    return Store(tmp_path / "desk.db", load_or_create(tmp_path / "keys"), clock)


def raised(store: Store, kind: NoticeKind, about: str, **more: object) -> int | None:
    with store.writing() as transaction:
        return raise_notice(transaction, kind, about, **more)  # type: ignore[arg-type] # as the test wishes


def acknowledged(store: Store, notice: int | None) -> bool:
    with store.writing() as transaction:
        return notices.acknowledge(transaction, notice or 0, ADMIN)


def test_ten_thousand_failures_of_one_connection_are_one_notice_with_a_count(store: Store, clock: ManualClock) -> None:
    with store.writing() as transaction:
        first = raise_notice(transaction, NoticeKind.TASKS_FAILED, "cxone", latest="PR-000001")
        for number in range(2, 10_001):
            assert raise_notice(transaction, NoticeKind.TASKS_FAILED, "cxone", latest=f"PR-{number:06d}") == first
    with store.reading() as db:
        (notice,), total = notices.find(db, NoticeFilter())
        assert (notice.count, notice.latest, total) == (10_000, "PR-010000", 1)
        assert notice.title == "10\u00a0000 requests failed at cxone"
        assert len(events(db, EventFilter(), None, 10)) == 1
        assert len(list(db.query("SELECT 1 FROM notice_deliveries"))) == 1


def test_another_connection_another_kind_and_another_threshold_are_other_notices(store: Store) -> None:
    raised(store, NoticeKind.TASKS_FAILED, "cxone")
    raised(store, NoticeKind.TASKS_FAILED, "other")
    raised(store, NoticeKind.TASKS_NEED_PERSON, "cxone")
    raised(store, NoticeKind.REQUESTS_AT_RISK, "2026-11-21", threshold="5")
    raised(store, NoticeKind.REQUESTS_AT_RISK, "2026-11-21", threshold="1")
    with store.reading() as db:
        assert notices.count_open(db) == 5


def test_after_it_was_acknowledged_the_next_cause_is_a_new_notice(store: Store, clock: ManualClock) -> None:
    first = raised(store, NoticeKind.VENDOR_DOWN, "cxone")
    assert acknowledged(store, first)
    assert not acknowledged(store, first), "once is enough"
    clock.advance(60)
    second = raised(store, NoticeKind.VENDOR_DOWN, "cxone")
    assert second not in {None, first}
    with store.reading() as db:
        (seen,), _ = notices.find(db, NoticeFilter("acknowledged"))
        (open_,), _ = notices.find(db, NoticeFilter("open"))
    assert (seen.id, seen.acknowledged_by, seen.acknowledged_by_name) == (first, ADMIN.id, ADMIN.name)
    assert (open_.id, open_.acknowledged_at) == (second, None)


@pytest.mark.parametrize("kind", [NoticeKind.HOLD_REVIEW_DUE, NoticeKind.BATCH_FINISHED])
def test_what_is_told_of_once_is_not_told_of_again(store: Store, kind: NoticeKind) -> None:
    first = raised(store, kind, "LH-000001", threshold="2026-12-01")
    assert raised(store, kind, "LH-000001", threshold="2026-12-01") == first
    acknowledged(store, first)
    assert raised(store, kind, "LH-000001", threshold="2026-12-01") is None
    assert raised(store, kind, "LH-000001", threshold="2027-03-01") is not None


def test_a_cause_that_went_away_is_said_so_until_it_comes_again(store: Store) -> None:
    raised(store, NoticeKind.VENDOR_DOWN, "cxone")
    with store.writing() as transaction:
        notices.cause_is_over(transaction, NoticeKind.VENDOR_DOWN, "cxone")
    with store.reading() as db:
        assert notices.find(db, NoticeFilter())[0][0].over_at
        assert not notices.is_open(db, NoticeKind.VENDOR_DOWN, "cxone")
    raised(store, NoticeKind.VENDOR_DOWN, "cxone")
    with store.reading() as db:
        assert notices.find(db, NoticeFilter())[0][0].over_at is None


def test_it_stands_or_falls_with_its_cause(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing() as transaction:
        raise_notice(transaction, NoticeKind.TASKS_FAILED, "cxone")
        _ = 1 / 0
    with store.reading() as db:
        assert notices.count_open(db) == 0


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("count", [1, 7])
def test_every_kind_has_words_for_one_and_for_many(store: Store, kind: NoticeKind, count: int) -> None:
    raised(store, kind, "cxone", threshold="5", count=count)
    with store.reading() as db:
        (notice,), _ = notices.find(db, NoticeFilter())
    assert notice.title[0].isupper() or notice.title.startswith("7 ")
    assert "{" not in notice.title
    assert notice.next_step.endswith(".")
    assert notice.severe == WORDS[kind].severe
