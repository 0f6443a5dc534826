"""Due tasks to clients to outcomes: one short, crash-safe step at a time."""

import logging
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from core.auth.tokens import TokenSource
from core.clients.cxone_requests import CxoneRequests, submission_payload
from core.clients.http import VendorHttp
from core.clock import Clock
from core.model.privacy_requests import TRACKED
from core.sandbox.address import connections_of
from core.settings import ConnectionSettings, Settings
from core.store import holds, identifiers, kill_switch, task_leases
from core.store.database import Store
from core.store.identifiers import Secret
from core.store.task_leases import Leased
from core.worker.leasing import Leasing
from core.worker.outcomes import Schedule, after_submission, after_tracking, needs_person, outcome_unknown
from core.worker.settling import MOST_AT_ONCE, Finished, Settling

log = logging.getLogger(__name__)

# A call ends within four timeouts (two round trips, and two to the token server).
LEASE_MARGIN_SECONDS = 30.0
FEWEST_CALLS_AT_ONCE, MOST_CALLS_AT_ONCE = 4, 32
# How long a vendor may take to answer with its limit still being used up.
_EXPECTED_ANSWER_SECONDS = 2.0


def calls_at_once(limit_per_minute: int) -> int:
    """How many calls to one vendor may be out at a time: what its limit lets through in two seconds."""
    needed = ceil(limit_per_minute / 60 * _EXPECTED_ANSWER_SECONDS)
    return min(MOST_CALLS_AT_ONCE, max(FEWEST_CALLS_AT_ONCE, needed))


def _longest(connection: ConnectionSettings) -> float:
    """Seconds that a lease lasts: the longest call, and some."""
    return 4 * connection.timeout_seconds + LEASE_MARGIN_SECONDS


def _nothing(step: str) -> None:
    """Where nobody watches."""


@dataclass(frozen=True)
class _Look:
    """What the last look before a call found: whether the lease still holds, whether everything is stopped."""

    held: bool
    stopped: bool
    secret: Secret | None


