"""What people read from the desk's records: overview, metrics, audit log, vault, backup, sample history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from core.clock import day_in
from core.desk.base import DeskBase, DeskError
from core.model.deadlines import deadlines_for
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import RequestState
from core.sandbox.history import sample_history
from core.store import backup, requests, samples, vault
from core.store.audit import EventFilter, FilterValues, StoredEvent, Verdict, count_up_to, events, values, verify
from core.store.requests import RequestFilter, RequestSummary, counts_by_state
from core.store.vault import Delivery
from core.validation import POLICY_VERSION

AT_RISK_DAYS = 5


@dataclass(frozen=True)
class Overview:
    """What needs a person today, and what is under way. Every count is of requests, and comes with its filter."""

    needs_person: tuple[RequestSummary, ...]
    needs_person_total: int
    overdue: int
    at_risk: int
    in_flight: int
    queued: int
    closed_last_7_days: int
    nearest_deadlines: tuple[RequestSummary, ...]
    dead_letters: int
    empty: bool


@dataclass(frozen=True)
class AuditPage:
    """Events, newest first; `next_before` and `next_after` are where the next older and newer page start, if any."""

    rows: tuple[StoredEvent, ...]
    next_before: int | None
    total: int  # counted to 10 001 at the most
    next_after: int | None = None


class RecordActions(DeskBase):
    """The part of the desk that reads back what happened."""

    def overview(self, actor: Actor, today: date) -> Overview:
        self._require(actor, Action.VIEW_REQUESTS)
        soon = today + timedelta(days=AT_RISK_DAYS + 1)
        with self.store.reading() as db:
            counts = counts_by_state(db)
            waiting, waiting_total = requests.find(
                db, RequestFilter(states=(RequestState.NEEDS_PERSON,), order="due"), limit=10
            )
            _, overdue = requests.find(db, RequestFilter(due_before=today), limit=0)
            _, at_risk = requests.find(db, RequestFilter(due_from=today, due_before=soon), limit=0)
            nearest, _ = requests.find(db, RequestFilter(due_before=date.max, order="due"), limit=10)
            closed = requests.closed_since(db, self.clock.now() - timedelta(days=7))
            letters = vault.counts(db).get("dead", 0)
        return Overview(
            needs_person=tuple(waiting),
            needs_person_total=waiting_total,
            overdue=overdue,
            at_risk=at_risk,
            in_flight=counts.get(RequestState.IN_PROGRESS, 0),
            queued=counts.get(RequestState.QUEUED, 0),
            closed_last_7_days=closed,
            nearest_deadlines=tuple(nearest),
            dead_letters=letters,
            empty=not counts,
        )

    def audit(
        self,
        actor: Actor,
        where: EventFilter,
        *,
        before_seq: int | None = None,
        after_seq: int | None = None,
        limit: int = 50,
    ) -> AuditPage:
        """A page of events: those next below `before_seq`, or next above `after_seq`, or the newest."""
        self._require(actor, Action.VIEW_AUDIT)
        with self.store.reading() as db:
            rows = events(db, where, before_seq=before_seq, after_seq=after_seq, limit=limit + 1)
            total = count_up_to(db, where)
        more = len(rows) > limit
        upwards = after_seq is not None and before_seq is None
        rows = rows[-limit:] if upwards else rows[:limit]
        older = rows[-1].seq if rows and (upwards or more) else None
        newer = rows[0].seq if rows and (more if upwards else before_seq is not None) else None
        return AuditPage(tuple(rows), older, total, newer)

    def audit_values(self, actor: Actor) -> FilterValues:
        """What there is to filter the log by."""
        self._require(actor, Action.VIEW_AUDIT)
        with self.store.reading() as db:
            return values(db)

    def audit_pseudonym(self, actor: Actor, identifier: str) -> str:
        """The pseudonym under which the log knows whoever has this identifier. The identifier is kept nowhere."""
        self._require(actor, Action.VIEW_AUDIT)
        return self._pseudonym(identifier)

    def verify_audit(self, actor: Actor, progress: Callable[[int, int], bool] | None = None) -> Verdict:
        """Check the whole audit log against its keys and checkpoints; that it was checked is an event itself."""
        self._require(actor, Action.VIEW_AUDIT)
        verdict = verify(
            self.store.path,
            keys=self.store.keys,
            checkpoints=self.store.checkpoints_path(self.store.path),
            progress=progress,
        )
        with self.store.writing() as transaction:
            transaction.record(
                Event(
                    EventKind.AUDIT_VERIFIED,
                    actor.id,
                    outcome="ok" if verdict.ok else "bad",
                    detail={"ok": verdict.ok, "events": verdict.events, "bad": len(verdict.bad)},
                )
            )
        if verdict.ok:  # what was not found good is not signed
            self.store.checkpoint()
        return verdict

    def checkpoint(self, actor: Actor) -> None:
        """Sign the present head of the audit log outside the database, now."""
        self._require(actor, Action.EXPORT)
        self.store.checkpoint()

    def deliveries(self, actor: Actor, state: str) -> list[Delivery]:
        """Vault deliveries that are pending, delivered or dead, newest first."""
        self._require(actor, Action.VIEW_REQUESTS)
        with self.store.reading() as db:
            return vault.deliveries(db, state)

    def resend(self, actor: Actor, delivery_id: str) -> None:
        """Put a dead letter back into the outbox."""
        self._require(actor, Action.RESEND_TO_VAULT)
        with self.store.writing() as transaction:
            if not vault.resend(transaction, delivery_id):
                raise DeskError(f"There is no dead letter {delivery_id}.")
            transaction.record(
                Event(EventKind.VAULT_RESENT, actor.id, outcome="pending", detail={"delivery": delivery_id})
            )

    def backup(self, actor: Actor, target: Path) -> backup.BackupResult:
        """Copy the database while it is in use. The keys stay where they are: keep them somewhere else."""
        self._require(actor, Action.EXPORT)
        self.store.checkpoint()
        result = backup.backup(self.store.path, target, keys_path=self.settings.keys)
        with self.store.writing() as transaction:
            transaction.record(Event(EventKind.BACKUP_MADE, actor.id, outcome="made", detail={"sha256": result.sha256}))
        return result

    def fill_sample(self, actor: Actor, *, days: int, requests: int) -> Iterator[tuple[int, int]]:
        """Fill the sandbox's desk with sample history. Yields (done, of) as it goes."""
        self._require(actor, Action.FILL_SANDBOX)
        if not self.settings.in_sandbox:
            raise DeskError("Sample history is for the sandbox only; this desk talks to real vendors.")
        if not (1 <= days <= 3650 and 1 <= requests <= 1_000_000):
            raise DeskError("Ask for 1 to 3650 days and 1 to 1 000 000 requests.")
        with self.store.reading() as db:
            filed = sum(counts_by_state(db).values())
        # Another seed each time, so that a second history is about other people than the first.
        history = sample_history(days, requests, self.clock.now(), seed=7 + filed)
        yield from samples.write(
            self.store,
            history,
            requests,
            received_on=lambda sample: day_in(self.settings.time_zone, sample.filed_at),
            deadlines_of=lambda sample: tuple(
                deadlines_for(sample.law, day_in(self.settings.time_zone, sample.filed_at))
            ),
            policy_version=POLICY_VERSION,
            grace_days=self.settings.identifier_grace_days,
        )
        with self.store.writing() as transaction:
            transaction.record(
                Event(EventKind.SANDBOX_FILLED, actor.id, outcome="filled", detail={"days": days, "requests": requests})
            )
