"""`hold`: legal holds from a shell."""

from datetime import date
from typing import Any

import click

from core.cli.output import (
    WRONG_INPUT,
    InputError,
    RefusedError,
    answer,
    as_option,
    day,
    fields,
    json_option,
    say,
    table,
)
from core.cli.session import opened, person
from core.desk import DeskError
from core.model.holds import Hold, HoldDraft, HoldGround
from core.model.identifiers import masked


@click.command()
@click.option("--subject", default="", metavar="ID", help="The data subject; left out, the hold is about everybody.")
@click.option(
    "--category", "categories", multiple=True, metavar="CATEGORY", help="May be repeated; by default every one."
)
@click.option("--ground", required=True, type=click.Choice([g.value for g in HoldGround]), help="Its legal ground.")
@click.option("--matter", required=True, metavar="TEXT", help="The case or reference it is for; kept encrypted.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for it and reviews it.")
@click.option(
    "--review", "review_on", required=True, type=day, metavar="YYYY-MM-DD", help="When it is looked at again."
)
@as_option
@json_option
@click.pass_context
def place(
    ctx: click.Context,
    *,
    subject: str,
    categories: tuple[str, ...],
    ground: str,
    matter: str,
    owner: str,
    review_on: date,
    as_name: str | None,
    as_json: bool,
) -> None:
    """Place a hold: what it covers is not erased until it is released."""
    draft = HoldDraft(subject, categories, ground, matter, owner, review_on)
    with opened() as desk:
        placed = desk.place_hold(person(desk.settings, as_name), draft)
    document = {
        **_to_json(placed.hold),
        "findings": [finding.to_json() for finding in placed.findings],
        "held_back": list(placed.held_back),
        "already_sent": list(placed.already_sent),
    }
    lines = [f"{f.severity}: {f.field}: {f.message} {f.fix}".rstrip() for f in placed.findings]
    if placed.hold is None:
        answer(document, [*lines, "No hold was placed."], as_json=as_json)
        ctx.exit(WRONG_INPUT)
    lines += fields(
        {
            "Hold": placed.hold.id,
            "Held back": ", ".join(placed.held_back) or "nothing that waits",
            "Came too late for": ", ".join(placed.already_sent),
        }
    )
    answer(document, lines, as_json=as_json)
    if placed.already_sent:
        say("A vendor has these, or may have them: ask it whether they can still be stopped.")


@click.command()
@click.argument("hold_id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why it ends; kept encrypted.")
@click.option("--erase", "erases", is_flag=True, help="Go on with what it alone held back.")
@as_option
@json_option
def release(*, hold_id: str, reason: str, erases: bool, as_name: str | None, as_json: bool) -> None:
    """Release a hold. What it held back stays on hold, and is listed, unless --erase is given."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if desk.hold(actor, hold_id) is None:
            raise InputError(f"There is no hold {hold_id}.")
        try:
            released = desk.release_hold(actor, hold_id, reason)
        except DeskError as error:
            raise RefusedError(str(error)) from error
        going_on = desk.erase_held_back(actor, released.free) if erases else []
    document = {
        **_to_json(released.hold),
        "free": list(released.free),
        "erased": [{"id": d.about, "done": d.done, "message": d.message} for d in going_on],
    }
    lines = [f"{hold_id} is released.", *(decided.message for decided in going_on)]
    if released.free and not erases:
        lines.append(f"Still held back, and free to be erased: {', '.join(released.free)}")
        lines.append("privacy-desk hold erase ID goes on with one of them.")
    answer(document, lines, as_json=as_json)


@click.command()
@click.argument("hold_id", metavar="ID")
@click.option("--next", "review_on", required=True, type=day, metavar="YYYY-MM-DD", help="When it is looked at again.")
@as_option
@json_option
def review(*, hold_id: str, review_on: date, as_name: str | None, as_json: bool) -> None:
    """Keep a hold that was looked at, until it is looked at again."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if desk.hold(actor, hold_id) is None:
            raise InputError(f"There is no hold {hold_id}.")
        try:
            hold = desk.review_hold(actor, hold_id, review_on)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    answer(_to_json(hold), f"{hold_id} is looked at again on {hold.review_on}.", as_json=as_json)


@click.command()
@click.argument("request_ids", metavar="ID...", nargs=-1, required=True)
@as_option
@json_option
@click.pass_context
def erase(ctx: click.Context, *, request_ids: tuple[str, ...], as_name: str | None, as_json: bool) -> None:
    """Go on with requests whose holds are gone: each is queued, or waits for approval."""
    with opened() as desk:
        decided = desk.erase_held_back(person(desk.settings, as_name), request_ids)
    answer(
        [{"id": d.about, "done": d.done, "message": d.message} for d in decided],
        [d.message for d in decided],
        as_json=as_json,
    )
    ctx.exit(0 if all(d.done for d in decided) else RefusedError.exit_code)


@click.command(name="list")
@click.option("--released", is_flag=True, help="Those that were released instead.")
@click.option("--due", is_flag=True, help="Only those whose day of review has come.")
@as_option
@json_option
def list_holds(*, released: bool, due: bool, as_name: str | None, as_json: bool) -> None:
    """The active holds, the newest first, each with the requests that it holds back."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        found = desk.holds_due_for_review(actor) if due else desk.holds(actor, released=released)
        held = desk.held_back(actor)
    by_hold = {hold.id: [h.request.id for h in held if hold.id in h.holds] for hold in found}
    rows = [
        (
            hold.id,
            masked(hold.subject) if hold.subject else hold.masked_subject or "everybody",
            ", ".join(hold.categories) or "all",
            hold.ground,
            hold.owner,
            hold.review_on,
            len(by_hold[hold.id]),
        )
        for hold in found
    ]
    head = ("ID", "SUBJECT", "CATEGORIES", "GROUND", "OWNER", "REVIEW", "HELD BACK")
    document = [{**_to_json(hold), "held_back": by_hold[hold.id]} for hold in found]
    answer(document, table(head, rows) if rows else "There are no such holds.", as_json=as_json)


def _to_json(hold: Hold | None) -> dict[str, Any]:
    """As `submit`, with what makes a hold; the subject by its pseudonym only."""
    if hold is None:
        return {"id": None, "state": None, "findings": [], "tasks": []}
    return {
        "id": hold.id,
        "state": "active" if hold.is_active else "released",
        "findings": [],
        "tasks": [],
        "subject": hold.pseudonym,
        "categories": list(hold.categories),
        "ground": hold.ground,
        "matter": hold.matter,
        "owner": hold.owner,
        "review_on": hold.review_on,
        "placed_by": hold.placed_by,
        "placed_at": hold.placed_at,
        "released_by": hold.released_by,
        "released_at": hold.released_at,
    }
