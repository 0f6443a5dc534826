"""`approve`, `deny`, `extend`, `send-now`: what a person decides about a request that was filed."""

import click

from core.cli.output import RefusedError, answer, as_option, json_option
from core.cli.privacy_requests import as_text, to_json, unknown
from core.cli.session import opened, person
from core.desk import Choice, Decided, Desk, DeskError
from core.model.denials import DenialCode
from core.model.people import Actor

_confirm = click.option("--confirm", "typed", default="", metavar="NUMBER", help="Of a large batch: how many requests.")


@click.command()
@click.argument("request_id", metavar="ID")
@_confirm
@as_option
@json_option
def approve(*, request_id: str, typed: str, as_name: str | None, as_json: bool) -> None:
    """Approve what waits for a second person: a request, an enforcement (PE-…) or a batch (B-…).

    Whoever filed it cannot approve it.
    """
    with opened() as desk:
        actor = person(desk.settings, as_name)
        _known(desk, actor, request_id)
        (decided,) = desk.approve(actor, [Choice(request_id)], typed=typed)
        _answer(desk, actor, decided, as_json=as_json)


@click.command()
@click.argument("request_id", metavar="ID")
@click.option(
    "--code",
    required=True,
    type=click.Choice([code.value for code in DenialCode]),
    help="The legal ground: an article of the GDPR, or a reason of the Data Rights Protocol.",
)
@click.option("--note", default="", metavar="TEXT", help="Kept encrypted; it may reach the person.")
@_confirm
@as_option
@json_option
def deny(*, request_id: str, code: str, note: str, typed: str, as_name: str | None, as_json: bool) -> None:
    """Deny a request that was not sent yet, on a legal ground."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        _known(desk, actor, request_id)
        (decided,) = desk.deny(actor, [Choice(request_id)], code=code, note=note, typed=typed)
        _answer(desk, actor, decided, as_json=as_json)


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="The person has to be told it; kept encrypted.")
@as_option
@json_option
def extend(*, request_id: str, reason: str, as_name: str | None, as_json: bool) -> None:
    """Take the extension of the deadline that the law allows, once."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        _known(desk, actor, request_id)
        try:
            request = desk.extend(actor, request_id, reason)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    answer(to_json(request), as_text(request), as_json=as_json)


@click.command(name="send-now")
@click.argument("request_id", metavar="ID")
@as_option
@json_option
def send_now(*, request_id: str, as_name: str | None, as_json: bool) -> None:
    """Send a request that waits in its grace period, without waiting for its end."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        _known(desk, actor, request_id)
        try:
            request = desk.send_now(actor, request_id)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    answer(to_json(request), as_text(request), as_json=as_json)


def _known(desk: Desk, actor: Actor, request_id: str) -> None:
    if not request_id.startswith(("PE-", "B-")) and desk.show(actor, request_id) is None:
        raise unknown(request_id)


def _answer(desk: Desk, actor: Actor, decided: Decided, *, as_json: bool) -> None:
    if not decided.done:
        raise RefusedError(decided.message)
    view = desk.show(actor, decided.about)
    if view is None:  # an enforcement or a batch
        answer({"id": decided.about, "state": "decided", "findings": [], "tasks": []}, decided.message, as_json=as_json)
    else:
        answer(to_json(view.request), [decided.message, *as_text(view.request)], as_json=as_json)
