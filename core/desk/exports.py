"""Exports: events and requests as files, and the register of every file that was made to leave the desk."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

from dateutil.relativedelta import relativedelta

from core.clock import to_text
from core.desk.base import DeskBase, DeskError
from core.model.people import Action, Actor, NotAllowedError
from core.store import audit, exports, request_records
from core.store.audit import EventFilter, browsing
from core.store.export import CSV_START, csv_lines
from core.store.exports import Export, ExportFile, Progress
from core.store.requests import RequestFilter

EVENTS_AT_ONCE: Final = 2000


@dataclass
class Making:
    """A file under way, and how many rows it has so far."""

    file: ExportFile
    rows: int = 0
    export: Export | None = None


class ExportActions(DeskBase):
    """The part of the desk that lets files out, and remembers each."""

    def export_events(
        self, actor: Actor, where: EventFilter, file_format: Literal["csv", "jsonl"], progress: Progress | None = None
    ) -> Export:
        """The matching events, oldest first, as CSV or as JSON lines (RFC 8785); memory stays flat.

        Raises ExportCancelledError when `progress` returns False, OSError where the file cannot be written.
        """
        actor = self._require(actor, Action.EXPORT)
        self.store.checkpoint()
        with self._making(actor, "events", f"audit-events.{file_format}", filter_of(where), masked=True) as making:
            pages = self._event_pages(where, progress)
            if file_format == "csv":
                _write_csv(making, browsing.COLUMNS, pages)
            else:
                for page in pages:
                    making.file.write(b"".join(browsing.line_of(row) for row in page))
                    making.rows += len(page)
        return self._made(making)

    def export_requests(self, actor: Actor, where: RequestFilter, progress: Progress | None = None) -> Export:
        """The matching requests as CSV, in the order they were filed; identifiers masked for whoever may not see them.

        Raises as `export_events` does.
        """
        actor = self._require(actor, Action.EXPORT)
        unmasked = actor.may(Action.SEE_IDENTIFIERS)
        if where.text and not where.text.startswith("subj_"):
            where = RequestFilter(**{**vars(where), "pseudonym": self._pseudonym(where.text)})
        asked = filter_of(where)
        with self._making(actor, "requests", "requests.csv", asked, masked=not unmasked) as making:
            pages = self._request_pages(where, progress, unmasked=unmasked)
            names = request_records.COLUMNS
            _write_csv(making, names, ([tuple(row[name] for name in names) for row in page] for page in pages))
        return self._made(making)

    def keep_export(
        self,
        actor: Actor,
        *,
        what: str,
        name: str,
        rows: int,
        content: bytes | Iterable[bytes],
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the word that people know it by
        masked: bool = True,
    ) -> Export:
        """Keep a file that somebody else made (a report, the result of a batch) as an export, with its audit event.

        `masked` is False where it shows identifiers. Raises OSError.
        """
        actor = self._require(actor, Action.EXPORT)
        with self._making(actor, what, name, dict(filter or {}), masked=masked) as making:
            for part in [content] if isinstance(content, bytes) else content:
                making.file.write(part)
            making.rows = rows
        return self._made(making)

    def exports(self, actor: Actor) -> tuple[Export, ...]:
        """The files that were made, newest first."""
        actor = self._require(actor, Action.EXPORT)
        with self.store.reading() as db:
            return tuple(exports.newest_first(db, self.exports_folder))

    def export_file(self, actor: Actor, export_id: str) -> Export:
        """One of them, to be downloaded from its `path`. Raises DeskError where it is not there (any more)."""
        actor = self._require(actor, Action.EXPORT)
        with self.store.reading() as db:
            export = exports.get(db, self.exports_folder, export_id)
        if export is None:
            raise DeskError(f"There is no export {export_id}.")
        if export.path is None:
            raise DeskError(f"The file of {export_id} was deleted when its time was over. Make it again.")
        if not export.masked and not actor.may(Action.SEE_IDENTIFIERS):
            raise NotAllowedError(f"{export_id} shows identifiers, which {actor.name} may not see.")
        return export

    @property
    def exports_folder(self) -> Path:
        return exports.folder_of(self.settings.database)

    def _event_pages(
        self, where: EventFilter, progress: Progress | None, *, upto: int | None = None
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The matching rows of the log up to its present head (or `upto`), oldest first, some thousands at a time.

        Each page is read by itself: a rollback journal makes writers wait for as long as somebody reads. Rows never
        change, so that together they are one state all the same.
        """
        with self.store.reading() as db:
            size, _ = audit.head(db) or (0, "")
            size = size if upto is None else min(size, upto)
            total = audit.count_up_to(db, where, cap=2**60)
        done, after = 0, -1
        while True:
            with self.store.reading() as db:
                page = list(
                    browsing.select(
                        db, where, browsing.COLUMNS, EVENTS_AT_ONCE, before=size + 1, after=after, upwards=True
                    )
                )
            if not page:
                return
            yield page
            after = page[-1][0]
            done += len(page)
            if progress and not progress(done, max(total, done)):
                raise exports.ExportCancelledError

    def _request_pages(
        self, where: RequestFilter, progress: Progress | None, *, unmasked: bool
    ) -> Iterator[list[request_records.Record]]:
        done = after = 0
        with self.store.reading() as db:
            total = request_records.count(db, where)
        while True:
            with self.store.reading() as db:
                page = request_records.page(db, self.store.keys, where, after, unmasked=unmasked)
            if not page:
                return
            yield page
            after = page[-1]["number"]
            done += len(page)
            if progress and not progress(done, max(total, done)):
                raise exports.ExportCancelledError

    @staticmethod
    def _made(making: Making) -> Export:
        if making.export is None:
            raise DeskError("The export was taken away while it was made. Make it again.")
        return making.export

    @contextmanager
    def _making(
        self,
        actor: Actor,
        what: str,
        name: str,
        filter: Mapping[str, Any],  # noqa: A002 - as above
        *,
        masked: bool,
    ) -> Iterator[Making]:
        """A new file that is registered, with its audit event, once the block has ended well."""
        with exports.new_file(self.settings.database) as file:
            making = Making(file)
            yield making
        try:
            with self.store.writing() as transaction:
                export_id = exports.register(
                    transaction,
                    file,
                    what=what,
                    name=name,
                    rows=making.rows,
                    filter=filter,
                    masked=masked,
                    actor=actor.id,
                    actor_name=actor.name,
                    expires_at=transaction.at + relativedelta(months=self.settings.keep.exports_months),
                )
        except BaseException:
            (self.exports_folder / file.name).unlink(missing_ok=True)  # no file leaves without being on record
            raise
        with self.store.reading() as db:
            making.export = exports.get(db, self.exports_folder, export_id)


def filter_of(where: EventFilter | RequestFilter) -> dict[str, Any]:
    """What a filter asks for, as the log may hold it: of typed text the hash alone."""
    asked: dict[str, Any] = {}
    for name, value in asdict(where).items():
        if value in (None, "", ()) or name == "order":
            continue
        if name == "text":
            asked["text_sha256"] = hashlib.sha256(value.encode(errors="replace")).hexdigest()
        elif isinstance(value, datetime):
            asked[name] = to_text(value)
        elif isinstance(value, date):
            asked[name] = value.isoformat()
        elif isinstance(value, (tuple, dict)):
            asked[name] = str(value) if isinstance(value, dict) else [str(part) for part in value]
        else:
            asked[name] = value
    return asked


def _write_csv(making: Making, columns: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]]) -> None:
    making.file.write(CSV_START)
    making.file.write(csv_lines([columns]))
    for page in pages:
        making.file.write(csv_lines(page))
        making.rows += len(page)
