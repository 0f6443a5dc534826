"""What the second person's decision about a whole batch does: noted here, and carried out by the batch process."""

from sqlite_utils import Database

from core.model.batches import Work
from core.model.events import Event, EventKind
from core.model.people import Actor
from core.store.batches import records
from core.store.database import Transaction


def payload_sha256(db: Database, batch_id: str) -> str:
    """The digest of every row that was filed, in their order; what an approval of the batch is about."""
    for row in db.query("SELECT digest FROM batches WHERE id = ?", [batch_id]):
        return str(row["digest"])
    raise ValueError(f"There is no batch {batch_id}")


def filed_by(db: Database, batch_id: str) -> tuple[str, ...]:
    """The `Actor.id` of whoever uploaded it and of whoever accepted its rows."""
    for row in db.query("SELECT created_by, accepted_by FROM batches WHERE id = ?", [batch_id]):
        return tuple(dict.fromkeys(filter(None, (row["created_by"], row["accepted_by"]))))
    raise ValueError(f"There is no batch {batch_id}")


def rows(db: Database, batch_id: str) -> int:
    """How many requests the batch became; 0 where there is none."""
    for row in db.query("SELECT accepted FROM batches WHERE id = ?", [batch_id]):
        return int(row["accepted"])
    return 0


def approved(transaction: Transaction, batch_id: str, actor: Actor) -> None:
    """Its erasures are sent from now on."""
    number = _number(batch_id)
    records.change(transaction, number, work=Work.APPROVE, decided_by=actor.id, decided_by_name=actor.name, done=0)
    transaction.record(Event(EventKind.BATCH_APPROVED, actor.id, outcome="approved", detail={"batch": batch_id}))


def denied(transaction: Transaction, batch_id: str, actor: Actor, *, code: str, note: str = "") -> None:
    """Its erasures are refused; `code` and `note` become those of each request's denial."""
    number = _number(batch_id)
    records.keep_denial(transaction, number, code, note)
    records.change(transaction, number, work=Work.DENY, decided_by=actor.id, decided_by_name=actor.name, done=0)
    transaction.record(Event(EventKind.BATCH_DENIED, actor.id, outcome="denied", detail={"batch": batch_id}))


def _number(batch_id: str) -> int:
    return int(batch_id.removeprefix("B-"))
