"""`connections`: how each vendor stands, test its token, pause it, resume it."""

from dataclasses import asdict
from typing import Any

import click

from core.cli.output import DONE, SAID_NO, InputError, answer, as_option, fields, json_option, table
from core.cli.session import opened, person
from core.desk import ConnectionView, Desk
from core.model.people import Actor

BREAKER_WORDS = {"closed": "in use", "open": "waiting for the vendor to recover", "half_open": "being tried again"}


@click.command(name="list")
@as_option
@json_option
def list_connections(*, as_name: str | None, as_json: bool) -> None:
    """How each connection stands."""
    with opened(sandbox="known") as desk:
        views = desk.connection_views(person(desk.settings, as_name))
    rows = [
        (
            v.name,
            v.capability.system,
            v.settings.base_url,
            "paused" if v.paused else BREAKER_WORDS[v.breaker],
            sum(v.waiting.values()),
            v.state.last_error,
        )
        for v in views
    ]
    text = table(("NAME", "SYSTEM", "ADDRESS", "STATE", "OPEN TASKS", "LAST ERROR"), rows)
    answer({"connections": [_to_json(view) for view in views]}, text, as_json=as_json)


@click.command()
@click.argument("name")
@as_option
@json_option
@click.pass_context
def test(ctx: click.Context, *, name: str, as_name: str | None, as_json: bool) -> None:
    """Ask the vendor for a token with the configured credentials, now."""
    with opened(sandbox="running") as desk:
        found = desk.test_token(person(desk.settings, as_name), name)
    text = [found.message, *fields({"What to do": found.advice, "Took": f"{found.elapsed_ms} ms"})]
    answer({"connection": name, **asdict(found)}, text, as_json=as_json)
    ctx.exit(DONE if found.ok else SAID_NO)


@click.command()
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="Shown to everybody who looks at the connection.")
@as_option
@json_option
def pause(*, name: str, reason: str, as_name: str | None, as_json: bool) -> None:
    """Send nothing through a connection, and ask it nothing. What waits, waits."""
    pause_one(name, reason, as_name=as_name, as_json=as_json)


def pause_one(name: str, reason: str, *, as_name: str | None, as_json: bool) -> None:
    if not reason.strip():
        raise InputError("--reason wants a few words.")
    with opened(sandbox="known") as desk:
        actor = person(desk.settings, as_name)
        desk.pause(actor, name, reason=reason)
        view = _view(desk, actor, name)
    answer(_to_json(view), f"{name} is paused.", as_json=as_json)


@click.command()
@click.argument("name")
@as_option
@json_option
def resume(*, name: str, as_name: str | None, as_json: bool) -> None:
    """Go on sending through a paused connection."""
    resume_one(name, as_name=as_name, as_json=as_json)


def resume_one(name: str, *, as_name: str | None, as_json: bool) -> None:
    with opened(sandbox="known") as desk:
        actor = person(desk.settings, as_name)
        desk.resume(actor, name)
        view = _view(desk, actor, name)
    answer(_to_json(view), f"{name} goes on.", as_json=as_json)


def _view(desk: Desk, actor: Actor, name: str) -> ConnectionView:
    return next(view for view in desk.connection_views(actor) if view.name == name)


def _to_json(view: ConnectionView) -> dict[str, Any]:
    state = view.state
    return {
        "name": view.name,
        "contract": view.settings.contract,
        "base_url": view.settings.base_url,
        "has_client_id": view.has_client_id,
        "has_client_secret": view.has_client_secret,
        "has_webhook_secret": view.has_webhook_secret,
        "paused": view.paused,
        "paused_by": state.paused_by,
        "pause_reason": state.pause_reason,
        "breaker": view.breaker,
        "limit_per_minute": view.settings.limit_per_minute,
        "waiting": dict(view.waiting),
        "last_success_at": state.last_success_at,
        "last_failure_at": state.last_failure_at,
        "last_error": state.last_error,
    }
