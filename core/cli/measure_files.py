"""The metrics as files: the report of the meeting, and a folder of CSV tables."""

import io
import zipfile
from pathlib import Path

from core.cli.output import InputError
from core.desk import Desk
from core.desk.reports.parts import Asked, section_7102_year
from core.model.measures import Filter
from core.model.people import Actor
from core.store.exports import Export


def write(desk: Desk, actor: Actor, where: Filter, report: Path | None, tables: Path | None) -> dict[str, str]:
    """Write what is asked for, each an export of the audit log. Returns the paths by what they are.

    Raises InputError where a file cannot be written.
    """
    year = section_7102_year(desk.today(), desk.choices(actor).first_day)
    asked = Asked(where, None, year)
    written = {}
    try:
        if report:
            report.write_bytes(_content(desk.report(actor, asked)))
            written["report"] = str(report)
        if tables:
            tables.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(io.BytesIO(_content(desk.tables(actor, asked)))) as archive:
                archive.extractall(tables)  # our own names, without a folder
            written["csv"] = str(tables)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be written: {error.strerror}") from error
    return written


def _content(made: Export) -> bytes:
    return made.path.read_bytes() if made.path else b""
