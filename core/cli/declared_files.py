"""Files of declared purposes on a command line: read, refused line by line, planned, and put on record."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from core.cli.output import InputError, say
from core.desk import Desk
from core.model.people import Actor
from core.model.purposes import Declaration


def content_of(file: Path) -> bytes:
    """Raises InputError for a file that cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


def sha256_of(file: Path) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content_of(file)).hexdigest()


def declared_in(desk: Desk, actor: Actor, system: str, file: Path | None) -> list[Declaration] | None:
    """What a file declares; None without one. Raises InputError with one line for each finding."""
    if file is None:
        return None
    entries = desk.read_file(actor, system, content_of(file), file.name)
    _refuse(
        [
            (entry.line, finding.field, finding.message, finding.fix)
            for entry in entries
            for finding in entry.findings
            if finding.blocks
        ],
        file,
    )
    return [entry.declaration for entry in entries if entry.declaration]


def _refuse(found: Sequence[tuple[int, str, str, str]], file: Path) -> None:
    if found:
        raise InputError(
            *(
                f"{file.name}, line {line}: {f'{field}: ' if field else ''}{message} {fix}."
                for line, field, message, fix in found
            )
        )


def planned_file(desk: Desk, actor: Actor, system: str) -> Path | None:
    """Where nothing is on record yet: the file that this person planned last, if they did.

    Raises InputError where it is not any more as it was planned.
    """
    if any(c.declared for c in desk.compared_purposes(actor, system)):
        return None
    planned = desk.planned_file(actor, system)
    if planned is None:
        return None
    path, sha256 = Path(planned[0]), planned[1]
    if not path.is_file() or sha256_of(path) != sha256:
        raise InputError(f"{path} has changed since it was planned. Plan it again, or give --file.")
    say(f"Nothing is on record yet, so {path}, planned before, is applied.")
    return path


def put_on_record(desk: Desk, actor: Actor, system: str, file: Path, names: tuple[str, ...]) -> None:
    """Declare what a file holds, or of it what is named. Raises InputError, having written nothing."""
    report = desk.import_declarations(actor, system, content_of(file), file.name, dry_run=False, names=names)
    _refuse([(e.line, f.field, f.message, f.fix) for e in report.lines for f in e.findings if f.blocks], file)
