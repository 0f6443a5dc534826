"""`records`: what is kept about requests, as a file, and disposing of it when its time is over."""

from pathlib import Path
from typing import Any

import click

from core.cli.audit_export import copy_to, described, refuse_existing
from core.cli.long_work import progress_option, told_progress
from core.cli.output import InputError, answer, as_option, fields, json_option
from core.cli.session import opened, person
from core.desk import DeskError
from core.model.privacy_requests import RequestState
from core.store.disposal import Due
from core.store.requests import RequestFilter


@click.command(name="export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in RequestState]),
    help="In this state.",
)
@click.option("--connection", metavar="NAME", help="At this connection.")
@as_option
@json_option
@progress_option
def export_requests(
    *,
    file: Path,
    states: tuple[str, ...],
    connection: str | None,
    as_name: str | None,
    as_json: bool,
    as_lines: bool,
) -> None:
    """Write the requests to FILE as CSV, which must not exist. Identifiers are masked for whoever may not see them."""
    refuse_existing(file)
    where = RequestFilter(states=tuple(map(RequestState, states)), connection=connection)
    with opened(existing=True) as desk, told_progress("Requests", as_lines=as_lines) as progress:
        try:
            made = desk.export_requests(person(desk.settings, as_name), where, progress)
            copy_to(made, file)
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from error
    answer(described(made, file), f"{file}: {made.rows:,} requests, SHA-256 {made.sha256}", as_json=as_json)


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@as_option
@json_option
@progress_option
def dispose(*, dry_run: bool, as_name: str | None, as_json: bool, as_lines: bool) -> None:
    """Dispose of records whose time is over, by PRIVACY_DESK_KEEP__*. The worker does the same once a day."""
    with opened(existing=True) as desk:
        actor = person(desk.settings, as_name)
        due = desk.due(actor)
        if dry_run:
            answer(_document(due), _said(due), as_json=as_json)
            return
        with told_progress("Records", as_lines=as_lines) as progress:
            try:
                done = desk.dispose(actor, progress)
            except DeskError as error:
                raise InputError(str(error)) from error
    document = {"requests": done.requests, "events": done.events, "events_upto": done.upto, "exports": done.exports}
    answer(
        document,
        f"Disposed of {done.requests:,} requests, {done.events:,} events and {done.exports:,} exports.",
        as_json=as_json,
    )


def _document(due: Due) -> dict[str, Any]:
    return {
        "requests": due.requests,
        "requests_until": due.requests_until,
        "events": due.events,
        "events_upto": due.events_upto,
        "events_until": due.events_until,
        "exports": due.exports,
        "held_back_by": due.held_back_by,
        "reason": due.reason,
    }


def _said(due: Due) -> list[str]:
    return fields(
        {
            "Requests": f"{due.requests:,} closed before {due.requests_until:%Y-%m-%d}",
            "Events": f"{due.events:,} older than {due.events_until:%Y-%m-%d}"
            + (f", up to number {due.events_upto:,}" if due.events_upto else ""),
            "Exports": f"{due.exports:,}",
            "Later events stay for": due.held_back_by,
            "Why": due.reason,
        }
    )
