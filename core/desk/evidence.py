"""Evidence: a package about one request, or of all events that match a filter, which others can check themselves."""

from dataclasses import asdict
from datetime import date, datetime
from typing import IO, cast

from core.clock import day_in, from_text, to_text
from core.desk.base import DeskError
from core.desk.exports import ExportActions, filter_of
from core.model.people import Action, Actor
from core.store import audit
from core.store.audit import EventFilter
from core.store.evidence.making import NotAsWrittenError, Order, write_package
from core.store.exports import Export, Progress


class EvidenceActions(ExportActions):
    """The part of the desk that makes evidence."""

    def make_evidence(self, actor: Actor, where: EventFilter, progress: Progress | None = None) -> Export:
        """A zip with the matching events, their checkpoints, the records of their requests, and `verify.py`.

        It names no identifier, whoever asks: people are pseudonyms. It is signed, and is an export like any other.
        Raises DeskError where an event is not as it was written, ExportCancelledError when `progress` returns False,
        OSError where the file cannot be written.
        """
        self._require(actor, Action.EXPORT)
        self.store.checkpoint()
        with self.store.reading() as db:
            size, head = audit.head(db) or (0, "")
        readable = {
            name: to_text(value) if isinstance(value, datetime) else value.encode(errors="replace").decode()
            for name, value in asdict(where).items()
            if value is not None
        }
        order = Order(readable, self.clock.now(), actor.name, actor.id, size, head)
        about = where.request if where.request and where.request.isascii() and len(where.request) < 20 else None
        name = f"evidence-{about or order.made_at.date().isoformat()}.zip"
        try:
            with self._making(actor, "evidence", name, filter_of(where), masked=True) as making:
                pages = self._event_pages(where, progress, upto=size)
                making.rows = write_package(cast(IO[bytes], making.file), self.store, order, pages, self._day_of)
        except NotAsWrittenError as error:
            raise DeskError(str(error)) from error
        return self._made(making)

    def _day_of(self, instant: str) -> date:
        return day_in(self.settings.time_zone, from_text(instant))
