"""`pause` and `resume`: one connection, or everything."""

import sys
from typing import Any

import click

from core.cli import connections
from core.cli.output import InputError, answer, as_option, json_option, say
from core.cli.session import opened, person
from core.desk.connections import RESUME_WORD
from core.store.kill_switch import KillSwitch


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Stop everything: nothing is sent to any vendor.")
@click.option("--reason", required=True, metavar="TEXT", help="Shown to everybody who looks at it.")
@as_option
@json_option
def pause(*, name: str | None, everything: bool, reason: str, as_name: str | None, as_json: bool) -> None:
    """Send nothing through a connection, or with --all to any vendor, and ask nothing. What waits, waits."""
    _one_or_all(name, everything=everything)
    if name is not None:
        connections.pause_one(name, reason, as_name=as_name, as_json=as_json)
        return
    with opened() as desk:
        switch = desk.stop_all(person(desk.settings, as_name), reason=reason)
    text = f'Everything is stopped, by {switch.by_name}: {switch.reason}. Go on with "privacy-desk resume --all".'
    answer(_to_json(switch), text, as_json=as_json)


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Go on after everything was stopped.")
@click.option("--confirm", metavar="WORD", help=f'With --all: "{RESUME_WORD}", for whoever is not asked at a terminal.')
@as_option
@json_option
def resume(*, name: str | None, everything: bool, confirm: str | None, as_name: str | None, as_json: bool) -> None:
    """Go on sending through a paused connection, or with --all to every vendor."""
    _one_or_all(name, everything=everything)
    if name is not None:
        connections.resume_one(name, as_name=as_name, as_json=as_json)
        return
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if confirm is None and desk.kill_switch(actor) is not None:
            confirm = _asked()
        desk.resume_all(actor, typed=RESUME_WORD if confirm is None else confirm)
    answer(_to_json(None), "Everything goes on; what waited is sent now.", as_json=as_json)


def _one_or_all(name: str | None, *, everything: bool) -> None:
    if (name is None) != everything:
        raise InputError("Name one connection, or say --all.")


def _asked() -> str:
    """The word, typed at the terminal."""
    if not sys.stdin.isatty():
        raise InputError(f'Everything that waits goes out at once; confirm it with "--confirm {RESUME_WORD}".')
    say(f'Everything that waits goes out at once. Type "{RESUME_WORD}" to confirm:')
    return sys.stdin.readline()


def _to_json(switch: KillSwitch | None) -> dict[str, Any]:
    return {
        "stopped": switch is not None,
        "stopped_by": switch.by_name if switch else None,
        "stopped_at": switch.at if switch else None,
        "reason": switch.reason if switch else None,
    }
