"""Being told to stop: by SIGTERM, by SIGINT, or by the end of whoever started the command."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

until_stdin_closes_option = click.option(
    "--until-stdin-closes", is_flag=True, help="Stop when standard input ends, as it does when the parent process dies."
)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT, in the main thread; puts the earlier handlers back."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    earlier = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def terminate_when_stdin_closes() -> None:
    """Send this process SIGTERM once its standard input has ended."""
    threading.Thread(target=_follow_stdin, name="stdin", daemon=True).start()


def _follow_stdin() -> None:
    # Straight from the descriptor: a thread that holds the lock of sys.stdin would block the interpreter's end.
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass  # closed altogether; the same as its end
    os.kill(os.getpid(), signal.SIGTERM)
