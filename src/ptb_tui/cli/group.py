"""The `ptb` command itself: a click group that knows its verbs by name and imports one when it is called."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from ptb_tui.cli.registry import VERBS, Verb


class LazyGroup(click.Group):
    """A group over :class:`Verb` records; its help is made of their lines alone."""

    def __init__(self, verbs: Sequence[Verb], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._verbs = {verb.name: verb for verb in verbs}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in registry order."""
        return [*self._verbs, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command behind a verb, imported now; None for an unknown name."""
        verb = self._verbs.get(cmd_name)
        if verb is None:
            return super().get_command(ctx, cmd_name)
        command = import_module(verb.module).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest verbs in the error for an unknown one."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            raise click.UsageError(f"no verb {args[0]!r}{_suggestion(args[0], self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Name and line of every verb, without importing any."""
        rows = [(verb.name, verb.help) for verb in self._verbs.values()]
        if rows:
            with formatter.section("Verbs"):
                formatter.write_dl(rows)


def _suggestion(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=2)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"ptb {version('ptb')}")
    except PackageNotFoundError:
        click.echo("ptb, run from its source folder")
    ctx.exit()


def ptb(verbs: Sequence[Verb] = VERBS) -> LazyGroup:
    """The command line over ``verbs``."""
    version_option = click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_print_version,
        help="Print the version and exit.",
    )
    return LazyGroup(
        verbs,
        name="ptb",
        help="The flight recorder for AI research agents: what did the agent really do, and does its score stand?"
        "\n\nRUN is a run's id, the beginning of one, or a path. Runs are kept under $PTB_RUNS.",
        params=[version_option],
        callback=_show_help,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _show_help() -> None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
