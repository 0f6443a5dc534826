"""Accepting a checked batch: its good rows become requests, a thousand in a transaction, each exactly once."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from core.clock import day_in, to_text
from core.desk.batches.base import BatchWorkBase, Told, must_go_on
from core.desk.batches.staged_rows import StagedRows, places_of
from core.desk.filing import Place
from core.model.batches import Batch, BatchState, LineFinding, Work
from core.model.events import Event, EventKind
from core.model.findings import Finding
from core.model.people import Actor
from core.model.privacy_requests import Draft, TaskState
from core.store import approvals, requests
from core.store.approvals import ApprovalKind
from core.store.batches import records, releasing, staging
from core.store.batches.filing import BatchRow, file_many
from core.store.database import Transaction
from core.store.requests import NewRequest


class AcceptWork(BatchWorkBase):
    """A part of the rows is filed and taken off what is staged in one transaction: killed at any moment, the next
    process goes on with the first part that is left, and no row is filed twice."""

    def _accept(self, batch: Batch, told: Told) -> None:
        assert batch.checked_at is not None  # noqa: S101 - only what was checked is accepted
        actor = accepted_by(batch)

        def model_of(draft: Draft) -> NewRequest:
            return self._started(self._new_request(actor, draft, ""), draft, ())

        received = day_in(self.settings.time_zone, batch.checked_at)
        rows = StagedRows(model_of, batch.id, received)
        done = batch.done
        while True:
            with self.store.reading() as db:
                part = staging.first_part(db, self.store.keys, batch.number, staging.GOOD)
            if part is None:
                break
            new = [rows.request(row) for row in part[1]]
            with self.store.writing() as transaction:
                must_go_on(transaction, batch)
                if staging.has_part(transaction.db, batch.number, staging.GOOD, part[0]):
                    self._file_part(transaction, batch, new)
                    staging.drop_part(transaction, batch.number, staging.GOOD, part[0])
            done += len(new)
            told(batch.id, done)
        with self.store.writing() as transaction:
            must_go_on(transaction, batch)
            self._all_filed(transaction, batch, actor)

    def _file_part(self, transaction: Transaction, batch: Batch, rows: Sequence[BatchRow]) -> None:
        present = records.get(transaction.db, self.store.keys, batch.id, counted=False)
        assert present is not None  # noqa: S101 - batches are never deleted
        places = {row.line: places_of(row.new) for row in rows}
        # Once more: since the check, somebody may have asked for the same.
        taken = requests.holders(transaction.db, (place for of_row in places.values() for place in of_row))
        free = [row for row in rows if not any(place in taken for place in places[row.line])]
        file_many(
            transaction,
            batch.number,
            free,
            parked=releasing.is_parked_from_the_start(transaction.db, batch.number),
        )
        late = [
            LineFinding(row.line, _late(places[row.line], taken)).to_json()
            for row in rows
            if any(place in taken for place in places[row.line])
        ]
        staging.append_items(transaction, batch.number, staging.FINDINGS, late)
        records.note_progress(
            transaction,
            batch.number,
            done=present.done + len(rows),
            accepted=present.accepted + len(free),
            duplicates=present.duplicates + len(late),
            good=present.good - len(late),
            findings=present.findings + len(late),
        )
        records.set_digest(transaction, batch.number, _digest(present.digest, free))

    def _all_filed(self, transaction: Transaction, batch: Batch, actor: Actor) -> None:
        present = records.get(transaction.db, self.store.keys, batch.id)
        assert present is not None  # noqa: S101 - batches are never deleted
        staging.drop(transaction, batch.number, staging.FILE, staging.GOOD)
        records.change(
            transaction,
            batch.number,
            state=BatchState.ACCEPTED,
            work=Work.NONE,
            problem="",
            accepted_at=to_text(transaction.at),
        )
        detail = {
            "batch": batch.id,
            "accepted": present.accepted,
            "left_out": present.rows - present.accepted,
            "rows_sha256": present.digest,
        }
        transaction.record(Event(EventKind.BATCH_ACCEPTED, actor.id, detail=detail))
        if present.states.get(TaskState.AWAITING_APPROVAL):
            approvals.ask(transaction, ApprovalKind.ERASURE, batch.id, present.digest, actor)


def accepted_by(batch: Batch) -> Actor:
    """Whoever accepted the batch, as their name and id were then."""
    issuer, _, subject = (batch.accepted_by or "").partition("|")
    return Actor(issuer, subject, batch.accepted_by_name or "", frozenset())


def _digest(before: str, rows: Sequence[BatchRow]) -> str:
    """SHA-256 over what was filed so far and these rows: the wish and the pseudonyms of each, in their order."""
    wishes = [
        [row.line, new.type, new.categories, new.scope, new.law, new.pseudonyms, new.connections]
        for row in rows
        for new in (row.new,)
    ]
    return hashlib.sha256(f"{before}{json.dumps(wishes)}".encode()).hexdigest()


def _late(places: Sequence[Place], taken: Mapping[Place, str]) -> Finding:
    place = next(place for place in places if place in taken)
    return Finding(
        "subjectId",
        "already_open",
        f"{taken[place]} was opened for this person at {place[0]} after the check.",
        f"Follow {taken[place]} instead, or wait until it is closed.",
    )
