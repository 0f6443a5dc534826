"""`audit export`: events as CSV or JSON lines, or a package of evidence, as a file."""

import os
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from core.cli.long_work import progress_option, told_progress
from core.cli.output import InputError, answer, as_option, day, json_option
from core.cli.session import opened, person
from core.store.audit import EventFilter
from core.store.exports import Export


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "jsonl", "evidence"]),
    default="csv",
    show_default=True,
    help="Evidence: a zip that proves itself.",
)
@click.option("--request", metavar="ID", help="Of one request alone, e.g. PR-000042.")
@click.option("--since", type=day, metavar="DAY", help="From this day on (UTC).")
@click.option("--until", type=day, metavar="DAY", help="Up to this day, itself included (UTC).")
@click.option("--kind", help="What happened, e.g. task.ended.")
@click.option("--actor", metavar="ID", help="Whose doing, as an event shows it.")
@click.option("--connection", metavar="NAME", help="Of one connection.")
@click.option("--outcome", help="With this outcome.")
@click.option("--text", help="With these words.")
@as_option
@json_option
@progress_option
def export(
    *,
    file: Path,
    file_format: str,
    since: date | None,
    until: date | None,
    as_name: str | None,
    as_json: bool,
    as_lines: bool,
    **named: str | None,
) -> None:
    """Write events to FILE, which must not exist. That they were exported is an event itself."""
    where = EventFilter(
        since=_midnight(since), until=_midnight(until + timedelta(days=1)) if until else None, **_upper(named)
    )
    refuse_existing(file)
    with opened(existing=True) as desk, told_progress("Events", as_lines=as_lines) as progress:
        actor = person(desk.settings, as_name)
        try:
            if file_format == "evidence":
                made = desk.make_evidence(actor, where, progress)
            else:
                made = desk.export_events(actor, where, "csv" if file_format == "csv" else "jsonl", progress)
            copy_to(made, file)
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from error
    answer(described(made, file), f"{file}: {made.rows:,} events, SHA-256 {made.sha256}", as_json=as_json)


def refuse_existing(file: Path) -> None:
    if os.path.lexists(file):
        raise InputError(f"{file} exists already. Choose another name: an export never replaces a file.")
    if not file.absolute().parent.is_dir():
        raise InputError(f"There is no folder {file.absolute().parent}. Make it first, or choose another.")


def copy_to(made: Export, file: Path) -> None:
    """A copy of an export's file, for its owner alone. Raises OSError."""
    if made.path is None:
        raise FileNotFoundError(2, "the export was deleted meanwhile", str(file))
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target, made.path.open("rb") as source:
        shutil.copyfileobj(source, target)


def described(made: Export, file: Path) -> dict[str, Any]:
    return {
        "export": made.id,
        "file": str(file),
        "rows": made.rows,
        "bytes": made.bytes,
        "sha256": made.sha256,
        "masked": made.masked,
    }


def _upper(named: dict[str, str | None]) -> dict[str, Any]:
    return {**named, "request": named["request"].upper() if named["request"] else None}


def _midnight(given: date | None) -> datetime | None:
    return datetime.combine(given, time(), UTC) if given else None