class Worker:
    """Takes due tasks, calls the vendor, writes what came of it.

    Keeps nothing but caches between steps: what is due, leased, throttled or broken is in the store, so that
    another process can carry on at any point. `watch` is told each step's name; the kill tests stop the
    process there.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        watch: Callable[[str], None] = _nothing,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.owner = uuid.uuid4().hex
        self.rng = rng or random.Random()
        self._watch = watch
        self._making = threading.Lock()
        self._clients: dict[str, tuple[ConnectionSettings, CxoneRequests, VendorHttp]] = {}
        self._leasing: dict[str, Leasing] = {}
        self._settling = Settling(settings, store, watch)

    def connections(self) -> dict[str, ConnectionSettings]:
        """The connections that privacy requests can be sent through."""
        return {n: c for n, c in connections_of(self.settings).items() if c.contract == "cxone-requests"}

    def step(self, name: str, limit: int = FEWEST_CALLS_AT_ONCE) -> int:
        """One step for one connection. Returns how many tasks were acted on."""
        leased = self.lease(name, limit)
        for one in leased:
            self.act(name, one)
        return len(leased)

    def lease(self, name: str, limit: int) -> list[Leased]:
        """Take what is due, as much as may go out now, with the intent on disk when this returns."""
        connection = self.connections().get(name)
        if connection is None or connection.paused:
            return []
        leasing = self._leasing_of(name)
        with self.store.reading() as db:
            if not task_leases.any_due(db, name, self.clock.now()):
                leasing.ask_again_at = None
                return []
        with self.store.writing() as transaction:
            leased = leasing.take(transaction, connection, limit, _longest(connection))
        self._watch("leased")
        return leased

    def turn(self, name: str, finished: Sequence[Finished], limit: int) -> list[Leased]:
        """Commit what calls of a connection brought back and take what is due next, all in one transaction.

        Where that cannot be written, each outcome is written by itself (see `Settling.settle`).
        """
        connection = self.connections().get(name)
        if not finished or len(finished) > MOST_AT_ONCE or not limit or connection is None or connection.paused:
            self.settle(finished)
            return self.lease(name, limit) if limit else []
        try:
            with self.store.writing() as transaction:
                self._settling.keep(transaction, finished)
                leased = self._leasing_of(name).take(transaction, connection, limit, _longest(connection))
                self._watch("committing")
        except Exception:
            log.exception("outcomes could not be written together")
            self.settle(finished)
            return []
        self._watch("committed")
        return leased

    def _leasing_of(self, name: str) -> Leasing:
        leasing = self._leasing.setdefault(name, Leasing(name, self.owner, self.settings.erasures_per_hour))
        leasing.owner = self.owner
        return leasing

    def ask_again_at(self, name: str) -> datetime | None:
        """When limiter or breaker may let the next call through, as of the last lease; None where they did not mind."""
        leasing = self._leasing.get(name)
        return leasing.ask_again_at if leasing else None

    def act(self, name: str, leased: Leased) -> None:
        """Call the vendor for one leased task and commit what came of it."""
        finished = self.call(name, leased)
        if finished:
            self.settle([finished])

    def settle(self, finished: Sequence[Finished]) -> None:
        """Commit what calls brought back, each with its audit events, many in one transaction."""
        self._settling.settle(finished)

    def call(self, name: str, leased: Leased) -> Finished | None:
        """Call the vendor for one leased task; nothing is written. None where nothing is to be: the lease was lost,
        or its connection taken out of the settings (then the lease runs out and the task waits)."""
        connection = self.connections().get(name)
        if connection is None:
            return None
        task = leased.task
        if leased.recovered and not connection.idempotency_header:
            # Whoever held it may have sent it, and this vendor cannot be asked nor told it is the same one.
            return Finished(leased, connection, outcome_unknown(None))
        look = self._look(leased)
        if not look.held:
            return None
        stalled = self.clock.now() > leased.leased_until - timedelta(seconds=4 * connection.timeout_seconds)
        if stalled or look.stopped:
            # Stalled: it could be somebody else's by the time the bytes would leave. Certainly nothing was sent.
            return Finished(leased, connection, None)
        if task.state in TRACKED:
            return self._track(name, connection, leased, look.secret)
        if look.secret is None:
            return Finished(leased, connection, needs_person(None, "The identifier was destroyed."))
        return self._submit(name, connection, leased, look.secret)

    def _look(self, leased: Leased) -> _Look:
        """The last look before a call leaves: whatever was decided until now counts."""
        sending = leased.task.state not in TRACKED
        with self.store.reading() as db:
            return _Look(
                held=task_leases.still_held(db, leased),
                stopped=kill_switch.stops(db, leased.task.connection)
                or (sending and bool(holds.in_the_way_of(db, leased.request_number))),
                secret=identifiers.reveal(db, self.store.keys, leased.task.request_id),
            )

    def _track(self, name: str, connection: ConnectionSettings, leased: Leased, secret: Secret | None) -> Finished:
        tracking = self._client(name, connection).track(
            leased.task.vendor_request_id or "",
            subject=secret.identifier(leased.task.identifier) if secret else None,
        )
        self._watch("answered")
        outcome = after_tracking(leased.task, tracking, Schedule(connection, self.rng), self.clock.now())
        return Finished(leased, connection, outcome, tracking.answer, tracking)

    def _submit(self, name: str, connection: ConnectionSettings, leased: Leased, secret: Secret) -> Finished:
        payload = submission_payload(
            subject=secret.identifier(leased.task.identifier),
            type=leased.task.kind,
            categories=leased.categories,
            scope=leased.scope,
            description=secret.description,
            callback_url=self.settings.callback_url(name),
        )
        submission = self._client(name, connection).submit(payload, leased.task.intent)
        self._watch("answered")
        outcome = after_submission(leased.task, submission, Schedule(connection, self.rng), self.clock.now())
        return Finished(leased, connection, outcome, submission.answer, submission)

    def _client(self, name: str, connection: ConnectionSettings) -> CxoneRequests:
        with self._making:
            cached = self._clients.get(name)
            if cached is None or cached[0] != connection:
                self.close(name)
                http = VendorHttp(connection, TokenSource(connection, self.clock), self.clock)
                cached = self._clients[name] = (connection, CxoneRequests(http, connection), http)
            return cached[1]

    def close(self, *names: str) -> None:
        """Let go of the network connections of these, or all, clients; they are made anew when needed."""
        for name in names or tuple(self._clients):
            if name in self._clients:
                self._clients.pop(name)[2].close()
