"""What commands share: options, one JSON document or plain text, errors in one line each, a progress bar."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import IO, TYPE_CHECKING, Any, TextIO
from unicodedata import category

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

DONE, SAID_NO, WRONG_INPUT = 0, 1, 2

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
as_option = click.option("--as", "as_name", metavar="NAME", help="Act as this person. In the sandbox only.")


def day(text: str) -> date:
    """The type of an option that takes a calendar day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day; write it like 2026-01-31") from None


class InputError(click.ClickException):
    """The input is wrong; `lines` are one clear sentence each."""

    exit_code = WRONG_INPUT

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        for line in self.message.splitlines():
            say(f"Error: {line}")


class RefusedError(InputError):
    """The vendor, or a check, said no."""

    exit_code = SAID_NO


def answer(document: Any, text: str | Sequence[str], *, as_json: bool) -> None:
    """The command's one answer on standard output: a JSON document, or lines for a person."""
    if as_json:
        click.echo(json.dumps(document, indent=2, default=_plain))
    else:
        click.echo(_printable(text if isinstance(text, str) else "\n".join(text), sys.stdout))


def say(message: str) -> None:
    """A message beside the answer, on standard error."""
    click.echo(_printable(message, sys.stderr), err=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Aligned columns; a dash where there is nothing."""
    cells = [list(head), *([("-" if cell in (None, "") else str(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def fields(values: Mapping[str, object]) -> list[str]:
    """One `Name   value` a line, leaving out what is empty."""
    shown = {name: value for name, value in values.items() if value not in (None, "")}
    width = max(map(len, shown), default=0)
    return [f"{name.ljust(width)}  {value}" for name, value in shown.items()]


def words(name: str) -> str:
    """`partly completed` of `partly_completed`."""
    return name.replace("_", " ")


def progress(length: int, label: str) -> "ProgressBar[int]":
    """A bar on standard error; nothing where that is no terminal."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), show_eta=length > 1
    )


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _printable(text: str, stream: TextIO) -> str:
    """With control characters as escapes: a vendor's text must not steer the terminal, nor fail to be encoded."""
    visible = (c if c in "\n\t" or category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in text)
    encoding = stream.encoding or "utf-8"
    return "".join(visible).encode(encoding, "backslashreplace").decode(encoding)
