"""`sandbox fill` and `sandbox faults`: sample history for the desk, and what the simulated vendors do wrong."""

import click
from pydantic import ValidationError

from core.cli.output import InputError, RefusedError, answer, as_option, fields, json_option, progress, say
from core.cli.session import opened, person
from core.desk import Desk
from core.model.people import Actor
from core.sandbox.faults import CONNECTIONS, FAULT_HELP, Faults


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True)
@click.option("--requests", "count", type=click.IntRange(1, 1_000_000), default=5000, show_default=True)
@as_option
@json_option
def fill(*, days: int, count: int, as_name: str | None, as_json: bool) -> None:
    """Fill the desk with sample history, as it would have happened over the last days.

    It may be interrupted: what is on disk then is whole, and the same command goes on where it stopped.
    """
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if earlier := desk.unfinished_sample(actor):
            say(
                f"An earlier fill stopped after {earlier.filed:,} of {earlier.requests:,} requests; "
                "that one is finished first."
            )
        try:
            _fill(desk, actor, days, count)
        except KeyboardInterrupt:
            left = desk.unfinished_sample(actor)
            if left is None:  # before the first batch
                raise
            raise RefusedError(
                f"Interrupted after {left.filed:,} of {left.requests:,} requests. They are complete as far as they "
                "go; run the same command again to go on."
            ) from None
    answer({"days": days, "requests": count}, f"{count:,} requests over {days:,} days were written.", as_json=as_json)


def _fill(desk: Desk, actor: Actor, days: int, count: int) -> None:
    with progress(count, "Sample history") as bar:
        for done, of in desk.fill_sample(actor, days=days, requests=count):
            bar.length = of
            bar.update(done - bar.pos)


@click.command()
@click.argument("part", metavar="CONNECTION", type=click.Choice(CONNECTIONS))
@click.option("--set", "wanted", metavar="JSON", help="""The faults, e.g. '{"error_503": {"probability": 0.5}}'""")
@click.option("--off", is_flag=True, help="Switch every fault off.")
@as_option
@json_option
def faults(*, part: str, wanted: str | None, off: bool, as_name: str | None, as_json: bool) -> None:
    """Show what a simulated vendor does wrong on purpose, or set it anew.

    A running sandbox obeys from its next request on.
    """
    if wanted is not None and off:
        raise InputError("Give --set or --off, not both.")
    chosen = Faults() if off else _parsed(wanted) if wanted is not None else None
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if chosen is not None:
            desk.set_faults(actor, part, chosen)
        present = desk.faults(actor, part)
    changed = present.model_dump(mode="json", exclude_defaults=True)
    on = {name: f"{value}  {FAULT_HELP[name]}" for name, value in changed.items()}
    answer(
        {"connection": part, "faults": changed}, fields(on) or f"{part} does nothing wrong on purpose.", as_json=as_json
    )


def _parsed(text: str) -> Faults:
    try:
        return Faults.model_validate_json(text)
    except ValidationError as error:
        raise InputError(
            *(
                f"--set: {'.'.join(str(part) for part in e['loc']) or 'JSON'}: {e['msg']}"
                for e in error.errors(include_url=False, include_input=False)
            )
        ) from error
