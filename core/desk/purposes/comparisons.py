"""What people compare: ask for a comparison, see how each purpose stands, and look at one with its history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.desk.base import DeskError
from core.desk.purposes.base import PurposeDeskBase
from core.model.people import Action, Actor
from core.model.purposes import Comparison, Declaration, LivePurpose, PurposeStatus, compare_all
from core.store import (
    connection_states,
    enforcement_changes,
    exchanges,
    live_purposes,
    purpose_comparisons,
    purpose_measures,
    purpose_standings,
    purposes,
)
from core.store.enforcement_changes import Change
from core.store.exchanges import StoredExchange
from core.store.measures import Period
from core.store.purpose_comparisons import ComparisonRun
from core.store.purpose_measures import PurposeTotals
from core.store.purpose_standings import Standing, StandingChange, StandingFilter
from core.store.purposes import PurposeVersion


@dataclass(frozen=True)
class PurposesAtAGlance:
    """One connection: how many purposes stand how, the last comparisons, and when the next one is due.

    `last_good` read the whole list; `newest` may be under way or have failed. `next_check_at` is None where the
    schedule is off.
    """

    connection: str
    counts: Mapping[PurposeStatus, int]
    newest: ComparisonRun | None
    last_good: ComparisonRun | None
    next_check_at: datetime | None
    paused: bool

    @property
    def declared(self) -> int:
        return sum(self.counts.values()) - self.counts[PurposeStatus.UNDECLARED]

    @property
    def comparing(self) -> bool:
        return self.newest is not None and not self.newest.ended


@dataclass(frozen=True)
class PurposePage:
    """One page of the table; `versions` are the declarations of those in it that have one."""

    rows: tuple[Standing, ...]
    total: int
    versions: Mapping[str, PurposeVersion]
    live: Mapping[str, LivePurpose]


@dataclass(frozen=True)
class PurposeView:
    """One purpose whole: how it stands, what is declared, what is live, and how it came to that."""

    comparison: Comparison
    version: PurposeVersion | None
    live: tuple[LivePurpose, ...]
    confirmed_at: datetime | None  # when the vendor's value was last read
    versions: tuple[PurposeVersion, ...]
    standings: tuple[StandingChange, ...]
    changes: tuple[Change, ...]
    exchanges: tuple[StoredExchange, ...]


class ComparisonActions(PurposeDeskBase):
    """The part of the desk that compares what is declared with what the vendor has."""

    def ask_comparison(self, actor: Actor, connection: str, *, file: tuple[str, str] | None = None) -> str:
        """Have the worker read the vendor's list and compare; returns the comparison's id.

        One that is under way serves as well. `file` is path and SHA-256 of what is planned with it.
        """
        self._require(actor, Action.COMPARE_PURPOSES)
        if self._purpose_connection(connection).paused or self._paused_by_a_person(connection):
            raise DeskError(f"{connection} is paused, so the vendor is not asked. Resume it first.")
        with self.store.writing() as transaction:
            return purpose_comparisons.ask(transaction, connection, actor, file=file)

    def comparison(self, actor: Actor, comparison_id: str) -> ComparisonRun | None:
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return purpose_comparisons.get(db, comparison_id)

    def planned_file(self, actor: Actor, connection: str) -> tuple[str, str] | None:
        """Path and SHA-256 of the file that this person planned last."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            run = purpose_comparisons.newest_planned(db, connection, actor.id)
        return (run.file, run.file_sha256) if run and run.file and run.file_sha256 else None

    def purposes_at_a_glance(self, actor: Actor) -> list[PurposesAtAGlance]:
        """How the purposes of each connection stand."""
        self._require(actor, Action.VIEW_PURPOSES)
        glances = []
        with self.store.reading() as db:
            for name, connection in self.purpose_connections().items():
                newest = next(iter(purpose_comparisons.newest(db, name)), None)
                glances.append(
                    PurposesAtAGlance(
                        connection=name,
                        counts=purpose_standings.counts(db, name),
                        newest=newest,
                        last_good=purpose_comparisons.newest_good(db, name),
                        next_check_at=self._next_check(newest),
                        paused=connection.paused or connection_states.get(db, name).paused,
                    )
                )
        return glances

    def find_purposes(
        self, actor: Actor, connection: str, where: StandingFilter, *, page: int = 1, page_size: int = 25
    ) -> PurposePage:
        """One page of how the purposes stand."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            rows, total = purpose_standings.find(db, connection, where, limit=page_size, offset=(page - 1) * page_size)
            names = [row.name for row in rows]
            versions = {v.declaration.name: v for v in purposes.present(db, connection, names)}
            live = {n: found[0] for n, found in live_purposes.named(db, connection, names).items() if len(found) == 1}
        return PurposePage(tuple(rows), total, versions, live)

    def show_purpose(self, actor: Actor, connection: str, name: str) -> PurposeView | None:
        """One purpose with everything about it; None where it is neither declared nor live."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            version = purposes.get(db, connection, name)
            live = live_purposes.named(db, connection, [name]).get(name, [])
            versions = purposes.history(db, connection, name)
            if version is None and not live and not versions:
                return None
            made = enforcement_changes.of_purpose(db, connection, name)
            times = live_purposes.read_times(db, connection, [p.id for p in live])
            asked = purpose_standings.last_read(db, connection) is not None
            return PurposeView(
                comparison=_compared(version, live, name, asked=asked),
                version=version,
                live=tuple(live),
                confirmed_at=max(times.values(), default=None),
                versions=tuple(versions),
                standings=tuple(purpose_standings.changes(db, connection, name)),
                changes=tuple(made),
                exchanges=tuple(exchanges.of_tasks(db, [change.id for change in made])),
            )

    def compared_purposes(
        self, actor: Actor, connection: str, declared: Sequence[Declaration] | None = None
    ) -> list[Comparison]:
        """Every purpose by name: the declared list (or these declarations) against what the vendor had last."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            if declared is None:
                declared = [version.declaration for version in purposes.present(db, connection)]
            live = live_purposes.named(db, connection)
        return compare_all(declared, (purpose for found in live.values() for purpose in found))

    def purpose_metrics(
        self,
        actor: Actor,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        connection: str | None = None,
    ) -> PurposeTotals:
        """Comparisons and changes that ended in a period, by default the last 30 days up to now."""
        self._require(actor, Action.VIEW_METRICS)
        until = until or self.clock.now()
        period = Period(since or until - timedelta(days=30), until, connection)
        with self.store.reading() as db:
            return purpose_measures.totals(db, period)

    def _next_check(self, newest: ComparisonRun | None) -> datetime | None:
        hours = self.settings.drift_check_hours
        if not hours or newest is None:
            return None
        return newest.asked_at + timedelta(hours=hours)

    def _paused_by_a_person(self, connection: str) -> bool:
        with self.store.reading() as db:
            return connection_states.get(db, connection).paused


def _compared(version: PurposeVersion | None, live: Collection[LivePurpose], name: str, *, asked: bool) -> Comparison:
    declared = version.declaration if version else None
    if not asked or (declared is None and not live):
        return Comparison(name, PurposeStatus.NOT_COMPARED, declared, None)
    return compare_all([declared] if declared else [], live)[0]
