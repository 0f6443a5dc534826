"""Files that are made to leave the desk: written whole or not at all, registered, kept for a time, then deleted."""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import escape
from pathlib import Path
from typing import IO, Any, Final

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.events import Event, EventKind
from core.store.audit.admission import looks_secret
from core.store.database import Transaction
from core.store.durable import sync_folder

Progress = Callable[[int, int], bool]
"""Called with the rows done and the rows in all; returning False cancels."""

_ABANDONED_HOURS: Final = 24
_LONGEST_TOLD: Final = 200
_REQUEST_ID: Final = re.compile(r"PR-\d{6,15}")


class ExportCancelledError(Exception):
    """The progress callback asked to stop; nothing of the file stays."""


@dataclass(frozen=True)
class Export:
    """One file that was made. `name` is what it is called when it is downloaded, `path` is None once it is deleted.

    `filter` says what it holds, of typed text the hash alone; `masked` is False where it shows identifiers; `sha256`
    is that of the file, in hexadecimal.
    """

    id: str
    what: str
    name: str
    rows: int
    bytes: int
    sha256: str
    masked: bool
    filter: Mapping[str, Any]
    made_by: str
    made_by_name: str
    made_at: datetime
    expires_at: datetime
    path: Path | None


class ExportFile:
    """A file under way: what is written is counted and hashed, and never read again."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.name = name
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def folder_of(database: Path) -> Path:
    """Where the exports of a database lie: beside it, in `exports`."""
    return database.parent / "exports"


@contextmanager
def new_file(database: Path) -> Iterator[ExportFile]:
    """A file with a random name and mode 600, complete and on disk when the block ends, gone where it fails.

    The name begins with the database's, whose file it is: several may lie in one folder. Raises OSError.
    """
    folder = folder_of(database)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{database.name}.{secrets.token_hex(16)}"
    partial = folder / f"{name}.part"
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            file = ExportFile(opened, name)
            yield file
            opened.flush()
            os.fsync(opened.fileno())
        partial.rename(folder / name)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def register(
    transaction: Transaction,
    file: ExportFile,
    *,
    what: str,
    name: str,
    rows: int,
    filter: Mapping[str, Any],  # noqa: A002 - the word that people know it by
    masked: bool,
    actor: str,
    actor_name: str,
    expires_at: datetime,
) -> str:
    """Enter a finished file, with its audit event. Returns its id."""
    number = transaction.db.execute(
        "INSERT INTO exports (what, name, file, filter, masked, rows, bytes, sha256, made_by, made_by_name, made_at, "
        "expires_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            what, name, file.name, json.dumps(filter), int(masked), rows, file.bytes, file.sha256, actor, actor_name,
            to_text(transaction.at), to_text(expires_at),
        ],
    ).lastrowid  # fmt: skip
    export_id, request = f"EX-{number:06d}", str(filter.get("request") or "")
    transaction.record(
        Event(
            EventKind.EXPORT_MADE,
            actor,
            request=request if _REQUEST_ID.fullmatch(request) else None,
            outcome="made",
            detail={
                "export": export_id,
                "what": what,
                "filter": {key: _admissible(value) for key, value in filter.items()},
                "rows": rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "masked": masked,
            },
        )
    )
    return export_id


def get(db: Database, folder: Path, export_id: str) -> Export | None:
    for row in db.query("SELECT * FROM exports WHERE id = ?", [export_id]):
        return _export(row, folder)
    return None


def newest_first(db: Database, folder: Path, limit: int = 200) -> list[Export]:
    return [_export(row, folder) for row in db.query("SELECT * FROM exports ORDER BY number DESC LIMIT ?", [limit])]


def due(db: Database, folder: Path, now: datetime) -> list[Export]:
    """Those whose time is over and whose file is still there."""
    return [
        _export(row, folder)
        for row in db.query(
            "SELECT * FROM exports WHERE deleted_at IS NULL AND expires_at <= ? ORDER BY number", [to_text(now)]
        )
    ]


def delete(transaction: Transaction, export: Export, actor: str) -> None:
    """Delete the file of an export; that it was there stays on record."""
    if export.path:
        export.path.unlink(missing_ok=True)
    transaction.db.execute(
        "UPDATE exports SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", [to_text(transaction.at), export.id]
    )
    transaction.record(
        Event(
            EventKind.EXPORT_DELETED,
            actor,
            outcome="deleted",
            detail={"export": export.id, "sha256": export.sha256},
        )
    )


def sweep(db: Database, database: Path, now: datetime) -> int:
    """Delete files of this database that no export is registered for: what a crash left. Returns how many."""
    known = {row["file"] for row in db.query("SELECT file FROM exports")}
    before = (now - timedelta(hours=_ABANDONED_HOURS)).timestamp()
    own = folder_of(database).glob(f"{escape(database.name)}.*")
    stray = [path for path in own if path.name not in known and path.stat().st_mtime < before]
    for path in stray:
        path.unlink(missing_ok=True)
    return len(stray)


def _export(row: dict[str, Any], folder: Path) -> Export:
    path = folder / row["file"]
    return Export(
        id=row["id"],
        what=row["what"],
        name=row["name"],
        rows=row["rows"],
        bytes=row["bytes"],
        sha256=row["sha256"],
        masked=bool(row["masked"]),
        filter=json.loads(row["filter"]),
        made_by=row["made_by"],
        made_by_name=row["made_by_name"],
        made_at=from_text(row["made_at"]),
        expires_at=from_text(row["expires_at"]),
        path=path if row["deleted_at"] is None and path.is_file() else None,
    )


def _admissible(value: Any) -> Any:
    """What a filter asked for, fit for the audit log, which refuses secrets, long texts and what is no Unicode."""
    if not isinstance(value, str):
        return value
    raw = value.encode(errors="replace")
    if looks_secret(value) or len(value) > _LONGEST_TOLD or raw.decode() != value:
        return f"sha256:{hashlib.sha256(raw).hexdigest()[:32]}"
    return value
