"""Where one event stands in the audit log's chain, and the checkpoints that vouch for it."""

from dataclasses import dataclass

from core.desk.base import DeskBase
from core.model.events import EventKind
from core.model.people import Action, Actor
from core.store import checkpoint_pages
from core.store.audit import EventFilter, StoredEvent, events
from core.store.checkpoint_pages import CheckedCheckpoint
from core.store.checkpoints import Checkpoint

MOST_DISPOSALS = 1000  # looked through for the one before an event; one a day for three years


@dataclass(frozen=True)
class EventInChain:
    """An event with its neighbours, and the oldest checkpoint over it whose signature holds, each where there is one.

    Neighbours are those of its number: None where the log ends, and where a row is gone. `disposal` is the event
    that says that the rows up to the one before it were disposed of, and names the same fingerprint as the event.
    """

    event: StoredEvent
    before: StoredEvent | None
    after: StoredEvent | None
    checkpoint: Checkpoint | None
    disposal: StoredEvent | None = None


class AuditPlaceActions(DeskBase):
    """The part of the desk that an auditor reads the log's proof with."""

    def event_in_chain(self, actor: Actor, seq: int) -> EventInChain | None:
        """The event of this number; None where there is none. A few rows are read, nothing is verified.

        Raises OSError where the checkpoint file cannot be read.
        """
        self._require(actor, Action.VIEW_AUDIT)
        with self.store.reading() as db:
            rows = {row.seq: row for row in events(db, EventFilter(), before_seq=seq + 2, limit=3)}
            disposals = []
            if seq in rows and seq > 1 and seq - 1 not in rows:
                disposals = events(db, EventFilter(kind=EventKind.RECORDS_DISPOSED), limit=MOST_DISPOSALS)
        if seq not in rows:
            return None
        path = self.store.checkpoints_path(self.store.path)
        return EventInChain(
            rows[seq],
            rows.get(seq - 1),
            rows.get(seq + 1),
            checkpoint_pages.covering(path, self.store.keys, seq),
            next(
                (d for d in disposals if (d.detail.get("upto"), d.detail.get("head")) == (seq - 1, rows[seq].prev)),
                None,
            ),
        )

    def audit_checkpoints(self, actor: Actor, *, first: int, count: int) -> tuple[list[CheckedCheckpoint], int]:
        """Checkpoints, the newest first, `count` from `first` (0 is the newest), and how many there are in all.

        Raises OSError where their file cannot be read.
        """
        self._require(actor, Action.VIEW_AUDIT)
        path = self.store.checkpoints_path(self.store.path)
        return checkpoint_pages.page(path, self.store.keys, first, count)
