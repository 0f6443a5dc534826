"""`batch`: many requests from one file, checked, accepted and seen through; and what is under way of it."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from core.cli.batch_output import as_text, batch_table, to_json
from core.cli.batch_work import see_through, until_done
from core.cli.output import (
    DONE,
    SAID_NO,
    WRONG_INPUT,
    InputError,
    RefusedError,
    answer,
    as_option,
    json_option,
    say,
)
from core.cli.session import opened, person
from core.cli.signals import terminate_when_stdin_closes, until_stdin_closes_option
from core.clock import SystemClock
from core.desk import Desk, DeskError
from core.desk.batches import BatchFileError
from core.desk.batches.files import TEMPLATE_CSV, TEMPLATE_JSONL
from core.model.batches import MOST_BYTES, Batch, BatchState, LineFinding
from core.model.people import Actor
from core.validation.batch_columns import check_mapping

LINGER_SECONDS = 60.0
_ASK_SECONDS = 0.3
_FINDINGS_AT_ONCE = 1_000

batch_argument = click.argument("batch_id", metavar="ID")
limit_option = click.option(
    "--limit-per-hour",
    type=click.IntRange(min=1),
    metavar="N",
    help="Send at most so many of its tasks within an hour.",
)


@click.command(name="batch")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--connection",
    "connections",
    multiple=True,
    metavar="NAME",
    help="The system for rows that name none; may be repeated. By default the only one there is.",
)
@click.option("--dry-run", is_flag=True, help="Check every row, and keep nothing.")
@click.option("--only-good", is_flag=True, help="Accept the good rows although others are rejected.")
@click.option("--map", "renamed", multiple=True, metavar="THEIRS=OURS", help="Which column is which field.")
@limit_option
@click.option("--wait", "waits", is_flag=True, help="Carry it out now, and wait until every row has ended.")
@click.option(
    "--timeout", "timeout_seconds", type=click.FloatRange(min=0), metavar="SECONDS", help="How long --wait waits."
)
@as_option
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    *,
    file: Path,
    connections: tuple[str, ...],
    dry_run: bool,
    only_good: bool,
    renamed: tuple[str, ...],
    limit_per_hour: int | None,
    waits: bool,
    timeout_seconds: float | None,
    as_name: str | None,
    as_json: bool,
) -> None:
    """File every request of a CSV or JSON lines file.

    Nothing is written unless each row is in order, or --only-good was given. The same command again goes on with a
    batch that was interrupted, and files nothing twice.
    """
    theirs = _renamed(renamed)
    content = _content(file)
    with opened(sandbox="running" if waits else "known") as desk:
        actor = person(desk.settings, as_name)
        batch = None if dry_run else desk.unfinished_batch(actor, content)
        try:
            if batch is None or batch.state in {BatchState.UPLOADED, BatchState.CHECKED}:
                batch = desk.upload_batch(actor, content, file.name)
                mapping = _mapping(batch, theirs)
                batch = desk.check_batch(actor, batch.id, mapping=mapping, connections=connections or None)
                _say_unused(batch, mapping)
            else:
                say(f"{batch.id} was begun with this file; going on with it.")
        except BatchFileError as error:
            answer(to_json(None, error.findings), as_text(None, error.findings), as_json=as_json)
            ctx.exit(WRONG_INPUT)
        batch = until_done(desk, actor, batch, BatchState.CHECKING, "Checking")
        found = all_findings(desk, actor, batch.id)
        is_bad = bool(batch.rejected or batch.duplicates) or not batch.good
        if batch.state is BatchState.CHECKED and (dry_run or not batch.good or (is_bad and not only_good)):
            batch = desk.discard_batch(actor, batch.id)
            answer(to_json(batch, found), as_text(batch, found), as_json=as_json)
            ctx.exit(WRONG_INPUT if is_bad else DONE)
        if batch.state is BatchState.CHECKED:
            batch = desk.accept_batch(
                actor, batch.id, only_good=only_good, typed=str(batch.good), limit_per_hour=limit_per_hour
            )
        batch = until_done(desk, actor, batch, BatchState.ACCEPTING, "Filing")
        found = all_findings(desk, actor, batch.id)
        if waits:
            batch = see_through(desk, actor, batch, timeout_seconds)
    answer(to_json(batch, found), as_text(batch, found), as_json=as_json)
    ctx.exit(DONE if not waits or batch.went_well else SAID_NO)


@click.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most this many.")
@as_option
@json_option
def list_batches(*, limit: int, as_name: str | None, as_json: bool) -> None:
    """Batches, newest first."""
    with opened() as desk:
        page = desk.batches(person(desk.settings, as_name), page_size=limit)
    answer([to_json(batch) for batch in page.rows], batch_table(page.rows), as_json=as_json)


@click.command()
@batch_argument
@as_option
@json_option
def show(*, batch_id: str, as_name: str | None, as_json: bool) -> None:
    """One batch, with its findings and the states of its tasks."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        batch = _known(desk, actor, batch_id)
        found = all_findings(desk, actor, batch.id)
    answer(to_json(batch, found), as_text(batch, found), as_json=as_json)


