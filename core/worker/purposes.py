"""Retention purposes at work: the drift check on its schedule, comparisons, and enforcements one change at a time."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta

import rfc8785

from core.auth.tokens import TokenSource
from core.clients.breaker import Breaker
from core.clients.genesys_purposes import READ_ADVICE, GenesysPurposes, Reading
from core.clients.http import VendorHttp
from core.clock import Clock
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.model.privacy_requests import TaskError
from core.model.purposes import LivePurpose, PurposeStatus
from core.sandbox.address import connections_of
from core.settings import ConnectionSettings, Settings
from core.store import (
    connection_states,
    enforcement_changes,
    kill_switch,
    live_purposes,
    purpose_comparisons,
    purpose_standings,
    purposes,
)
from core.store.database import Store
from core.store.notices import raise_notice
from core.store.purpose_comparisons import ComparisonRun
from core.worker.enforcing import Enforcing
from core.worker.owners import is_gone, owner_name
from core.worker.vendor_line import HeldError, VendorLine

# A comparison reads many pages of a vendor that may be slow; a reader that died is known by its process.
COMPARISON_LEASE_SECONDS = 3600.0
AFTER_A_FAILED_CHECK = timedelta(hours=1)
_MOST_NAMED = 20


def _nothing(step: str) -> None:
    """Where nobody watches."""


class PurposeWorker:
    """Reads the vendors' lists and changes what people asked to be changed.

    Like `Worker`, it keeps nothing but caches between steps. `watch` is told each step's name.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        owner: str | None = None,
        watch: Callable[[str], None] = _nothing,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.rng = rng or random.Random()
        self.owner = owner or owner_name()
        self._watch = watch
        self._https: dict[str, tuple[ConnectionSettings, VendorHttp]] = {}

    def connections(self) -> dict[str, ConnectionSettings]:
        """The connections whose purposes can be enforced."""
        return {n: c for n, c in connections_of(self.settings).items() if c.contract == "genesys-purposes"}

    def close(self) -> None:
        for _, http in self._https.values():
            http.close()
        self._https.clear()

    def step(self, name: str) -> int:
        """One step for one connection: whatever is due. Returns how many things were acted on."""
        self.schedule(name)
        return self.compare(name) or self.enforce(name)

    def schedule(self, name: str) -> bool:
        """Ask for a drift check where the last one is older than the settings want; a failed one is repeated sooner."""
        if not self.settings.drift_check_hours or self._is_paused(name):
            return False
        with self.store.reading() as db:
            last = next(iter(purpose_comparisons.newest(db, name)), None)
        if last is not None:
            every = timedelta(hours=self.settings.drift_check_hours)
            if not last.ended or self.clock.now() < last.asked_at + (
                min(every, AFTER_A_FAILED_CHECK) if last.error else every
            ):
                return False
        with self.store.writing() as transaction:
            purpose_comparisons.ask(transaction, name, DESK, origin="schedule")
        return True

    def compare(self, name: str) -> int:
        """Do the comparison that waits, if one does. Returns how many were done, 0 or 1."""
        connection = self.connections().get(name)
        if connection is None or self._is_paused(name) or self.spared_until(name):
            return 0
        run = self._lease_comparison(name)
        if run is None:
            return 0
        self._watch("comparison leased")
        with self.store.reading() as db:
            expected = purposes.names(db, name)
        line = self._line(name, connection, run.id)
        read = line.patiently("compare", READ_ADVICE)
        began = self.clock.now()
        try:
            reading = GenesysPurposes(connection, read, read).read_all(expected)
        except HeldError as error:
            self._end_badly(run, line.calls, TaskError("held_back", str(error), "Compare again later."), None)
            return 1
        if reading.answer.ok:
            self._end_well(run, line.calls, reading, began)
        else:
            refused = reading.answer.error or TaskError("rejected", "The vendor did not give its list.")
            self._end_badly(run, line.calls, refused, reading.answer.status)
        return 1

    def enforce(self, name: str, among: Collection[str] | None = None) -> int:
        """Work on the change that is due, of all or of those with some ids. Returns how many were, 0 or 1."""
        connection = self.connections().get(name)
        if connection is None or self._is_paused(name):
            return 0
        self.release_the_dead()
        enforcing = Enforcing(name, connection, self.store, self.clock, self.rng, self._watch)
        change = enforcing.lease(self.owner, among)
        if change is None:
            return 0
        line = self._line(name, connection, change.id)
        line.attempt = change.attempts
        with suppress(HeldError):  # it was put back by then
            enforcing.act(change, line)
        return 1

    def _lease_comparison(self, name: str) -> ComparisonRun | None:
        self.release_the_dead()
        with self.store.reading() as db:
            if not purpose_comparisons.waits(db, name, self.clock.now()):
                return None
        with self.store.writing() as transaction:
            return purpose_comparisons.lease(transaction, name, owner=self.owner, seconds=COMPARISON_LEASE_SECONDS)

    def _end_well(self, run: ComparisonRun, calls: int, reading: Reading, began: datetime) -> None:
        """The vendor's list, how everything now stands, and the event of it, in one transaction."""
        name = run.connection
        with self.store.writing() as transaction:
            if not purpose_comparisons.is_held(transaction.db, run):
                return  # somebody else's by now, who reads for themselves
            live_purposes.replace_all(transaction, name, reading.purposes, since=began)
            before = {standing.name for standing in purpose_standings.find(transaction.db, name, _DRIFTED)[0]}
            compared = purpose_standings.stand_all(transaction, name)
            counts = Counter(one.status for one in compared)
            ended = purpose_comparisons.end(transaction, run, calls=calls, counts=counts, warnings=reading.warnings)
            drifted = {one.name for one in compared if one.status is PurposeStatus.DRIFTED}
            transaction.record(_compared(ended, reading, sorted(drifted - before)))
            if drifted - before:
                raise_notice(transaction, NoticeKind.RETENTION_DRIFT, name, count=len(drifted - before))
            self._watch("comparison committing")

    def _end_badly(self, run: ComparisonRun, calls: int, error: TaskError, status: int | None) -> None:
        with self.store.writing() as transaction:
            if not purpose_comparisons.is_held(transaction.db, run):
                return
            ended = purpose_comparisons.end(transaction, run, calls=calls, error=error)
            detail = {
                "comparison": ended.id,
                "why": error.code,
                "http_status": status,
                "latency_ms": ended.latency_ms,
                "calls": calls,
            }
            transaction.record(
                Event(
                    EventKind.PURPOSES_NOT_COMPARED,
                    run.asked_by,
                    connection=run.connection,
                    outcome="failed",
                    detail=detail,
                )
            )

    def _is_paused(self, name: str) -> bool:
        connection = self.connections().get(name)
        with self.store.reading() as db:
            return connection is None or connection.paused or kill_switch.stops(db, name)

    def spared_until(self, name: str) -> datetime | None:
        """Until when nothing is sent because too many calls failed; None while calls may go out."""
        with self.store.reading() as db:
            breaker = Breaker.from_json(connection_states.get(db, name).breaker)
        now = self.clock.now()
        return None if breaker.permits(now) else breaker.next_at(now)

    def release_the_dead(self) -> None:
        """Make due what processes of this host hold that are no more."""
        with self.store.reading() as db:
            gone = [owner for owner in enforcement_changes.lease_owners(db) if is_gone(owner)]
        if gone:
            with self.store.writing() as transaction:
                enforcement_changes.release(transaction, gone)

    def _line(self, name: str, connection: ConnectionSettings, about: str) -> VendorLine:
        cached = self._https.get(name)
        if cached is None or cached[0] != connection:
            http = VendorHttp(connection, TokenSource(connection, self.clock), self.clock)
            cached = self._https[name] = (connection, http)
        return VendorLine(name, connection, cached[1], self.store, self.clock, self.rng, about, watch=self._watch)


_DRIFTED = purpose_standings.StandingFilter(statuses=(PurposeStatus.DRIFTED,))


def _compared(run: ComparisonRun, reading: Reading, newly_drifted: list[str]) -> Event:
    detail = {
        "comparison": run.id,
        **{status.value: count for status, count in run.counts.items()},
        "newly_drifted": newly_drifted[:_MOST_NAMED],
        "live_sha256": _digest(reading.purposes),
        "latency_ms": run.latency_ms,
        "calls": run.calls,
    }
    drift = any(run.counts[s] for s in (PurposeStatus.DRIFTED, PurposeStatus.MISSING, PurposeStatus.AMBIGUOUS))
    outcome = "drift" if drift else "in_force"
    return Event(EventKind.PURPOSES_COMPARED, run.asked_by, connection=run.connection, outcome=outcome, detail=detail)


def _digest(live: Collection[LivePurpose]) -> str:
    """SHA-256 over what the vendor had, whatever page and order it came in."""
    rows = sorted(({**asdict(purpose), "page": 0} for purpose in live), key=lambda row: str(row["id"]))
    return hashlib.sha256(rfc8785.dumps(rows)).hexdigest()
