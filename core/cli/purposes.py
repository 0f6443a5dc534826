"""`purposes`: declared retention periods against the vendor's, from a shell or a pipeline."""

import hashlib
import sys
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

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
    words,
)
from core.cli.purpose_work import compare_now, enforce_now
from core.cli.session import opened, person
from core.desk import Desk
from core.desk.purposes import EnforcementPreview, ImportReport
from core.model.enforcements import SUCCESSFUL, ChangeState
from core.model.people import Actor
from core.model.purposes import Comparison, Declaration, Difference, PurposeStatus
from core.store.enforcement_changes import Change

NOT_FOUND = "not found at the vendor"
STATUS_WORDS: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: "in force",
    PurposeStatus.DRIFTED: "drifted",
    PurposeStatus.MISSING: NOT_FOUND,
    PurposeStatus.UNDECLARED: "not declared",
    PurposeStatus.AMBIGUOUS: "more than once at the vendor",
    PurposeStatus.NOT_COMPARED: "not compared",
}
_NOT_AS_DECLARED = frozenset({PurposeStatus.DRIFTED, PurposeStatus.MISSING, PurposeStatus.AMBIGUOUS})

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
        declared = _declared_in(desk, file)
        compare_now(desk, actor, system)
        found = _chosen(desk.compared_purposes(actor, system, declared), names)
    answer({"purposes": [_to_json(c) for c in found]}, _as_text(found, everything=True), as_json=as_json)


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
        declared = _declared_in(desk, file)
        planned = (str(file.resolve()), _sha256(file)) if file else None
        compare_now(desk, actor, system, file=planned)
        found = _chosen(desk.compared_purposes(actor, system, declared), names)
    unknown = _unknown(found, names)
    _tell(unknown, found)
    document = {"purposes": [*(_to_json(c) for c in found), *map(_unknown_to_json, unknown)]}
    answer(document, _as_text(found, everything=False), as_json=as_json)
    ctx.exit(SAID_NO if unknown or any(c.status in _NOT_AS_DECLARED for c in found) else DONE)


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
        file = file or _planned_file(desk, actor, system)
        wanted = _names_to_apply(desk, actor, system, file, names)
        compare_now(desk, actor, system)
        if file:
            _put_on_record(desk, actor, system, file, names)
        preview = desk.preview_enforcement(actor, system, wanted)
        _confirm(preview, yes=yes)
        made = enforce_now(desk, actor, preview, intent=uuid.uuid4().hex, patience_seconds=timeout_seconds)
        found = _chosen(desk.compared_purposes(actor, system), wanted)
    unknown = _unknown(found, wanted)
    by_name = {change.name: change for change in made}
    lines = [_applied(c, by_name.get(c.name), preview) for c in found] + [_unknown_to_json(name) for name in unknown]
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
        report = desk.import_declarations(actor, system, _content(file), file.name, dry_run=dry_run)
    document = {
        "written": report.written,
        "lines": [
            {"line": e.line, "name": e.name, "result": e.what, "findings": [f.to_json() for f in e.findings]}
            for e in report.lines
        ],
    }
    answer(document, _report(report, file), as_json=as_json)
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


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


def _sha256(file: Path) -> str:
    return hashlib.sha256(_content(file)).hexdigest()


def _declared_in(desk: Desk, file: Path | None) -> list[Declaration] | None:
    """What a file declares; None without one. Raises InputError with one line for each finding."""
    if file is None:
        return None
    entries = desk.read_file(_content(file), file.name)
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


def _planned_file(desk: Desk, actor: Actor, system: str) -> Path | None:
    """Where nothing is on record yet: the file that this person planned last, as long as it is as it was then."""
    if any(c.declared for c in desk.compared_purposes(actor, system)):
        return None
    planned = desk.planned_file(actor, system)
    if planned is None:
        raise InputError("No purpose is declared yet. Give --file, or declare one on the Retention page.")
    path, sha256 = Path(planned[0]), planned[1]
    if not path.is_file() or _sha256(path) != sha256:
        raise InputError(f"{path} has changed since it was planned. Plan it again, or give --file.")
    say(f"Nothing is on record yet, so {path}, planned before, is applied.")
    return path


def _names_to_apply(
    desk: Desk, actor: Actor, system: str, file: Path | None, names: tuple[str, ...]
) -> tuple[str, ...]:
    if names:
        return tuple(dict.fromkeys(names))
    declared = _declared_in(desk, file)
    if declared is not None:
        return tuple(declaration.name for declaration in declared)
    return tuple(c.name for c in desk.compared_purposes(actor, system) if c.declared)


