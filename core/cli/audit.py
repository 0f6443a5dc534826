"""`audit verify` and `audit checkpoint`."""

import click

from core.cli.output import DONE, SAID_NO, InputError, answer, as_option, fields, json_option, progress
from core.cli.session import opened, person
from core.store import checkpoints

MOST_NAMED = 20


@click.command()
@as_option
@json_option
@click.pass_context
def verify(ctx: click.Context, *, as_name: str | None, as_json: bool) -> None:
    """Check every event against chain, key and checkpoints; exit code 1 if one is not as it was written."""
    with opened(existing=True) as desk, progress(0, "Audit log") as bar:

        def show(done: int, total: int) -> bool:
            bar.length = total
            bar.update(done - bar.pos)
            return True

        verdict = desk.verify_audit(person(desk.settings, as_name), show)
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
