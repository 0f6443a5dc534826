"""`backup`: a copy of the database while it is in use."""

from pathlib import Path

import click

from core.cli.output import InputError, answer, as_option, json_option
from core.cli.session import opened, person
from core.store.backup import BackupError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@as_option
@json_option
def backup(*, file: Path, as_name: str | None, as_json: bool) -> None:
    """Copy the database to FILE while it is in use. The key file is not in it: keep that somewhere else."""
    with opened(existing=True) as desk:
        try:
            made = desk.backup(person(desk.settings, as_name), file)
        except (ValueError, BackupError) as error:
            raise InputError(str(error)) from error
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from error
    document = {"file": str(made.path), "sha256": made.sha256, "bytes": made.bytes}
    answer(document, f"{made.path}: {made.bytes:,} bytes, SHA-256 {made.sha256}", as_json=as_json)
