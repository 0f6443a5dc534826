"""Checking a list of people against the ledger of erasures, so that nobody comes back with a backup or a list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from core.desk.base import DeskBase
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.store import ledger
from core.store.ledger import Erasure

AT_ONCE: Final = 1000


@dataclass(frozen=True)
class LedgerEntry:
    """Somebody in the list who was erased: the line, and each erasure, the newest first."""

    line: int
    erasures: tuple[Erasure, ...]


class LedgerActions(DeskBase):
    """The part of the desk that remembers who was erased, without knowing who they are."""

    def check_ledger(self, actor: Actor, identifiers: Iterable[tuple[int, str]]) -> Iterator[LedgerEntry]:
        """Those of the list, given by line and identifier, who were erased. Nothing of the list is stored.

        The list is gone through as the answer is read; when it ends, one audit event says how many were looked up
        and how many found.
        """
        actor = self._require(actor, Action.CHECK_LEDGER)
        return self._checked_ledger(actor, iter(identifiers))

    def _checked_ledger(self, actor: Actor, identifiers: Iterator[tuple[int, str]]) -> Iterator[LedgerEntry]:
        looked_up = found = 0
        while part := list(islice(identifiers, AT_ONCE)):
            hashes = [ledger.ledger_hash(self.store.keys, self._pseudonym(identifier)) for _, identifier in part]
            with self.store.reading() as db:
                erasures = ledger.look_up(db, set(hashes))
            looked_up += len(part)
            for (line, _), hash_ in zip(part, hashes, strict=True):
                if hash_ in erasures:
                    found += 1
                    yield LedgerEntry(line, erasures[hash_])
        with self.store.writing() as transaction:
            detail = {"lines": looked_up, "found": found}
            outcome = "found" if found else "nothing found"
            transaction.record(Event(EventKind.LEDGER_CHECKED, actor.id, outcome=outcome, detail=detail))
