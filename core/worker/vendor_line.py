"""Calls to one vendor within its pause switch, breaker and limiter, whose state every process shares in the store."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from core.clients.breaker import Breaker
from core.clients.http import Answer, Call, VendorHttp
from core.clients.limiter import Limiter, LimiterState
from core.clients.outcomes import Decision
from core.clients.retry_table import backoff_seconds
from core.clock import Clock
from core.settings import ConnectionSettings
from core.store import connection_states, exchanges, kill_switch
from core.store.database import Store
from core.store.exchanges import StoredExchange
from core.worker.flow import PATIENCE_SECONDS, keep_flow

ATTEMPTS = 4


class HeldError(Exception):
    """Nothing may be sent now: the connection is paused, or held back until `until`."""

    def __init__(self, why: str, until: datetime | None = None) -> None:
        super().__init__(why)
        self.until = until


@dataclass
class VendorLine:
    """One piece of work's calls; each is kept as an exchange of `about` (its id) before its outcome is."""

    name: str
    connection: ConnectionSettings
    http: VendorHttp
    store: Store
    clock: Clock
    rng: random.Random
    about: str
    attempt: int = 1
    calls: int = 0
    watch: Callable[[str], None] = lambda _: None

    def patiently(self, purpose: str, advice: Mapping[int, str]) -> Callable[[Call], Answer]:
        """A way to send that repeats what may be repeated: up to 4 attempts and 30 s, Retry-After as a floor."""

        def send(call: Call) -> Answer:
            give_up_at = self.clock.monotonic() + PATIENCE_SECONDS
            answer = self._send(call, purpose, advice)
            for repeated in range(ATTEMPTS - 1):
                if answer.verdict.decision is not Decision.RETRY:
                    break
                backoff = backoff_seconds(repeated, self.connection.base_delay_seconds, PATIENCE_SECONDS, self.rng)
                delay = max(backoff, answer.verdict.floor_seconds or 0.0)
                if self.clock.monotonic() + delay > give_up_at:
                    break
                self.clock.sleep(delay)
                try:
                    answer = self._send(call, purpose, advice)
                except HeldError:
                    break  # what the vendor said last tells more
            return answer

        return send

    def once(self, purpose: str, advice: Mapping[int, str]) -> Callable[[Call], Answer]:
        """A way to send that makes one attempt; waiting for the next is a row with a due time."""
        return lambda call: self._send(call, purpose, advice)

    def _send(self, call: Call, purpose: str, advice: Mapping[int, str]) -> Answer:
        self._permit()
        answer = self.http.call(call, advice=advice)
        self.calls += len(answer.exchanges)
        with self.store.writing() as transaction:
            keep_flow(transaction, self.name, self.connection, answer)
            exchanges.keep(
                transaction,
                [
                    StoredExchange(
                        task=self.about,
                        connection=self.name,
                        attempt=self.attempt,
                        purpose=purpose,
                        **{field.name: getattr(exchange, field.name) for field in fields(exchange)},
                    )
                    for exchange in answer.exchanges
                ],
            )
        self.watch(f"{purpose} answered")
        return answer

    def _permit(self) -> None:
        """Take one permit, waiting for it up to 30 s. Raises HeldError."""
        give_up_at = self.clock.monotonic() + PATIENCE_SECONDS
        while (due := self._take()) is not None:
            wait = max(0.001, (due - self.clock.now()).total_seconds())
            if self.clock.monotonic() + wait > give_up_at:
                raise HeldError("The limit of requests a minute is used up, or the vendor asked to slow down.", due)
            self.clock.sleep(wait)

    def _take(self) -> datetime | None:
        """None with a permit in hand; else when to ask again. Raises HeldError."""
        with self.store.writing() as transaction:
            if self.connection.paused or kill_switch.stops(transaction.db, self.name):
                raise HeldError(f"{self.name} is paused.")
            state = connection_states.get(transaction.db, self.name)
            breaker = Breaker.from_json(state.breaker)
            if not breaker.permits(transaction.at):
                raise HeldError(
                    "Too many calls failed; the vendor is spared for a while.", breaker.next_at(transaction.at)
                )
            limiter = Limiter(self.connection.limit_per_minute)
            granted, limits, due = limiter.take(LimiterState.from_json(state.limiter), transaction.at, 1)
            if not granted:
                return due
            probing = breaker.state(transaction.at) != "closed"
            connection_states.save_flow(
                transaction,
                self.name,
                limiter=limits.to_json(),
                breaker=breaker.start_probe(transaction.at).to_json() if probing else None,
            )
            return None