@click.command()
@batch_argument
@as_option
@json_option
def pause(*, batch_id: str, as_name: str | None, as_json: bool) -> None:
    """Send nothing more of a batch until it is resumed."""
    _do(batch_id, as_name, lambda desk, actor: desk.pause_batch(actor, batch_id), as_json=as_json)


@click.command()
@batch_argument
@as_option
@json_option
def resume(*, batch_id: str, as_name: str | None, as_json: bool) -> None:
    """Go on sending a batch."""
    _do(batch_id, as_name, lambda desk, actor: desk.resume_batch(actor, batch_id), as_json=as_json)


@click.command()
@batch_argument
@limit_option
@as_option
@json_option
def limit(*, batch_id: str, limit_per_hour: int | None, as_name: str | None, as_json: bool) -> None:
    """Change how many tasks are sent within an hour; without --limit-per-hour, as fast as the vendors allow."""
    _do(batch_id, as_name, lambda desk, actor: desk.limit_batch(actor, batch_id, limit_per_hour), as_json=as_json)


@click.command()
@batch_argument
@as_option
@json_option
def cancel(*, batch_id: str, as_name: str | None, as_json: bool) -> None:
    """Cancel everything of a batch that no vendor has, or may have."""

    def do(desk: Desk, actor: Actor) -> Batch:
        batch = desk.cancel_batch(actor, batch_id, typed=batch_id)
        return until_done(desk, actor, batch, None, "Cancelling")

    _do(batch_id, as_name, do, as_json=as_json)


@click.command()
@batch_argument
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="By default standard output."
)
@click.option("--rejected", is_flag=True, help="The rows that were rejected instead, to correct and upload again.")
@as_option
def result(*, batch_id: str, output: Path | None, rejected: bool, as_name: str | None) -> None:
    """What became of each row, as CSV."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        batch = _known(desk, actor, batch_id)
        try:
            text = desk.rejected_rows(actor, batch.id) if rejected else desk.batch_result(actor, batch.id)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8", newline="")


@click.command()
@click.option("--json-lines", is_flag=True, help="As JSON lines instead of CSV.")
def template(*, json_lines: bool) -> None:
    """A file to begin with."""
    click.echo(TEMPLATE_JSONL if json_lines else TEMPLATE_CSV, nl=False)


@click.command(hidden=True)
@until_stdin_closes_option
def work(*, until_stdin_closes: bool) -> None:
    """Do what is to be done with batches, and end when nothing was for a minute."""
    if until_stdin_closes:
        terminate_when_stdin_closes()
    clock = SystemClock()
    with opened() as desk:
        stop_at = clock.monotonic() + LINGER_SECONDS
        while clock.monotonic() < stop_at:

            def told(_batch: str, _done: int) -> None:
                nonlocal stop_at
                stop_at = clock.monotonic() + LINGER_SECONDS

            desk.work_on_batches(told)
            clock.sleep(_ASK_SECONDS)


def all_findings(desk: Desk, actor: Actor, batch_id: str) -> list[LineFinding]:
    found: list[LineFinding] = []
    page = 1
    while some := desk.batch_findings(actor, batch_id, page=page, page_size=_FINDINGS_AT_ONCE):
        found += some
        page += 1
    return found


def _do(batch_id: str, as_name: str | None, what: Callable[[Desk, Actor], Batch], *, as_json: bool) -> None:
    with opened() as desk:
        actor = person(desk.settings, as_name)
        _known(desk, actor, batch_id)
        try:
            batch = what(desk, actor)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    answer(to_json(batch), as_text(batch), as_json=as_json)


def _known(desk: Desk, actor: Actor, batch_id: str) -> Batch:
    batch = desk.batch(actor, batch_id)
    if batch is None:
        raise InputError(f"There is no batch {batch_id}.")
    return batch


def _content(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with file.open("rb") as opened_file:
            return opened_file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.") from error


def _renamed(pairs: tuple[str, ...]) -> dict[str, str]:
    """From a field to the column that `--map` names for it."""
    named = {}
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        if not theirs or not ours:
            raise InputError(f"--map wants THEIRS=OURS, such as --map 'customer no=subject', not {pair!r}.")
        named[ours.strip().lower()] = theirs
    return named


def _mapping(batch: Batch, named: dict[str, str]) -> dict[str, str]:
    """The guessed columns, with those that the command names in their place."""
    guessed = {field: column for field, column in (batch.mapping or {}).items() if column not in named.values()}
    return {**guessed, **named}


def _say_unused(batch: Batch, mapping: dict[str, str]) -> None:
    assert batch.sheet is not None  # noqa: S101 - whoever is at the shell may see it
    for finding in check_mapping(batch.sheet, mapping):
        say(f"{finding.message} {finding.fix}")
    for field, column in mapping.items():
        if column.lower() != field:
            say(f"The column {column} is read as {field}.")
