"""Reading a database file as it stands at one instant, without being able to change it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_BUSY_SECONDS: Final = 30


class UnreadableDatabaseError(Exception):
    """The file is missing, is no database, or needs its owner to open it first. Says what to do."""


@contextmanager
def snapshot(database: str | Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection inside one read transaction; writers wait for it where the journal is not WAL.

    Raises UnreadableDatabaseError when the file cannot be opened; what goes wrong later is a sqlite3.Error.
    """
    path = Path(database)
    if not path.is_file():
        raise UnreadableDatabaseError(f"There is no database at {path}")
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )
    try:
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # takes the lock that BEGIN deferred
        except sqlite3.Error as error:
            raise UnreadableDatabaseError(_reason(path, error)) from error
        yield connection
    finally:
        connection.close()


def _reason(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return f"{path} is not a database. It was left as it is; restore a backup"
    if code == sqlite3.SQLITE_BUSY:
        return f"{path} is being written to for longer than {_BUSY_SECONDS} seconds. Try again later"
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
        # A journal left by a crash is rolled back by the next writer; a reader may not.
        return f"{path} was not closed properly or may not be read. Start Privacy Desk once, then try again"
    return f"{path} cannot be read: {error}"
