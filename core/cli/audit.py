"""`audit verify`, `audit checkpoint` and `audit checkpoints`."""

import hashlib
from datetime import datetime

import click

from core.cli.long_work import progress_option, told_progress
from core.cli.output import DONE, SAID_NO, InputError, answer, as_option, fields, json_option, table
from core.cli.session import opened, opened_records, person
from core.store import checkpoints

MOST_NAMED = 20


@click.command()
@as_option
@json_option
@progress_option
@click.pass_context
def verify(ctx: click.Context, *, as_name: str | None, as_json: bool, as_lines: bool) -> None:
    """Check every event against chain, key and checkpoints; exit code 1 if one is not as it was written."""
    with opened_records() as desk, told_progress("Audit log", as_lines=as_lines) as progress:
        verdict = desk.verify_audit(person(desk.settings, as_name), progress)
    text = [f"{verdict.events:,} events, {'each as it was written.' if verdict.ok else f'{len(verdict.bad):,} bad.'}"]
    text += [f"Event {bad.seq}: {bad.why}" for bad in verdict.bad[:MOST_NAMED]]
    if len(verdict.bad) > MOST_NAMED:
        text.append(f"And {len(verdict.bad) - MOST_NAMED:,} more; --json names them all.")
    text += [f"Cannot be proved: {sentence}" for sentence in verdict.cannot_prove]
    text += fields({"Head": verdict.head})
    answer(verdict.to_json(), text, as_json=as_json)
    ctx.exit(DONE if verdict.ok else SAID_NO)


@click.command()
@json_option
def checkpoint(*, as_json: bool) -> None:
    """Sign the present head outside the database, so that cutting events off would be noticed."""
    with opened(existing=True) as desk:
        desk.checkpoint(person(desk.settings, None))
        path = desk.store.checkpoints_path(desk.store.path)
        signed, _ = checkpoints.read(path)
    if not signed:
        raise InputError("The audit log is empty: there is nothing to sign.")
    newest = signed[-1]
    document = {"events": newest.size, "head": newest.head, "at": newest.at, "file": str(path)}
    answer(document, f"Signed {newest.size:,} events in {path}. Keep a copy of it elsewhere.", as_json=as_json)


@click.command(name="checkpoints")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@json_option
def list_checkpoints(*, limit: int, as_json: bool) -> None:
    """The newest signed checkpoints, and the fingerprint of the key that signs them and every evidence package."""
    with opened(existing=True) as desk:
        found, total = desk.audit_checkpoints(person(desk.settings, None), first=0, count=limit)
        fingerprint = hashlib.sha256(desk.store.keys.public.public_bytes_raw()).hexdigest()
    document = {
        "fingerprint": fingerprint,
        "total": total,
        "checkpoints": [
            {"line": c.line, "events": c.checkpoint.size, "head": c.checkpoint.head, "at": c.checkpoint.at}
            | {"signed": c.holds}
            for c in found
            if c.checkpoint
        ],
    }
    rows = [
        (f"{c.checkpoint.size:,}", _minute(c.checkpoint.at), c.checkpoint.head, "yes" if c.holds else "no")
        for c in found
        if c.checkpoint
    ]
    text = [*table(["Events", "Signed at (UTC)", "Head", "By this desk"], rows), f"{total:,} in all."]
    text += fields({"Fingerprint of the signing key": fingerprint})
    answer(document, text, as_json=as_json)


def _minute(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
