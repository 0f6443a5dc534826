"""One change of one purpose at its vendor: looked at, sent, read back, and its outcome committed with its event."""

import hashlib
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import rfc8785

from core.clients.genesys_purposes import READ_ADVICE, WRITE_ADVICE, Found, GenesysPurposes
from core.clients.http import Answer
from core.clients.outcomes import Decision
from core.clients.retry_table import backoff_seconds
from core.clock import Clock, to_text
from core.model.enforcements import ChangeState
from core.model.events import Event, EventKind
from core.model.people import DESK
from core.model.privacy_requests import TaskError
from core.model.purposes import LivePurpose, Values, differences
from core.settings import ConnectionSettings
from core.store import connection_states, enforcement_changes, live_purposes, purpose_standings, purposes
from core.store.audit import looks_secret
from core.store.database import Store, Transaction
from core.store.enforcement_changes import Change, ChangeOutcome
from core.worker.flow import held_until
from core.worker.vendor_line import HeldError, VendorLine

# Two pages and a PUT, each within four time-outs, and the pauses of the patient ones in between.
CALLS = 5
PAUSES_SECONDS = 150.0
READ_BACKS = 3

# With these the vendor would say the same of every other change, so none is tried.
_NOT_LET_IN = frozenset({"authentication_failed", "not_authorised"})

_KINDS: Mapping[ChangeState, EventKind] = {
    ChangeState.QUEUED: EventKind.PURPOSE_RETRY,
    ChangeState.IN_FORCE: EventKind.PURPOSE_ENFORCED,
    ChangeState.ENFORCED: EventKind.PURPOSE_ENFORCED,
    ChangeState.ACCEPTED_BUT_UNCHANGED: EventKind.PURPOSE_NOT_CHANGED,
    ChangeState.CHANGED_MEANWHILE: EventKind.PURPOSE_CONFLICT,
    ChangeState.MISSING_AT_VENDOR: EventKind.PURPOSE_FAILED,
    ChangeState.FAILED: EventKind.PURPOSE_FAILED,
    ChangeState.CANCELLED: EventKind.PURPOSE_CANCELLED,
}


