"""What people read from the desk's records: audit log, vault, backup, sample history."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.desk.base import DeskBase, DeskError
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import Action, Actor
from core.store import backup, vault
from core.store.audit import EventFilter, FilterValues, StoredEvent, Verdict, count_up_to, events, values, verify
from core.store.notices import cause_is_over, raise_notice
from core.store.vault import Delivery

AT_RISK_DAYS = 5


@dataclass(frozen=True)
class AuditPage:
    """Events, newest first; `next_before` and `next_after` are where the next older and newer page start, if any."""

    rows: tuple[StoredEvent, ...]
    next_before: int | None
    total: int  # counted to 10 001 at the most
    next_after: int | None = None


class RecordActions(DeskBase):
    """The part of the desk that reads back what happened."""

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
            if verdict.ok:
                cause_is_over(transaction, NoticeKind.AUDIT_NOT_SOUND, "audit")
            else:
                raise_notice(transaction, NoticeKind.AUDIT_NOT_SOUND, "audit")
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
