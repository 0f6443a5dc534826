"""`ledger check`: who of a list was erased."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from core.cli.output import DONE, SAID_NO, InputError, answer, as_option, json_option, table
from core.cli.session import opened, person
from core.model.wording import minute
from core.validation.identifier_files import IdentifierFileError, identifiers_in


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--column", metavar="NAME", help="The column of the identifiers; by default one called like a subject id."
)
@as_option
@json_option
@click.pass_context
def check(ctx: click.Context, *, file: Path, column: str | None, as_name: str | None, as_json: bool) -> None:
    """Say which lines of a CSV or text file are about people who were erased; exit code 1 when any is.

    For a restored backup, or a list that is about to be imported. Nothing of the file is stored or logged.
    """
    checked = 0
    with opened(existing=True) as desk:

        def counted() -> Iterator[tuple[int, str]]:
            nonlocal checked
            for entry in identifiers_in(file.read_bytes(), column):
                checked += 1
                yield entry

        try:
            found = list(desk.check_ledger(person(desk.settings, as_name), counted()))
        except IdentifierFileError as error:
            raise InputError(str(error)) from error
    document = {
        "checked": checked,
        "found": [{"line": entry.line, "erasures": [asdict(erasure) for erasure in entry.erasures]} for entry in found],
    }
    rows = [
        (entry.line, erasure.connection, minute(erasure.at), ", ".join(erasure.categories), erasure.task)
        for entry in found
        for erasure in entry.erasures
    ]
    head = ("LINE", "ERASED FROM", "AT", "CATEGORIES", "TASK")
    summary = f"Erased before: {len(found):,} of {checked:,}. Remove them again before the list is used."
    text = [*table(head, rows), "", summary] if found else f"None of {checked:,} is in the ledger of erasures."
    answer(document, text, as_json=as_json)
    ctx.exit(SAID_NO if found else DONE)