@dataclass(frozen=True)
class Enforcing:
    """The changes of one connection."""

    name: str
    connection: ConnectionSettings
    store: Store
    clock: Clock
    rng: random.Random
    watch: Callable[[str], None]

    def lease(self, owner: str, among: Collection[str] | None) -> Change | None:
        """Take the change that is due; what was declared anew since it was asked for is cancelled instead."""
        with self.store.reading() as db:
            due = enforcement_changes.next_due(db, self.name, among=among)
            held = held_until(connection_states.get(db, self.name), self.clock.now())
        if due is None or due > self.clock.now() or held is not None:
            return None
        seconds = 4 * CALLS * self.connection.timeout_seconds + PAUSES_SECONDS
        with self.store.writing() as transaction:
            change = enforcement_changes.lease(transaction, self.name, owner=owner, seconds=seconds, among=among)
            if change is None:
                return None
            version = purposes.get(transaction.db, self.name, change.name)
            if version is None or version.version != change.declared_version:
                error = TaskError(
                    "declared_anew",
                    "The declaration was changed or withdrawn after this was asked for; nothing was sent.",
                    "Look at the difference as it is now, and enforce it again.",
                )
                self._settle(transaction, change, ChangeOutcome(ChangeState.CANCELLED, error=error), None)
                return None
        self.watch("change leased")
        return change

    def act(self, change: Change, line: VendorLine) -> None:
        """See one leased change through. Raises HeldError, the change being queued again."""
        seen: Found | None
        client = GenesysPurposes(self.connection, line.patiently("read", READ_ADVICE), line.once("put", WRITE_ADVICE))
        try:
            looked = client.find(change.vendor_id, change.page)
            outcome, seen = self._before_sending(change, looked), looked
            if outcome is None:
                outcome, seen = self._send(change, client, looked.purpose.page if looked.purpose else change.page)
                if outcome is None:
                    return  # somebody else's by now
        except HeldError as error:
            until = error.until or self.clock.now() + timedelta(seconds=self.connection.base_delay_seconds)
            self._commit(change, _held(error, until), None)
            raise
        self._commit(change, outcome, seen)

    def _before_sending(self, change: Change, found: Found) -> ChangeOutcome | None:
        """What the look before the PUT decides; None where the PUT may go out."""
        if not found.answer.ok:
            return self._after_refusal(change, found.answer)
        live = found.purpose
        if live is None:
            return _missing()
        values = live.values()
        if live.name == change.name and not differences(change.wanted, values):
            # Sent before, by a process that did not live to read it back.
            return ChangeOutcome(ChangeState.ENFORCED if change.sent else ChangeState.IN_FORCE, found=values)
        if live.name != change.name or differences(change.before, values):
            error = TaskError(
                "changed_meanwhile",
                "The purpose was changed at the vendor after the preview was drawn; nothing was overwritten.",
                "Look at the difference as it is now, then enforce it again or change the declaration.",
            )
            return ChangeOutcome(ChangeState.CHANGED_MEANWHILE, found=values, error=error)
        return None

    def _send(self, change: Change, client: GenesysPurposes, page: int) -> tuple[ChangeOutcome | None, Found | None]:
        """The PUT and its read-back from the page it was seen on. The intent is on disk before a byte can leave."""
        leased_until = change.next_due_at or self.clock.now()
        if self.clock.now() > leased_until - timedelta(seconds=8 * self.connection.timeout_seconds):
            return None, None
        with self.store.writing() as transaction:
            if not enforcement_changes.mark_sent(transaction, change):
                return None, None
            transaction.record(_sending(change))
        self.watch("change sent")
        answer = client.put(change.vendor_id, change.name, change.wanted)
        if not answer.ok:
            return self._after_refusal(change, answer, put=True), None
        for again in range(READ_BACKS):
            found = client.find(change.vendor_id, page)
            if not found.answer.ok:
                return self._after_refusal(change, found.answer), None
            if found.purpose is None:
                return replace(_missing(), put_ms=answer.elapsed_ms), found
            values = found.purpose.values()
            differ = differences(change.wanted, values)
            if not differ:
                return ChangeOutcome(ChangeState.ENFORCED, found=values, put_ms=answer.elapsed_ms), found
            if again < READ_BACKS - 1:
                # What was written may take a moment to be read.
                self.clock.sleep(self.connection.base_delay_seconds * (again + 1))
        named = ", ".join(d.field.replace("_", " ") for d in differ)
        error = TaskError(
            "accepted_but_unchanged",
            f"The vendor accepted the change, and reads back otherwise in: {named}.",
            "Show the vendor's support this exchange; look for a policy there that stands against it.",
        )
        outcome = ChangeOutcome(ChangeState.ACCEPTED_BUT_UNCHANGED, found=values, put_ms=answer.elapsed_ms, error=error)
        return outcome, found

    def _after_refusal(self, change: Change, answer: Answer, *, put: bool = False) -> ChangeOutcome:
        """An answer that is no success: tried again, or the end."""
        error = answer.error or TaskError("rejected", "The vendor refused without saying why.", "Ask the vendor.")
        put_ms = answer.elapsed_ms if put else None
        if answer.verdict.decision is Decision.RETRY and change.attempts < self.connection.max_attempts:
            return ChangeOutcome(ChangeState.QUEUED, next_due_at=self._retry_at(change, answer), error=error)
        if put and answer.status == 404:
            return replace(_missing(), put_ms=put_ms)
        return ChangeOutcome(ChangeState.FAILED, put_ms=put_ms, error=error)

    def _retry_at(self, change: Change, answer: Answer) -> datetime:
        """Full jitter over the base delay; after a 500 or 503 first fifteen times the base (contract 1.4)."""
        base = self.connection.base_delay_seconds
        delay = backoff_seconds(change.attempts, base, 30 * base, self.rng)
        if answer.status in {500, 503} and change.attempts == 1:
            delay = 15 * base
        return self.clock.now() + timedelta(seconds=max(delay, answer.verdict.floor_seconds or 0.0))

    def _commit(self, change: Change, outcome: ChangeOutcome, found: Found | None) -> None:
        with self.store.writing() as transaction:
            self._settle(transaction, change, outcome, found)
            self.watch("change committing")
        self.watch("change committed")

    def _settle(self, transaction: Transaction, change: Change, outcome: ChangeOutcome, found: Found | None) -> None:
        settled = enforcement_changes.settle(transaction, change, outcome)
        if settled is None:
            return  # lost its lease; whoever has it now looks for itself
        if found is not None and found.answer.ok:
            self._remember(transaction, change, found.purpose)
        if outcome.counts:
            transaction.record(_event(settled, outcome))
        if outcome.error and outcome.error.code in _NOT_LET_IN and settled.state is ChangeState.FAILED:
            self._fail_the_rest(transaction, settled, outcome.error)

    def _remember(self, transaction: Transaction, change: Change, live: LivePurpose | None) -> None:
        if live is None:
            live_purposes.forget(transaction, self.name, change.vendor_id)
        else:
            live_purposes.save(transaction, self.name, live)
        purpose_standings.stand(transaction, self.name, {change.name, *([live.name] if live else [])})

    def _fail_the_rest(self, transaction: Transaction, change: Change, error: TaskError) -> None:
        error = replace(error, message=f"Not tried, because the vendor does not let the desk in: {error.message}")
        for other in enforcement_changes.of_enforcement(transaction.db, change.enforcement, {ChangeState.QUEUED}):
            outcome = ChangeOutcome(ChangeState.FAILED, error=error)
            transaction.record(_event(enforcement_changes.move(transaction, other.id, outcome), outcome))


