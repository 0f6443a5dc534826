"""`vault`: proofs of completed requests on their way to the vault."""

from dataclasses import asdict
from typing import Any

import click

from core.cli.output import answer, as_option, json_option, table
from core.cli.session import opened, person
from core.store.vault import Delivery

STATES = ("pending", "dead", "delivered")


@click.command(name="list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="May be repeated; by default pending and dead."
)
@as_option
@json_option
def list_deliveries(*, states: tuple[str, ...], as_name: str | None, as_json: bool) -> None:
    """The newest 100 deliveries of each state."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        found = [d for state in states or STATES[:2] for d in desk.deliveries(actor, state)]
    rows = [(d.id, d.task, d.state, d.attempts, d.error.message if d.error else None) for d in found]
    text = table(("ID", "TASK", "STATE", "ATTEMPTS", "ERROR"), rows) if rows else "There are none."
    answer({"deliveries": [_to_json(d) for d in found]}, text, as_json=as_json)


@click.command()
@click.argument("delivery", metavar="ID")
@as_option
@json_option
def resend(*, delivery: str, as_name: str | None, as_json: bool) -> None:
    """Put a dead letter back into the outbox; the worker delivers it."""
    with opened() as desk:
        desk.resend(person(desk.settings, as_name), delivery)
    answer({"id": delivery, "state": "pending"}, f"{delivery} is in the outbox again.", as_json=as_json)


def _to_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "task": delivery.task,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_due_at": delivery.next_due_at,
        "created_at": delivery.created_at,
        "delivered_at": delivery.delivered_at,
        "error": asdict(delivery.error) if delivery.error else None,
    }
