"""Opening the SQLite file: pragmas, migrations, one read connection per question, one write transaction helper."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from core.clock import Clock
from core.model.events import Event
from core.store import audit
from core.store.checkpoints import Checkpointer
from core.store.connections import Connections
from core.store.keys import Keys
from core.store.measures import counting
from core.store.schema import migrations
from core.store.turnstile import Turnstile

BUSY_TIMEOUT_MS = 30_000
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",  # NORMAL lost acknowledged commits in 108 of 150 simulated power cuts
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA temp_store=MEMORY",  # the audit triggers spill a journal for every insert; rows stay off the disk too
    f"PRAGMA journal_size_limit={64 * 1024 * 1024}",
)


class StoreError(Exception):
    """The database cannot be used as it is; the message says why and what to do. The file was not changed."""


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has the WAL-reset fix (3.51.3, back-ported to 3.44.6 and 3.50.7).

    Without it two connections can lose committed writes, so the rollback journal is used instead.
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


class Transaction:
    """A write transaction under way: `db` to write with, `at` the one instant of everything in it."""

    def __init__(self, db: Database, keys: Keys, at: datetime) -> None:
        self.db = db
        self.keys = keys
        self.at = at
        self.recorded = 0
        self._events: list[Event] = []

    def record(self, event: Event) -> None:
        """Put an event into the audit log; it stands or falls with the rest of the transaction.

        All of a transaction are appended together at its end, in their order: the log's head is read and its index
        entered once. An event that may not be recorded therefore raises AuditError there, and undoes everything.
        """
        self._events.append(event)
        self.recorded += 1

    def record_many(self, events: Sequence[Event]) -> None:
        """The same for many events in their order, of which each takes 50 µs (measured)."""
        self._events.extend(events)
        self.recorded += len(events)

    def append_events(self) -> None:
        """Append what was recorded until now; `Store.writing` does it at the end."""
        events, self._events = self._events, []
        if events:
            audit.append_many(self.db, self.keys, ((self.at, event) for event in events))


class Store:
    """One SQLite file with its keys. Each unit of work has a connection to itself; it is kept open for the next one."""

    def __init__(self, path: Path, keys: Keys, clock: Clock, *, time_zone: str | None = None) -> None:
        """Creates or migrates the file. Raises StoreError where it cannot be used.

        `time_zone` is the controller's, by whose calendar days are counted; None leaves it as it is (at first UTC).
        """
        self.path = path
        self._time_zone = time_zone
        self.keys = keys
        self.clock = clock
        self.checkpointer = Checkpointer(self.checkpoints_path(path), keys, clock)
        self._connections = Connections(path, lambda: _open(_writable(path)))
        # Threads of one process line up here: SQLite has those that wait look again and again, in no order at all.
        self._writing = threading.RLock()
        self._prepare()
        self._turnstile = Turnstile(path.with_name(path.name + ".turnstile"))

    @staticmethod
    def checkpoints_path(path: Path) -> Path:
        return path.with_name(path.name + ".checkpoints")

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """A connection that sees one snapshot; nothing can be written through it.

        Not opened with `mode=ro`: after a crash the first to open the file, reader or writer, rolls the
        half-written transaction back, and a read-only connection cannot.
        """
        with self._connections.lend() as db:
            db.conn.execute("PRAGMA query_only=ON")
            db.conn.execute("BEGIN")
            try:
                yield db
            finally:
                db.conn.rollback()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """The only way to write. The lock is taken at the start, so nothing fails half way with "locked".

        sqlite-utils' own `atomic()` begins deferred: of 1600 appends by 8 processes it lost 1408 (measured).
        """
        with self._writing, self._connections.lend() as db:
            db.conn.execute("PRAGMA query_only=OFF")
            with self._turnstile.held():
                db.conn.execute("BEGIN IMMEDIATE")
            transaction = Transaction(db, self.keys, self.clock.now())
            try:
                yield transaction
                transaction.append_events()
                counting.add_up(db)
                head = audit.head(db) if transaction.recorded else None
            except BaseException:
                db.conn.rollback()
                raise
            db.conn.commit()
        if head:
            self.checkpointer.after_commit(*head)

    def checkpoint(self) -> None:
        """Sign the present head outside the database: at export, at shutdown, before a backup."""
        with self.reading() as db:
            head = audit.head(db)
        if head:
            self.checkpointer.force(*head)

    def _prepare(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._check_and_migrate()
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path} cannot be read as a database ({error}). The file was kept as it is: "
                "move it aside and restore a backup."
            ) from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be opened: {error.strerror}") from error
        finally:
            os.close(lock)

    def _check_and_migrate(self) -> None:
        if not self.path.exists():
            signed = self.checkpoints_path(self.path)
            if signed.exists():
                raise StoreError(
                    f"{self.path} is missing, although {signed.name} vouches for one. Restore a backup; "
                    "to begin anew, move that file aside."
                )
            self._create()
            return
        if self.path.stat().st_size == 0:
            raise StoreError(f"{self.path} is empty. Move it aside, or restore a backup, then start again.")
        if not os.access(self.path, os.W_OK) or not os.access(self.path.parent, os.W_OK):
            raise StoreError(f"{self.path} or its folder cannot be written to by this user.")
        with self.reading() as db:
            unknown = {m.name for m in migrations.applied(db)} - _known_migrations()
            pending = migrations.pending(db)
            moved = not pending and not unknown and self._time_zone not in {None, counting.zone_of(db)}
        if unknown:
            raise StoreError(
                f"{self.path} was written by a newer Privacy Desk ({', '.join(sorted(unknown))}). "
                "Update Privacy Desk, or restore an older backup. Nothing was changed."
            )
        if pending or moved:
            with _connection(_writable(self.path)) as db:
                _migrate(db, self._time_zone)

    def _create(self) -> None:
        # Made aside and renamed: a crash half way must not leave an empty file in the database's place.
        fresh = self.path.with_name(self.path.name + ".new")
        journal = fresh.with_name(fresh.name + "-journal")
        fresh.unlink(missing_ok=True)
        journal.unlink(missing_ok=True)  # that of a crash would be rolled back into the new file
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with _connection(_writable(fresh), journal="WAL" if wal_is_safe() else "TRUNCATE") as db:
            _migrate(db, self._time_zone)
        fresh.rename(self.path)
        journal.unlink(missing_ok=True)


def _writable(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=rw"


def _open(uri: str, journal: str | None = None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if journal:
            connection.execute(f"PRAGMA journal_mode={journal}")
        elif connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            # Kept by the connection, not by the file; a live WAL database is never switched.
            connection.execute("PRAGMA journal_mode=TRUNCATE")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _connection(uri: str, journal: str | None = None) -> Iterator[Database]:
    """A connection of its own, for making and migrating the file."""
    with closing(_open(uri, journal)) as connection:
        yield Database(connection, recursive_triggers=False, execute_plugins=False)


def _known_migrations() -> set[str]:
    return {migration.name for migration in migrations.pending(Database(memory=True))}


def _migrate(db: Database, time_zone: str | None) -> None:
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(db)
        followed = counting.zone_of(db)
        if (wanted := time_zone or followed or "UTC") != followed:
            counting.follow_calendar(db, wanted)
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()
