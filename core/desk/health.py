"""How the desk itself does: what a monitor asks, without a person and without a word about anybody's request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core.desk.base import DeskBase
from core.desk.measures import DEFAULT_DAYS
from core.model.enforcements import ChangeState
from core.model.measures import Days, Filter
from core.model.privacy_requests import RequestState, TaskState
from core.model.purposes import PurposeStatus
from core.sandbox.address import read_address
from core.store import purpose_measures, vault, worker_leases
from core.store.measures import Measures, deadlines, submissions
from core.store.measures.meeting import measured

# From the first day that a record can have.
_EVER = date(1970, 1, 2)


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
    """Counts over everything on record, and the measures of the last 30 days, today included.

    `bands` counts the submissions that ever ended by how long they took (up to each of BAND_EDGES_MS, and longer),
    `latency_sum_ms` is the sum of their latencies.
    """

    requests: Mapping[RequestState, int]
    tasks: Mapping[str, Mapping[TaskState, int]]  # by connection
    bands: tuple[int, ...]
    latency_sum_ms: int
    lately: Measures
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
        """All from counts that are kept, so that it costs the same however much is on record."""
        today = self.today()
        ever = Filter(Days(_EVER, max(today, _EVER)))
        with self.store.reading() as db:
            return Figures(
                requests=deadlines.on_record(db),
                tasks=submissions.on_record(db),
                bands=tuple(submissions.bands(db, ever)),
                latency_sum_ms=sum(phase.total_ms for phase in submissions.phases(db, ever).values()),
                lately=measured(db, Filter(Days.up_to(today, DEFAULT_DAYS)), today),
                deliveries=vault.counts(db),
                worker=self.worker_is_alive(),
                purposes=purpose_measures.standings(db),
                purpose_changes=purpose_measures.changes(db),
                compared_at=purpose_measures.compared_at(db),
            )
