"""Progress of long work at the shell: a bar on a terminal, JSON lines for a program, and Ctrl-C that leaves no half."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from core.cli.output import progress

progress_option = click.option(
    "--progress", "as_lines", is_flag=True, help='Write progress to standard error as lines of JSON: {"done", "of"}.'
)

Progress = Callable[[int, int], bool]


@contextmanager
def told_progress(label: str, *, as_lines: bool) -> Iterator[Progress]:
    """What to call with the steps done and in all. SIGTERM ends the work as Ctrl-C does, so that it can tidy up."""
    earlier = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with _shown(label, as_lines=as_lines) as shown:
            yield shown
    finally:
        signal.signal(signal.SIGTERM, earlier)


@contextmanager
def _shown(label: str, *, as_lines: bool) -> Iterator[Progress]:
    if as_lines:
        yield _line
        return
    with progress(0, label) as bar:

        def show(done: int, total: int) -> bool:
            bar.length = total
            bar.update(done - bar.pos)
            return True

        yield show


def _line(done: int, total: int) -> bool:
    sys.stderr.write(json.dumps({"done": done, "of": total}) + "\n")
    sys.stderr.flush()
    return True
