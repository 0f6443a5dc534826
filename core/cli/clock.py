"""`clock`: what stops a request's clock, or starts it anew, from a shell."""

from collections.abc import Callable
from datetime import date

import click

from core.cli.output import RefusedError, answer, as_option, day, json_option
from core.cli.privacy_requests import as_text, to_json, unknown
from core.cli.session import opened, person
from core.desk import Desk, DeskError
from core.model.people import Actor
from core.model.privacy_requests import PrivacyRequest

_reason = click.option("--reason", required=True, metavar="TEXT", help="Kept encrypted.")


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--from", "first", type=day, metavar="YYYY-MM-DD", help="The day the person was asked; by default today.")
@_reason
@as_option
@json_option
def pause(*, request_id: str, first: date | None, reason: str, as_name: str | None, as_json: bool) -> None:
    """Stop the clock while the person is asked: what an access request is about (UK), or who they are (EU)."""
    _do(
        request_id,
        as_name,
        lambda desk, actor: desk.pause_clock(actor, request_id, reason, first=first),
        as_json=as_json,
    )


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--on", "last", type=day, metavar="YYYY-MM-DD", help="The day the answer came; by default today.")
@as_option
@json_option
def resume(*, request_id: str, last: date | None, as_name: str | None, as_json: bool) -> None:
    """Let the clock run again; the day of the answer does not count."""
    _do(request_id, as_name, lambda desk, actor: desk.resume_clock(actor, request_id, last=last), as_json=as_json)


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--on", "known_on", type=day, required=True, metavar="YYYY-MM-DD", help="The day the information came.")
@_reason
@as_option
@json_option
def identity(*, request_id: str, known_on: date, reason: str, as_name: str | None, as_json: bool) -> None:
    """Count from the day on which it was known who the person is (UK GDPR)."""
    _do(
        request_id,
        as_name,
        lambda desk, actor: desk.identity_established(actor, request_id, known_on, reason),
        as_json=as_json,
    )


def _do(request_id: str, as_name: str | None, act: Callable[[Desk, Actor], PrivacyRequest], *, as_json: bool) -> None:
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if desk.show(actor, request_id) is None:
            raise unknown(request_id)
        try:
            request = act(desk, actor)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    answer(to_json(request), as_text(request), as_json=as_json)
