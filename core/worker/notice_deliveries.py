"""Notices on their way to the configured webhook: at least once, backing off, dead letters in the end."""

import random
from datetime import timedelta
from typing import Any, Final

from core.clients.http import Answer
from core.clients.notice_webhook import NoticeWebhook
from core.clients.outcomes import Decision
from core.clients.retry_table import backoff_seconds
from core.clock import Clock, to_text
from core.model.events import Event, EventKind
from core.model.notices import Notice, NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import TaskError
from core.settings import Settings
from core.store import notice_deliveries
from core.store.database import Store
from core.store.notice_deliveries import NoticeDelivery
from core.store.notices import raise_notice

FIRST_DELAY_SECONDS: Final = 5.0
LONGEST_DELAY_SECONDS: Final = 3600.0
MOST_ATTEMPTS: Final = 12
# What tells that the webhook itself fails is not sent through it.
ABOUT_NOTICES: Final = "notices"


class NoticeDeliveries:
    """Takes what is due in the notices' outbox to the webhook of the settings."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, rng: random.Random) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self._rng = rng
        self._client: NoticeWebhook | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def step(self) -> int:
        """Try each delivery that is due, once. Returns how many there were."""
        with self.store.reading() as db:
            due = notice_deliveries.due(db, self.clock.now())
        if due and self.settings.notices.url is None:
            with self.store.writing() as transaction:
                notice_deliveries.not_wanted(transaction)
            return 0
        for delivery in due:
            if self._client is None:
                self._client = NoticeWebhook(self.settings.notices, self.clock)
            self._settle(delivery, self._client.deliver(delivery.webhook_id, message(delivery.notice)))
        return len(due)

    def _settle(self, delivery: NoticeDelivery, answer: Answer) -> None:
        notice, attempts = delivery.notice, delivery.attempts + 1
        detail: dict[str, Any] = {"notice": notice.id, "attempts": attempts}
        with self.store.writing() as transaction:
            if answer.verdict.decision is Decision.SUCCESS:
                notice_deliveries.delivered(transaction, notice.id)
                transaction.record(Event(EventKind.NOTICE_DELIVERED, DESK.id, outcome="delivered", detail=detail))
                return
            error = answer.error or TaskError("rejected", "The receiver refused the notice.")
            dead = answer.verdict.decision is Decision.PERMANENT or attempts >= MOST_ATTEMPTS
            delay = max(
                backoff_seconds(attempts, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, self._rng),
                answer.verdict.floor_seconds or 0.0,
            )
            notice_deliveries.failed(
                transaction, notice.id, error, None if dead else transaction.at + timedelta(seconds=delay)
            )
            detail |= {"why": error.code, "dead": dead}
            outcome = "dead" if dead else "retry"
            transaction.record(Event(EventKind.NOTICE_FAILED, DESK.id, outcome=outcome, detail=detail))
            if dead and notice.about != ABOUT_NOTICES:
                raise_notice(transaction, NoticeKind.DEAD_LETTERS, ABOUT_NOTICES)


def message(notice: Notice) -> dict[str, Any]:
    """What is sent, shaped as Standard Webhooks advises: ids and the desk's own words, no personal data."""
    return {
        "type": "notice.raised",
        "timestamp": to_text(notice.raised_at),
        "data": {
            "id": notice.id,
            "kind": notice.kind,
            "about": notice.about,
            "threshold": notice.threshold,
            "count": notice.count,
            "request": notice.latest,
            "title": notice.title,
            "next_step": notice.next_step,
        },
    }
