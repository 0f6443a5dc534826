"""What people do with notices: read them, acknowledge them, and are told when no worker is at work."""

from dataclasses import dataclass

from core.desk.base import DeskBase, DeskError
from core.model.events import Event, EventKind
from core.model.notices import Notice, NoticeKind
from core.model.people import Action, Actor
from core.store import notice_deliveries, notices
from core.store.notices import NoticeFilter


@dataclass(frozen=True)
class NoticePage:
    """One page of notices, newest first; `total` is counted to 10 000, `open` is how many nobody acknowledged."""

    rows: tuple[Notice, ...]
    total: int
    open: int


class NoticeActions(DeskBase):
    """The part of the desk that tells people what needs them."""

    def open_notices(self, actor: Actor) -> int:
        """How many notices nobody has acknowledged, counted to 10 000; one quick query, for every page."""
        self._require(actor, Action.VIEW_NOTICES)
        with self.store.reading() as db:
            return notices.count_open(db)

    def notices(self, actor: Actor, where: NoticeFilter | None = None, *, limit: int = 50, page: int = 1) -> NoticePage:
        self._require(actor, Action.VIEW_NOTICES)
        with self.store.reading() as db:
            rows, total = notices.find(db, where or NoticeFilter(), limit=limit, offset=(page - 1) * limit)
            return NoticePage(tuple(rows), total, notices.count_open(db))

    def acknowledge(self, actor: Actor, notice_id: int) -> Notice:
        """Say that a notice was seen and is being dealt with; who and when stays with it.

        Raises DeskError where there is none, or somebody acknowledged it before.
        """
        self._require(actor, Action.ACKNOWLEDGE_NOTICES)
        with self.store.writing() as transaction:
            done = notices.acknowledge(transaction, notice_id, actor)
            notice = notices.get(transaction.db, notice_id)
            if notice is None:
                raise DeskError(f"There is no notice {notice_id}.")
            if not done:
                raise DeskError(f"{notice.acknowledged_by_name} has acknowledged this notice already.")
            detail = {"notice": notice.id, "kind": notice.kind, "count": notice.count}
            transaction.record(Event(EventKind.NOTICE_ACKNOWLEDGED, actor.id, outcome="acknowledged", detail=detail))
        return notice

    def resend_notices(self, actor: Actor) -> int:
        """Put the notices that their webhook did not take back into the outbox. Returns how many."""
        self._require(actor, Action.RESEND_TO_VAULT)
        with self.store.writing() as transaction:
            count = notice_deliveries.resend_dead(transaction)
            if count:
                transaction.record(
                    Event(EventKind.NOTICES_RESENT, actor.id, outcome="pending", detail={"notices": count})
                )
        return count

    def report_worker(self, *, down: bool) -> None:
        """Raise a notice that no worker is at work, or say of it that it is over; the server asks every few seconds."""
        with self.store.reading() as db:
            told = notices.is_open(db, NoticeKind.WORKER_DOWN, "worker")
        if down == told:
            return
        with self.store.writing() as transaction:
            if down:
                notices.raise_notice(transaction, NoticeKind.WORKER_DOWN, "worker")
            else:
                notices.cause_is_over(transaction, NoticeKind.WORKER_DOWN, "worker")
