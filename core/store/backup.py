"""One consistent copy of the live database, checked before it gets its name."""

import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.store.durable import sync_folder
from core.store.snapshot import snapshot


class BackupError(Exception):
    """The copy could not be made or did not pass its check; nothing was left at the target."""


@dataclass(frozen=True)
class BackupResult:
    """The finished copy: where, the SHA-256 of the file in hexadecimal, its size in bytes."""

    path: Path
    sha256: str
    bytes: int


def backup(database: Path, target: Path, *, keys_path: Path) -> BackupResult:
    """Copy the database as it stands at one instant to `target` (mode 600), while others go on reading.

    Where the journal is not WAL, writers wait for as long as the copying takes. The keys are not part of a backup,
    and whoever gets hold of both reads everything: so it is not put into the key file's folder.

    Raises ValueError for a target that exists, lies beside the key file or has no folder; UnreadableDatabaseError;
    BackupError when the copying fails or the copy is not sound.
    """
    folder = target.parent.resolve()
    if folder == keys_path.parent.resolve():
        raise ValueError(
            f"{folder} holds the key file. Choose another folder: beside its key a backup protects nothing"
        )
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. Make it first, or choose another")
    if os.path.lexists(target):
        raise ValueError(f"{target} exists already. Choose another name: a backup never replaces a file")
    try:
        return _copy_and_name(database, target)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"The backup to {target} failed: {error}") from error


def _copy_and_name(database: Path, target: Path) -> BackupResult:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        _copy(database, temporary)
        result = BackupResult(target, *_measured(temporary))
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)
    return result


def _copy(database: Path, copy: Path) -> None:
    with snapshot(database) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        source.backup(target)
        # One file that needs no companions to be opened, whatever journal the live one uses.
        target.execute("PRAGMA journal_mode=DELETE")
        findings = [finding for (finding,) in target.execute("PRAGMA integrity_check(10)")]
    if findings != ["ok"]:
        raise BackupError(f"The copy of {database} is not sound, nor then is the database: {'; '.join(findings)}")


def _measured(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()