def _missing() -> ChangeOutcome:
    error = TaskError(
        "missing_at_vendor",
        "Not found at the vendor: the purpose was deleted there meanwhile.",
        WRITE_ADVICE[404],
    )
    return ChangeOutcome(ChangeState.MISSING_AT_VENDOR, error=error)


def _held(error: HeldError, until: datetime) -> ChangeOutcome:
    return ChangeOutcome(
        ChangeState.QUEUED,
        next_due_at=until,
        counts=False,
        error=TaskError("held_back", str(error), "It goes on by itself."),
    )


def _sending(change: Change) -> Event:
    detail: dict[str, Any] = {
        **_about(change),
        "attempt": change.attempts,
        "fields": [difference.field for difference in differences(change.wanted, change.before)],
        "before_days": change.before["retention_days"] if isinstance(change.before["retention_days"], int) else None,
        **purposes.values_for_the_log(change.wanted),
    }
    return Event(
        EventKind.PURPOSE_ENFORCING,
        DESK.id,
        task=change.id,
        connection=change.connection,
        outcome="sending",
        detail=detail,
    )


def _event(change: Change, outcome: ChangeOutcome) -> Event:
    kind = _KINDS[change.state]
    detail = _about(change)
    if kind is EventKind.PURPOSE_RETRY:
        due = to_text(change.next_due_at) if change.next_due_at else None
        detail |= {"attempt": change.attempts, "why": outcome.error.code if outcome.error else "", "due": due}
    elif kind is EventKind.PURPOSE_CANCELLED:
        detail |= {"why": outcome.error.code if outcome.error else ""}
    else:
        detail |= {"attempts": change.attempts, "latency_ms": change.latency_ms}
        if kind is EventKind.PURPOSE_FAILED:
            detail |= {"why": outcome.error.code if outcome.error else "", "put_ms": change.put_ms}
        else:
            detail |= {"found_sha256": _digest(change.found)}
        if kind in {EventKind.PURPOSE_NOT_CHANGED, EventKind.PURPOSE_CONFLICT} and change.found is not None:
            detail |= {"fields": [difference.field for difference in differences(change.wanted, change.found)]}
        if kind in {EventKind.PURPOSE_ENFORCED, EventKind.PURPOSE_NOT_CHANGED}:
            detail |= {"put_ms": change.put_ms}
    return Event(kind, DESK.id, task=change.id, connection=change.connection, outcome=change.state, detail=detail)


def _about(change: Change) -> dict[str, Any]:
    vendor_id = change.vendor_id if looks_secret(change.vendor_id) is None else None
    return {"enforcement": change.enforcement, "name": change.name, "vendor_id": vendor_id}


def _digest(values: Values | None) -> str | None:
    return hashlib.sha256(rfc8785.dumps(dict(values))).hexdigest() if values is not None else None
