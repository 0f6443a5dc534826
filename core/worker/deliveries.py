"""The vault outbox worked off: at least once, backing off, into the dead-letter list when attempts run out."""

import random
from collections.abc import Sequence
from datetime import timedelta

from core.clients.http import Answer
from core.clients.outcomes import Decision
from core.clients.retry_table import backoff_seconds
from core.clients.vault import Vault
from core.clock import Clock
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import TaskError
from core.settings import Settings, VaultSettings
from core.store import vault
from core.store.database import Store
from core.store.notices import raise_notice
from core.store.vault import Delivery

FIRST_DELAY_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 3600.0


class Deliveries:
    """Takes what is due in the outbox to the configured vault."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, rng: random.Random) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self._rng = rng
        self._client: Vault | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def step(self) -> int:
        """Try each delivery that is due, once. Returns how many there were."""
        with self.store.reading() as db:
            due = vault.due(db, self.clock.now())
        to = self.settings.vault
        if to.url is None:
            self._keep_here(due)
        else:
            for delivery in due:
                self._settle(delivery, self._client_for(to).deliver(delivery.id, delivery.record), to)
        return len(due)

    def _keep_here(self, due: Sequence[Delivery]) -> None:
        """Into the built-in vault, all in one transaction: nobody has to be asked."""
        if not due:
            return
        with self.store.writing() as transaction:
            for delivery in due:
                vault.keep(transaction, delivery.id, delivery.record)
                vault.delivered(transaction, delivery.id)
                transaction.record(_event(EventKind.VAULT_DELIVERED, delivery, "delivered", {"vault": "built-in"}))

    def _settle(self, delivery: Delivery, answer: Answer, to: VaultSettings) -> None:
        attempts = delivery.attempts + 1
        with self.store.writing() as transaction:
            if answer.verdict.decision is Decision.SUCCESS:
                vault.delivered(transaction, delivery.id)
                transaction.record(_event(EventKind.VAULT_DELIVERED, delivery, "delivered", {"vault": "https"}))
                return
            error = answer.error or TaskError("rejected", "The vault refused the record.")
            # A refused record is not tried again by itself; a person re-sends it from the dead-letter list.
            dead = answer.verdict.decision is Decision.PERMANENT or attempts >= to.max_attempts
            delay = max(
                backoff_seconds(attempts, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, self._rng),
                answer.verdict.floor_seconds or 0.0,
            )
            retry_at = None if dead else transaction.at + timedelta(seconds=delay)
            vault.failed(transaction, delivery.id, error, retry_at)
            detail = {"vault": "https", "why": error.code, "dead": dead}
            transaction.record(_event(EventKind.VAULT_FAILED, delivery, "dead" if dead else "retry", detail))
            if dead:
                request = delivery.task.rsplit("-", 1)[0]
                raise_notice(transaction, NoticeKind.DEAD_LETTERS, "vault", latest=request)

    def _client_for(self, to: VaultSettings) -> Vault:
        if self._client is None:
            self._client = Vault(to, self.clock)
        return self._client


def _event(kind: EventKind, delivery: Delivery, outcome: str, detail: dict[str, object]) -> Event:
    request = delivery.task.rsplit("-", 1)[0]
    detail = {"delivery": delivery.id, "attempts": delivery.attempts + 1, **detail}
    return Event(kind, DESK.id, request=request, task=delivery.task, outcome=outcome, detail=detail)
