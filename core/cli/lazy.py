"""A group of commands whose modules are imported only when one of them is called, so that help is instant."""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

Lazy = tuple[str, str]
"""Where a command is, `module:attribute`, and its line in the help."""


class LazyGroup(click.Group):
    """Its commands by name; `default` is the one that is meant where none is named.

    Where `--json` was given, an error also answers with a document: `{"error": "..."}`.
    """

    def __init__(
        self,
        name: str,
        commands: Mapping[str, "Lazy | LazyGroup"],
        *,
        text: str,
        default: str | None = None,
        default_takes_arguments: bool = False,
    ) -> None:
        super().__init__(name, help=text, context_settings={"help_option_names": ["-h", "--help"]})
        self._lazy = commands
        self._default = default
        self._default_takes_arguments = default_takes_arguments

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        known = self._lazy.get(cmd_name)
        if known is None or isinstance(known, LazyGroup):
            return known
        module, _, attribute = known[0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, known.get_short_help_str(limit=100) if isinstance(known, LazyGroup) else known[1])
                    for name, known in self._lazy.items()
                ]
            )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.parent is None:
            ctx.meta["as_json"] = "--json" in args
        is_default = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        is_argument = self._default_takes_arguments and bool(args) and not args[0].startswith("-")
        if self._default and (is_default or (is_argument and args[0] not in self._lazy)):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if ctx.parent is None and ctx.meta["as_json"]:
                click.echo(json.dumps({"error": error.format_message()}))
            raise
