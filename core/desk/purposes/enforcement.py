"""What people enforce: see the difference and the exact PUT, ask for it, follow it, cancel what was not sent."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.clients.genesys_purposes import put_call
from core.clients.http import headers_of
from core.desk.base import ChangedError, DeskError
from core.desk.purposes.base import PurposeDeskBase
from core.desk.purposes.shortenings import awaiting, cancel, payload_digest
from core.model.enforcements import ChangeState
from core.model.people import Action, Actor
from core.model.privacy_requests import TaskError
from core.model.purposes import Difference, PurposeStatus, Values, differences, shortens, wanted_values
from core.store import approvals, enforcement_changes, enforcements, live_purposes, purpose_standings, purposes
from core.store.approvals import ApprovalKind, ApprovalState
from core.store.database import Transaction
from core.store.enforcement_changes import Change
from core.store.enforcements import Enforcement, NewChange
from core.store.purpose_standings import StandingFilter

CONFIRM_ABOVE = 10

_LEFT_OUT: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: "in force already",
    PurposeStatus.MISSING: "not found at the vendor",
    PurposeStatus.UNDECLARED: "not declared",
    PurposeStatus.AMBIGUOUS: "there more than once at the vendor; make its name unique there first",
    PurposeStatus.NOT_COMPARED: "not compared yet; compare first",
}


@dataclass(frozen=True)
class PlannedChange:
    """One purpose that would be changed, from `before` to `wanted`."""

    name: str
    vendor_id: str
    declared_version: int
    page: int
    before: Values
    wanted: Values

    @property
    def differences(self) -> tuple[Difference, ...]:
        return differences(self.wanted, self.before)

    @property
    def shortens(self) -> bool:
        """Whether it deletes data at the vendor."""
        return shortens(self.wanted, self.before)


@dataclass(frozen=True)
class EnforcementPreview:
    """What would be changed, exactly as `enforce` then takes it; `left_out` tells why others would not be."""

    connection: str
    changes: tuple[PlannedChange, ...]
    left_out: Mapping[str, str]
    four_eyes: bool

    @property
    def shortening(self) -> tuple[PlannedChange, ...]:
        return tuple(change for change in self.changes if change.shortens)

    @property
    def needs_second_person(self) -> bool:
        return self.four_eyes and bool(self.shortening)

    @property
    def needs_typing(self) -> bool:
        """Whether their number has to be typed to confirm."""
        return len(self.changes) > CONFIRM_ABOVE


@dataclass(frozen=True)
class Asked:
    """What was asked for: the enforcement, and every change to follow, those under way before among them."""

    enforcement: str
    changes: tuple[str, ...]


class EnforcementActions(PurposeDeskBase):
    """The part of the desk that changes what the vendor has."""

    def preview_enforcement(
        self, actor: Actor, connection: str, names: Sequence[str] | None = None
    ) -> EnforcementPreview:
        """What enforcing these purposes (by default all that drifted) would change, by what the vendor had last."""
        self._require(actor, Action.VIEW_PURPOSES)
        self._purpose_connection(connection)
        wanted = None if names is None else tuple(dict.fromkeys(names))
        where = StandingFilter((PurposeStatus.DRIFTED,) if wanted is None else (), names=wanted, order="name")
        with self.store.reading() as db:
            standings, _ = purpose_standings.find(db, connection, where)
            drifted = [s.name for s in standings if s.status is PurposeStatus.DRIFTED]
            versions = {v.declaration.name: v for v in purposes.present(db, connection, drifted)}
            live = live_purposes.named(db, connection, drifted)
        left_out = {s.name: _LEFT_OUT[s.status] for s in standings if s.status is not PurposeStatus.DRIFTED}
        left_out |= {
            name: "not declared, and not found at the vendor"
            for name in wanted or ()
            if name not in {s.name for s in standings}
        }
        changes = [
            PlannedChange(
                name=name,
                vendor_id=live[name][0].id,
                declared_version=versions[name].version,
                page=live[name][0].page,
                before=live[name][0].values(),
                wanted=wanted_values(versions[name].declaration, live[name][0].values()),
            )
            for name in drifted
        ]
        return EnforcementPreview(connection, tuple(changes), left_out, self.settings.four_eyes)

    def put_text(self, connection: str, change: PlannedChange | Change) -> str:
        """The exact PUT of a change: method, URL, headers with a placeholder for the token, and body."""
        call = put_call(self._purpose_connection(connection), change.vendor_id, change.name, change.wanted)
        headers = {**headers_of(call), "Authorization": "Bearer <token>"}
        lines = [f"{call.method} {call.full_url}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\n".join([*lines, "", json.dumps(call.json, indent=2, ensure_ascii=False)])

    def enforce(self, actor: Actor, preview: EnforcementPreview, *, intent: str, confirmed: int | None = None) -> Asked:
        """Ask for the changes of a preview; the worker makes them.

        `intent` is made with the preview: the same intent again gives the enforcement of the first time. Above ten
        changes `confirmed` is their number, typed by the person. What shortens a retention period waits for a second
        person where four eyes are wanted. Raises DeskError, and ChangedError where the preview is out of date.
        """
        self._require(actor, Action.ENFORCE_PURPOSES)
        self._purpose_connection(preview.connection)
        if not preview.changes:
            raise DeskError("There is nothing to change.")
        if preview.needs_typing and confirmed != len(preview.changes):
            raise DeskError(f"Type {len(preview.changes)}, the number of purposes to change, to confirm.")
        with self.store.writing() as transaction:
            asked = enforcements.asked_with(transaction.db, intent)
            if asked:
                return Asked(asked, _ids(enforcement_changes.of_enforcement(transaction.db, asked)))
            _still_declared(transaction, preview)
            joined, replaced = self._sort_out_open_ones(transaction, preview, actor)
            fresh = [change for change in preview.changes if change.vendor_id not in {c.vendor_id for c in joined}]
            if not fresh:
                return Asked(joined[0].enforcement, _ids(joined))
            return self._add(transaction, preview, actor, fresh, intent, joined, replaced)

    def enforcement(self, actor: Actor, enforcement_id: str) -> Enforcement | None:
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return enforcements.get(db, enforcement_id)

    def newest_enforcements(self, actor: Actor, connection: str, limit: int = 5) -> list[Enforcement]:
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return enforcements.newest(db, connection, limit)

    def changes_of(
        self,
        actor: Actor,
        enforcement_id: str,
        *,
        states: Collection[ChangeState] = (),
        limit: int = 50,
        offset: int = 0,
    ) -> list[Change]:
        """Some changes of an enforcement, in their order."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return enforcement_changes.of_enforcement(db, enforcement_id, states, limit=limit, offset=offset)

    def changes(self, actor: Actor, ids: Collection[str]) -> list[Change]:
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return enforcement_changes.by_ids(db, ids)

    def count_changes(self, actor: Actor, ids: Collection[str], states: Collection[ChangeState]) -> int:
        """How many of some changes are in one of some states."""
        self._require(actor, Action.VIEW_PURPOSES)
        with self.store.reading() as db:
            return enforcement_changes.count_in(db, ids, states)

    def cancel_enforcement(self, actor: Actor, enforcement_id: str) -> int:
        """Cancel what has not been sent. Returns how many changes that were; raises DeskError if there are none."""
        self._require(actor, Action.ENFORCE_PURPOSES)
        waiting = {ChangeState.QUEUED, ChangeState.AWAITING_APPROVAL}
        error = TaskError("cancelled", f"Cancelled by {actor.name} before it was sent.")
        with self.store.writing() as transaction:
            open_ones = enforcement_changes.of_enforcement(transaction.db, enforcement_id, waiting)
            if not open_ones:
                raise DeskError(f"Nothing of {enforcement_id} waits any more.")
            for change in open_ones:
                cancel(transaction, change, actor, error)
            approval = approvals.about(transaction.db, ApprovalKind.RETENTION_SHORTENING, enforcement_id)
            if approval and approval.state is ApprovalState.PENDING:
                approvals.withdraw(transaction, approval.id, actor)
        return len(open_ones)

    def _add(
        self,
        transaction: Transaction,
        preview: EnforcementPreview,
        actor: Actor,
        fresh: Sequence[PlannedChange],
        intent: str,
        joined: Sequence[Change],
        replaced: Sequence[str],
    ) -> Asked:
        new = [NewChange(**vars(change), shortens=change.shortens) for change in fresh]
        enforcement = enforcements.add(
            transaction,
            preview.connection,
            new,
            actor=actor,
            intent=intent,
            approval_needed=self.settings.four_eyes,
            replaced=replaced,
        )
        made = enforcement_changes.of_enforcement(transaction.db, enforcement)
        if waiting := awaiting(transaction, enforcement):
            approvals.ask(transaction, ApprovalKind.RETENTION_SHORTENING, enforcement, payload_digest(waiting), actor)
        return Asked(enforcement, (*_ids(joined), *_ids(made)))

    @staticmethod
    def _sort_out_open_ones(
        transaction: Transaction, preview: EnforcementPreview, actor: Actor
    ) -> tuple[list[Change], list[str]]:
        """The changes under way that are wanted again, and those that the new preview replaces."""
        wanted = {change.vendor_id: change for change in preview.changes}
        joined, replaced = [], []
        for open_one in enforcement_changes.open_for(transaction.db, preview.connection, wanted).values():
            planned = wanted[open_one.vendor_id]
            if (open_one.wanted, open_one.declared_version) == (planned.wanted, planned.declared_version) and (
                open_one.before == planned.before or open_one.state is ChangeState.SENDING
            ):
                joined.append(open_one)
            elif open_one.state is ChangeState.QUEUED:
                error = TaskError("replaced", "Replaced by a newer enforcement of the same purpose.")
                cancel(transaction, open_one, actor, error)
                replaced.append(open_one.id)
            else:
                what = "is being changed" if open_one.state is ChangeState.SENDING else "waits for a second person"
                raise DeskError(
                    f"{open_one.name} {what} in {open_one.enforcement}. Wait for its end, or cancel it, and look again."
                )
        return joined, replaced


def _still_declared(transaction: Transaction, preview: EnforcementPreview) -> None:
    names = [change.name for change in preview.changes]
    present = {v.declaration.name: v for v in purposes.present(transaction.db, preview.connection, names)}
    for change in preview.changes:
        now = present.get(change.name)
        wanted = wanted_values(now.declaration, change.before) if now else None
        if now is None or now.version != change.declared_version or wanted != change.wanted:
            raise ChangedError(f"{change.name} was declared anew since this preview was drawn. Look at it again first.")


def _ids(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(change.id for change in changes)
