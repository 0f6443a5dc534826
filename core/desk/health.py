"""How the desk itself does: what a monitor asks, without a person and without a word about anybody's request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.desk.base import DeskBase
from core.model.enforcements import ChangeState
from core.model.privacy_requests import RequestState, TaskState
from core.model.purposes import PurposeStatus
from core.sandbox.address import read_address
from core.store import measures, purpose_measures, requests, tasks, vault, worker_leases
from core.store.measures import Latency, Period

LATENCY_DAYS = 30


@dataclass(frozen=True)
class Health:
    """Which parts are alive. `sandbox` is None where the desk talks to real vendors."""

    worker: bool
    sandbox: bool | None

    @property
    def ok(self) -> bool:
        return self.worker and self.sandbox is not False


@dataclass(frozen=True)
class Figures:
    """Counts over everything on record; `latency` is over the submissions that ended in the last 30 days."""

    requests: Mapping[RequestState, int]
    tasks: Mapping[str, Mapping[TaskState, int]]  # by connection
    latency: Latency
    deliveries: Mapping[str, int]  # to the vault, by state
    worker: bool
    purposes: Mapping[str, Mapping[PurposeStatus, int]] = field(default_factory=dict)  # by connection
    purpose_changes: Mapping[str, Mapping[ChangeState, int]] = field(default_factory=dict)
    compared_at: Mapping[str, datetime] = field(default_factory=dict)  # the last time that the vendor's list was read


class HealthActions(DeskBase):
    """The part of the desk that a monitor asks; no actor, because it tells nothing about requests."""

    def worker_is_alive(self) -> bool:
        """Whether a worker renewed its lease within the lease's time."""
        with self.store.reading() as db:
            lease = worker_leases.read(db)
        return lease is not None and lease.expires_at > self.clock.now() - timedelta(seconds=5)

    def health(self) -> Health:
        """Reads the database; an exception from here means that the database does not answer."""
        sandbox = read_address(self.settings.folder) is not None if self.settings.in_sandbox else None
        return Health(self.worker_is_alive(), sandbox)

    def figures(self) -> Figures:
        now = self.clock.now()
        with self.store.reading() as db:
            return Figures(
                requests=requests.counts_by_state(db),
                tasks=tasks.counts(db),
                latency=measures.totals_of_period(db, Period(now - timedelta(days=LATENCY_DAYS), now)).latency_ms,
                deliveries=vault.counts(db),
                worker=self.worker_is_alive(),
                purposes=purpose_measures.standings(db),
                purpose_changes=purpose_measures.changes(db),
                compared_at=purpose_measures.compared_at(db),
            )
