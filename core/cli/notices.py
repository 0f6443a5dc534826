"""`notices`: what the desk has to tell, and saying that it was seen."""

from dataclasses import asdict
from typing import Any, Literal

import click

from core.cli.output import answer, as_option, fields, json_option, table
from core.cli.session import opened, person
from core.model.notices import Notice
from core.store.notices import NoticeFilter

MOST = 100


@click.command(name="list")
@click.option("--open", "which", flag_value="open", default=True, help="Those that nobody acknowledged (the default).")
@click.option("--acknowledged", "which", flag_value="acknowledged", help="Those that somebody acknowledged.")
@click.option("--all", "which", flag_value="all", help="Both.")
@as_option
@json_option
def list_notices(*, which: Literal["open", "acknowledged", "all"], as_name: str | None, as_json: bool) -> None:
    """The newest 100 notices."""
    with opened() as desk:
        page = desk.notices(person(desk.settings, as_name), NoticeFilter(which), limit=MOST)
    rows = [(n.id, f"{n.raised_at:%Y-%m-%d %H:%M}", n.title, n.acknowledged_by_name) for n in page.rows]
    text = table(("ID", "SINCE (UTC)", "WHAT", "ACKNOWLEDGED BY"), rows) if rows else "There are none."
    answer({"notices": [_to_json(n) for n in page.rows], "open": page.open}, text, as_json=as_json)


@click.command()
@click.argument("notice", metavar="ID", type=click.IntRange(min=1))
@as_option
@json_option
def ack(*, notice: int, as_name: str | None, as_json: bool) -> None:
    """Say that you have seen a notice and deal with it."""
    with opened() as desk:
        done = desk.acknowledge(person(desk.settings, as_name), notice)
    answer(_to_json(done), [f"Acknowledged: {done.title}", *fields({"What to do": done.next_step})], as_json=as_json)


@click.command()
@as_option
@json_option
def resend(*, as_name: str | None, as_json: bool) -> None:
    """Put the notices that the webhook did not take back into the outbox."""
    with opened() as desk:
        count = desk.resend_notices(person(desk.settings, as_name))
    answer({"resent": count}, f"{count} in the outbox again.", as_json=as_json)


def _to_json(notice: Notice) -> dict[str, Any]:
    return {**asdict(notice), "title": notice.title, "next_step": notice.next_step}
