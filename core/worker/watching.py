"""What nobody's action brings up but the passing of time: deadlines that come near, holds that are due for review."""

from datetime import date, timedelta

from core.clock import day_in
from core.model.notices import AT_RISK_DAYS, NoticeKind
from core.settings import Settings
from core.store import deadline_marks, erasures_sent, holds
from core.store.database import Store
from core.store.notices import raise_notice, was_raised


def tell_of_deadlines(settings: Settings, store: Store) -> int:
    """Raise notices of open requests that are at risk or overdue, once each per threshold. Returns how many.

    Those of one of the controller's days are one notice with a count.
    """
    today = day_in(settings.time_zone, store.clock.now())
    far, near = AT_RISK_DAYS
    told = 0
    for kind, threshold, first, last in (
        (NoticeKind.REQUESTS_OVERDUE, "", date.min, today - timedelta(days=1)),
        (NoticeKind.REQUESTS_AT_RISK, str(near), today, today + timedelta(days=near)),
        (NoticeKind.REQUESTS_AT_RISK, str(far), today + timedelta(days=near + 1), today + timedelta(days=far)),
    ):
        told += _tell(store, kind, threshold, first, last, about=today.isoformat())
    return told


def _tell(store: Store, kind: NoticeKind, threshold: str, first: date, last: date, *, about: str) -> int:
    told = 0
    while True:
        with store.reading() as db:
            if not deadline_marks.any_untold(db, threshold, first, last):
                return told
        with store.writing() as transaction:
            marked = deadline_marks.mark(transaction, threshold, first, last)
            if marked:
                raise_notice(transaction, kind, about, threshold=threshold, latest=marked[0], count=len(marked))
        told += len(marked)


def tell_of_reviews(settings: Settings, store: Store) -> int:
    """Raise a notice of each legal hold whose day of review has come, once for that day. Returns how many."""
    today = day_in(settings.time_zone, store.clock.now())
    with store.reading() as db:
        due = [
            (hold.id, hold.review_on.isoformat())
            for hold in holds.due_for_review(db, store.keys, today)
            if not was_raised(db, NoticeKind.HOLD_REVIEW_DUE, hold.id, hold.review_on.isoformat())
        ]
    for hold_id, review_on in due:
        with store.writing() as transaction:
            raise_notice(transaction, NoticeKind.HOLD_REVIEW_DUE, hold_id, threshold=review_on)
    return len(due)


def forget_old_sends(store: Store) -> None:
    """Drop what the limit of erasures an hour does not count any more."""
    with store.writing() as transaction:
        erasures_sent.drop_old(transaction)