def _put_on_record(desk: Desk, actor: Actor, system: str, file: Path, names: tuple[str, ...]) -> None:
    report = desk.import_declarations(actor, system, _content(file), file.name, dry_run=False, names=names)
    _refuse([(e.line, f.field, f.message, f.fix) for e in report.lines for f in e.findings if f.blocks], file)


def _confirm(preview: EnforcementPreview, *, yes: bool) -> None:
    """Somebody at the terminal types the number, above ten changes or where data would be deleted.

    Without a terminal the command is the confirmation: there is nobody to ask, and `--all` or `--name` was written out.
    """
    count, shorter = len(preview.changes), len(preview.shortening)
    if shorter:
        deletes = f"{shorter} of {count} changes shorten a retention period, which deletes data at the vendor."
        say(f"{deletes} A second person has to approve them." if preview.needs_second_person else deletes)
    if yes or not sys.stdin.isatty() or not (preview.needs_typing or shorter):
        return
    typed = click.prompt(f"Type {count} to change {count} purposes", default="", show_default=False, err=True)
    if typed.strip() != str(count):
        raise InputError("Nothing was changed.")


def _chosen(found: Sequence[Comparison], names: Collection[str]) -> list[Comparison]:
    return [c for c in found if not names or c.name in names]


def _unknown(found: Sequence[Comparison], names: Sequence[str]) -> list[str]:
    known = {c.name for c in found}
    return [name for name in dict.fromkeys(names) if name not in known]


def _tell(unknown: Sequence[str], found: Sequence[Comparison]) -> None:
    for name in (*unknown, *(c.name for c in found if c.status is PurposeStatus.MISSING)):
        say(f"{name}: {NOT_FOUND}.")


def _difference(difference: Difference) -> dict[str, Any]:
    return {"field": difference.field, "declared": difference.declared, "live": difference.live}


def _to_json(found: Comparison) -> dict[str, Any]:
    return {
        "name": found.name,
        "id": found.live.id if found.live else None,
        "status": found.status,
        "differences": [_difference(d) for d in found.differences],
        "result": NOT_FOUND if found.status is PurposeStatus.MISSING else None,
    }


def _unknown_to_json(name: str) -> dict[str, Any]:
    return {"name": name, "id": None, "status": PurposeStatus.MISSING, "differences": [], "result": NOT_FOUND}


def _applied(found: Comparison, change: Change | None, preview: EnforcementPreview) -> dict[str, Any]:
    document = _to_json(found)
    if change is None:
        return {**document, "result": preview.left_out.get(found.name, STATUS_WORDS[found.status])}
    changed = next((p.differences for p in preview.changes if p.name == found.name), ())
    return {
        **document,
        "result": NOT_FOUND if change.state is ChangeState.MISSING_AT_VENDOR else words(change.state),
        "outcome": change.state,
        "changed": [_difference(d) for d in changed] if change.state is ChangeState.ENFORCED else [],
        "attempts": change.attempts,
        "latency_ms": change.latency_ms,
        "error": vars(change.error) if change.error else None,
    }


def _as_text(found: Sequence[Comparison], *, everything: bool) -> list[str]:
    rows: list[tuple[object, ...]] = []
    for c in found:
        if c.differences:
            rows += [(c.name, STATUS_WORDS[c.status], d.field, d.declared, d.live) for d in c.differences]
        elif everything or c.status in _NOT_AS_DECLARED:
            days = c.declared.retention_days if c.declared else None
            live = c.live.values()["retention_days"] if c.live else None
            rows.append((c.name, STATUS_WORDS[c.status], "retention_days", days, live))
    counts = {status: sum(c.status is status for c in found) for status in PurposeStatus}
    summary = ", ".join(f"{count} {STATUS_WORDS[status]}" for status, count in counts.items() if count)
    lines = table(("NAME", "STATUS", "FIELD", "DECLARED", "LIVE"), rows) if rows else []
    return [*lines, f"{summary or 'No purposes'}."]


def _report(report: ImportReport, file: Path) -> list[str]:
    rows = [
        (line.line, line.name, line.what, "; ".join(f"{f.field}: {f.message}" for f in line.findings))
        for line in report.lines
    ]
    done = "written" if report.written else "nothing was written"
    return [*table(("LINE", "NAME", "RESULT", "FINDINGS"), rows), f"{file.name}: {done}."]
