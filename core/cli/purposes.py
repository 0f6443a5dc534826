"""`purposes`: declared retention periods against the vendor's, from a shell or a pipeline."""

import sys
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from core.cli.declared_files import content_of, declared_in, planned_file, put_on_record, sha256_of
from core.cli.output import (
    DONE,
    SAID_NO,
    WRONG_INPUT,
    InputError,
    answer,
    as_option,
    json_option,
    say,
    table,
)
from core.cli.purpose_documents import (
    NOT_AS_DECLARED,
    NOT_FOUND,
    applied,
    as_text,
    report_as_text,
    to_json,
    unknown_to_json,
)
from core.cli.purpose_work import compare_now, enforce_now
from core.cli.session import opened, person
from core.desk import Desk
from core.desk.purposes import EnforcementPreview
from core.model.enforcements import SUCCESSFUL
from core.model.people import Actor
from core.model.purposes import Comparison, PurposeStatus

connection_option = click.option("--connection", metavar="NAME", help="The system; needed where there are several.")
file_option = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Declared purposes, TOML or CSV; by default those on record.",
)
name_option = click.option("--name", "names", multiple=True, metavar="NAME", help="Only this purpose; may be repeated.")


@click.command(name="list")
@connection_option
@file_option
@name_option
@as_option
@json_option
def list_purposes(
    *, connection: str | None, file: Path | None, names: tuple[str, ...], as_name: str | None, as_json: bool
) -> None:
    """Every purpose, declared and at the vendor, as it stands now."""
    with opened(sandbox="running") as desk:
        actor = person(desk.settings, as_name)
        system = _system(desk, connection)
        declared = declared_in(desk, actor, system, file)
        compare_now(desk, actor, system)
        found = _chosen(desk.compared_purposes(actor, system, declared), names)
    answer({"purposes": [to_json(c) for c in found]}, as_text(found, everything=True), as_json=as_json)


@click.command()
@connection_option
@file_option
@name_option
@as_option
@json_option
@click.pass_context
def plan(
    ctx: click.Context,
    *,
    connection: str | None,
    file: Path | None,
    names: tuple[str, ...],
    as_name: str | None,
    as_json: bool,
) -> None:
    """What differs between the declared purposes and the vendor's. Changes nothing.

    Exit code 1 where something drifts, or is not found at the vendor: it can stand in a pipeline.
    """
    with opened(sandbox="running") as desk:
        actor = person(desk.settings, as_name)
        system = _system(desk, connection)
        declared = declared_in(desk, actor, system, file)
        planned = (str(file.resolve()), sha256_of(file)) if file else None
        compare_now(desk, actor, system, file=planned)
        found = _chosen(desk.compared_purposes(actor, system, declared), names)
    unknown = _unknown(found, names)
    _tell(unknown, found)
    document = {"purposes": [*(to_json(c) for c in found), *map(unknown_to_json, unknown)]}
    answer(document, as_text(found, everything=False), as_json=as_json)
    ctx.exit(SAID_NO if unknown or any(c.status in NOT_AS_DECLARED for c in found) else DONE)


@click.command()
@connection_option
@file_option
@name_option
@click.option("--all", "everything", is_flag=True, help="Every declared purpose that drifted.")
@click.option("--yes", is_flag=True, help="Do not ask at the terminal.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait while nothing moves.",
)
@as_option
@json_option
@click.pass_context
def apply(
    ctx: click.Context,
    *,
    connection: str | None,
    file: Path | None,
    names: tuple[str, ...],
    everything: bool,
    yes: bool,
    timeout_seconds: float,
    as_name: str | None,
    as_json: bool,
) -> None:
    """Make the vendor have what is declared: --name one or some, or --all.

    What a file declares is put on record first. Each change is read back. Exit code 1 where something is not in force
    afterwards; running it again completes the rest and repeats nothing.
    """
    if everything == bool(names):
        raise InputError("Say what to change: --name NAME, or --all.")
    with opened(sandbox="running") as desk:
        actor = person(desk.settings, as_name)
        system = _system(desk, connection)
        file = file or planned_file(desk, actor, system)
        wanted = _names_to_apply(desk, actor, system, file, names)
        if not wanted:
            raise InputError("No purpose is declared yet. Give --file, or declare one on the Retention page.")
        compare_now(desk, actor, system)
        if file:
            put_on_record(desk, actor, system, file, names)
        preview = desk.preview_enforcement(actor, system, wanted)
        _confirm(preview, yes=yes)
        made = enforce_now(desk, actor, preview, intent=uuid.uuid4().hex, patience_seconds=timeout_seconds)
        found = _chosen(desk.compared_purposes(actor, system), wanted)
    unknown = _unknown(found, wanted)
    by_name = {change.name: change for change in made}
    lines = [applied(c, by_name.get(c.name), preview) for c in found] + [unknown_to_json(name) for name in unknown]
    _tell(unknown, found)
    for change in made:
        if change.error and change.state not in SUCCESSFUL:
            say(f"{change.name}: {change.error.message} {change.error.advice}".rstrip())
    rows = [(line["name"], line["id"], line["result"]) for line in lines]
    answer({"purposes": lines}, table(("NAME", "ID", "RESULT"), rows), as_json=as_json)
    ctx.exit(DONE if all(line["status"] == PurposeStatus.IN_FORCE for line in lines) else SAID_NO)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@connection_option
