"""`worker`: carry requests out, alone, until told to stop."""

import os
import sys
import threading
from typing import NoReturn

import click

from core import logs
from core.cli.output import DONE, SAID_NO, answer, json_option, say
from core.cli.session import opened
from core.cli.signals import stopped_by_signals, terminate_when_stdin_closes, until_stdin_closes_option
from core.worker.run import WorkerProcess


@click.command()
@until_stdin_closes_option
@json_option
def worker(*, until_stdin_closes: bool, as_json: bool) -> None:
    """Carry requests out until SIGTERM or SIGINT; a second worker waits until the first is gone."""
    logs.configure()
    if until_stdin_closes:
        terminate_when_stdin_closes()
    told_to_stop = threading.Event()
    with opened(sandbox="running") as desk:
        process = WorkerProcess(desk.settings, desk.store, desk.clock)

        def stop() -> None:
            told_to_stop.set()
            process.stop()

        with stopped_by_signals(stop):
            if not until_stdin_closes:  # then its output is a server's log, JSON lines only
                say("The worker runs; stop it with Ctrl-C.")
            process.run()
    if not told_to_stop.is_set():
        say("The worker stopped by itself; its log says why.")
    if as_json or not until_stdin_closes:
        answer({"stopped": told_to_stop.is_set()}, "The worker has stopped.", as_json=as_json)
    _leave(DONE if told_to_stop.is_set() else SAID_NO)


def _leave(code: int) -> NoReturn:
    """End now. A call that a vendor has not answered yet keeps its lease on disk and is looked into later.

    Python itself would wait for the thread of that call, which is as long as the connection's time-out.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
