"""How verbs print: JSON and tables to stdout, everything else to stderr, run text always made plain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from store.plain import plain

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
"""The ``--json`` flag that every verb but open, serve and demo takes."""


def print_json(value: object) -> None:
    """One JSON document, or one line of JSON lines, on stdout."""
    from store.jsonio import dumps

    click.echo(dumps(value))


def note(text: str) -> None:
    """Progress or a diagnostic, one line on stderr."""
    click.echo(plain(text), err=True)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a printed table."""

    title: str
    right: bool = False
    """Numbers are aligned on the right."""
    wrap: bool = False
    """Give this column what width is left and let it wrap."""


def print_table(fields: Sequence[Field], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout: sized to the terminal, or unbounded lines of text where stdout is no terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for field in fields:
        table.add_column(
            Text(field.title),
            justify="right" if field.right else "left",
            no_wrap=not field.wrap,
            overflow="fold" if field.wrap else "ellipsis",
            ratio=1 if field.wrap else None,
        )
    for row in rows:
        table.add_row(*(Text("" if cell is None else plain(str(cell))) for cell in row))
    console = _console()
    console.print(table)


def print_lines(lines: Iterable[str]) -> None:
    """Plain lines on stdout."""
    for line in lines:
        click.echo(plain(line))


def _console() -> Any:
    import sys

    from rich.console import Console

    # A pipe has no width: nothing is cut for a program that reads the table.
    width = None if sys.stdout.isatty() else 10_000
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False, width=width)