@click.option("--dry-run", is_flag=True, help="Only say what would become of each line.")
@as_option
@json_option
@click.pass_context
def import_purposes(
    ctx: click.Context, *, file: Path, connection: str | None, dry_run: bool, as_name: str | None, as_json: bool
) -> None:
    """Put the purposes of a TOML or CSV file on record: all of them, or none if a line is refused."""
    with opened(sandbox="known") as desk:
        actor = person(desk.settings, as_name)
        system = _system(desk, connection)
        report = desk.import_declarations(actor, system, content_of(file), file.name, dry_run=dry_run)
    document = {
        "written": report.written,
        "lines": [
            {"line": e.line, "name": e.name, "result": e.what, "findings": [f.to_json() for f in e.findings]}
            for e in report.lines
        ],
    }
    answer(document, report_as_text(report, file), as_json=as_json)
    ctx.exit(DONE if report.ok else WRONG_INPUT)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@connection_option
@as_option
@json_option
def record(*, file: Path, connection: str | None, as_name: str | None, as_json: bool) -> None:
    """Write the record of processing (GDPR Art. 30(1)) to FILE: .csv, or .html to print."""
    if file.suffix.lower() not in {".csv", ".html"}:
        raise InputError("Give FILE the ending .csv or .html.")
    with opened(sandbox="known") as desk:
        exported = desk.processing_record(
            person(desk.settings, as_name),
            _system(desk, connection),
            "html" if file.suffix.lower() == ".html" else "csv",
        )
        try:
            file.write_bytes(exported.content)
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from error
    document = {"file": str(file), "rows": exported.rows, "sha256": exported.sha256}
    answer(document, f"{file}: {exported.rows:,} purposes, SHA-256 {exported.sha256}", as_json=as_json)


def _system(desk: Desk, name: str | None) -> str:
    known = sorted(desk.purpose_connections())
    if name is not None and name.lower() in known:
        return name.lower()
    if name is None and len(known) == 1:
        return known[0]
    listed = ", ".join(known) or "none is configured"
    raise InputError(f"Choose the system with --connection. Known: {listed}.")


def _names_to_apply(
    desk: Desk, actor: Actor, system: str, file: Path | None, names: tuple[str, ...]
) -> tuple[str, ...]:
    if names:
        return tuple(dict.fromkeys(names))
    declared = declared_in(desk, actor, system, file)
    if declared is not None:
        return tuple(declaration.name for declaration in declared)
    return tuple(c.name for c in desk.compared_purposes(actor, system) if c.declared)


def _confirm(preview: EnforcementPreview, *, yes: bool) -> None:
    """Somebody at the terminal types the number, above ten changes or where data would be deleted.

    Without a terminal the command is the confirmation: there is nobody to ask, and `--all` or `--name` was written out.
    """
    count, shorter = len(preview.changes), len(preview.shortening)
    if shorter:
        deletes = f"{shorter} of {count} changes shorten a retention period, which deletes data at the vendor."
        say(f"{deletes} A second person has to approve them." if preview.needs_second_person else deletes)
    if yes or not at_a_terminal() or not (preview.needs_typing or shorter):
        return
    typed = click.prompt(f"Type {count} to change {count} purposes", default="", show_default=False, err=True)
    if typed.strip() != str(count):
        raise InputError("Nothing was changed.")


def at_a_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def _chosen(found: Sequence[Comparison], names: Collection[str]) -> list[Comparison]:
    return [c for c in found if not names or c.name in names]


def _unknown(found: Sequence[Comparison], names: Sequence[str]) -> list[str]:
    known = {c.name for c in found}
    return [name for name in dict.fromkeys(names) if name not in known]


def _tell(unknown: Sequence[str], found: Sequence[Comparison]) -> None:
    for name in (*unknown, *(c.name for c in found if c.status is PurposeStatus.MISSING)):
        say(f"{name}: {NOT_FOUND}.")
