"""`deadline`: the dates a law sets, without a database."""

from dataclasses import asdict
from datetime import date

import click

from core.cli.output import InputError, answer, day, json_option
from core.model.deadlines import deadlines_for, laws


@click.command(epilog=f"Laws: {', '.join(law.id for law in laws())}")
@click.option("--law", required=True, metavar="LAW")
@click.option("--received", required=True, type=day, metavar="YYYY-MM-DD", help="The day the request reached you.")
@click.option("--region", metavar="REGION", help="Whose public holidays count, e.g. DE-BE.")
@click.option("--start", type=day, metavar="YYYY-MM-DD", help="UK: the day that identity was established.")
@click.option(
    "--pause",
    "pauses",
    type=(day, day),
    multiple=True,
    metavar="FIRST LAST",
    help="Days of waiting for the person, both included; may be repeated.",
)
@json_option
def deadline(
    *,
    law: str,
    received: date,
    region: str | None,
    start: date | None,
    pauses: tuple[tuple[date, date], ...],
    as_json: bool,
) -> None:
    """The dates a law sets for a request, and why. Not legal advice."""
    try:
        found = deadlines_for(law, received, region=region, start=start, pauses=pauses)
    except ValueError as error:
        raise InputError(str(error)) from error
    text = [line for d in found for line in (f"{d.due}  {d.what}  {d.article}", f"            {d.explanation}")]
    answer({"deadlines": [asdict(d) for d in found]}, text, as_json=as_json)
