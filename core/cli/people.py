"""`people`: who signs in, and what each may do; for the first administrator, and for when the provider is down."""

from collections.abc import Callable
from typing import Any

import click

from core.cli.output import InputError, answer, as_option, json_option, table
from core.cli.session import opened, person
from core.desk import Desk, PersonView
from core.model.people import Actor, Role

role_argument = click.argument("role", type=click.Choice([str(role) for role in Role]))


@click.command(name="list")
@as_option
@json_option
def list_people(*, as_name: str | None, as_json: bool) -> None:
    """Everybody who ever signed in, those who wait for a role first."""
    with opened(existing=True) as desk:
        views = desk.people(person(desk.settings, as_name))
    rows = [(v.person.name, v.person.account, _access(v), v.person.subject) for v in views]
    text = table(("NAME", "ACCOUNT", "ACCESS", "SUBJECT"), rows) if rows else ["Nobody has signed in yet."]
    answer({"people": [_to_json(view) for view in views]}, text, as_json=as_json)


@click.command()
@click.argument("who")
@role_argument
@as_option
@json_option
def give(*, who: str, role: str, as_name: str | None, as_json: bool) -> None:
    """Give somebody a role. WHO: their subject, as the sign-in provider or `people list` has it, or their account."""
    _change(who, lambda desk, actor, id_: desk.give_role(actor, id_, Role(role)), as_name, as_json=as_json)


@click.command()
@click.argument("who")
@role_argument
@as_option
@json_option
def take(*, who: str, role: str, as_name: str | None, as_json: bool) -> None:
    """Take a role away that was given here; it counts from their next action on."""
    _change(who, lambda desk, actor, id_: desk.take_role(actor, id_, Role(role)), as_name, as_json=as_json)


@click.command()
@click.argument("who")
@as_option
@json_option
def suspend(*, who: str, as_name: str | None, as_json: bool) -> None:
    """Let somebody do nothing more, whatever the sign-in provider says."""
    _change(who, lambda desk, actor, id_: desk.suspend(actor, id_), as_name, as_json=as_json)


@click.command()
@click.argument("who")
@as_option
@json_option
def reinstate(*, who: str, as_name: str | None, as_json: bool) -> None:
    """End a suspension."""
    _change(who, lambda desk, actor, id_: desk.reinstate(actor, id_), as_name, as_json=as_json)


def _change(who: str, action: Callable[[Desk, Actor, str], None], as_name: str | None, *, as_json: bool) -> None:
    with opened(existing=True) as desk:
        actor = person(desk.settings, as_name)
        id_ = _one(desk.people(actor), who).person.id
        action(desk, actor, id_)
        (now,) = [view for view in desk.people(actor) if view.person.id == id_]
    answer(_to_json(now), f"{now.person.name}: {_access(now)}", as_json=as_json)


def _one(views: list[PersonView], who: str) -> PersonView:
    found = [v for v in views if who in {v.person.subject, v.person.id, v.person.account}]
    if not found:
        raise InputError(f"Nobody is known as {who!r}. People appear once they have signed in; see `people list`.")
    if len(found) > 1:
        raise InputError(f"{who!r} are {len(found)} people; name one by the subject that `people list` shows.")
    return found[0]


def _access(view: PersonView) -> str:
    if view.person.suspended_at:
        return "suspended"
    return ", ".join(sorted(view.roles)) or "waits for a role"


def _to_json(view: PersonView) -> dict[str, Any]:
    one = view.person
    return {
        "subject": one.subject,
        "issuer": one.issuer,
        "name": one.name,
        "account": one.account,
        "roles": sorted(view.roles),
        "from_claim": sorted(one.claimed),
        "given_here": sorted(one.given),
        "by_settings": view.bootstrap,
        "suspended": one.suspended_at is not None,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
    }
