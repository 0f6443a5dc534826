"""`sandbox run`: the simulated vendors as a process; imports nothing of the desk, because others wait for it."""

import logging
import os
import threading

import click

from core import logs
from core.cli.configuration import settings
from core.cli.output import InputError, RefusedError, answer, json_option, say
from core.cli.signals import terminate_when_stdin_closes, until_stdin_closes_option
from core.clock import Clock, SystemClock
from core.sandbox.address import read_address
from core.sandbox.server import AlreadyRunningError, serve
from core.settings import Settings


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="By default the one of last time, else a free one.")
@click.option("--webhook-base", metavar="URL", help="Where webhooks go, on this machine: http://127.0.0.1:8501")
@click.option(
    "--processing-seconds",
    type=click.FloatRange(min=0),
    default=3.0,
    show_default=True,
    help="How long a simulated vendor works on a request.",
)
@until_stdin_closes_option
@json_option
def run(
    *, port: int | None, webhook_base: str | None, processing_seconds: float, until_stdin_closes: bool, as_json: bool
) -> None:
    """Run the vendors on 127.0.0.1 until told to stop."""
    logs.configure(logging.WARNING)
    configured, clock = settings(), SystemClock()
    if until_stdin_closes:
        terminate_when_stdin_closes()
    else:  # with it, the output is a server's log, JSON lines only
        threading.Thread(target=_announce, args=(configured, clock), daemon=True).start()
    try:
        serve(
            configured.folder,
            port=port,
            webhook_base=webhook_base,
            processing_seconds=processing_seconds,
            clock=clock,
        )
    except AlreadyRunningError as error:
        raise RefusedError(str(error)) from error
    except ValueError as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise InputError(f"The sandbox cannot run there: {error.strerror}. Choose another --port.") from error
    if as_json or not until_stdin_closes:
        answer({"stopped": True}, "The sandbox has stopped.", as_json=as_json)


def _announce(configured: Settings, clock: Clock) -> None:
    """Say where it is once it answers."""
    while (address := read_address(configured.folder)) is None:
        clock.sleep(0.05)
    if address.pid == os.getpid():
        say(f"The sandbox answers at {address.url}")
