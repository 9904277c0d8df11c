"""``ptb refs``: evaluation data to compare runs with."""

from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import Field, json_option, note, print_json, print_lines, print_table
from ptb_tui.state.times import day_and_time
from store.counting import counted
from store.instants import iso

if TYPE_CHECKING:
    from review.references.held import Header

_FIELDS = (
    Field("benchmark"),
    Field("held", right=True),
    Field("expected", right=True),
    Field("role"),
    Field("split"),
    Field("revision"),
    Field("source"),
    Field("added (utc)"),
)


@click.group("refs", short_help="evaluation data to compare runs with")
def command() -> None:
    """Evaluation data that scans compare runs with; kept in the folder `references` beside the runs."""


@command.command("add", short_help="take evaluation data in")
@click.argument("benchmark")
@click.argument("path")
@click.option("--split", metavar="NAME", help="The split, where neither rows nor file names tell it.")
@click.option("--revision", metavar="TEXT", help="The revision, where the path does not tell it.")
@json_option
def add_command(benchmark: str, path: str, split: str | None, revision: str | None, as_json: bool) -> None:
    """Take in PATH: JSON lines, JSON, CSV, Parquet or Arrow (each also gzipped), a folder of them such as the hub's
    cache, a wheel, or the name of an installed package.

    Data of a split that the rules allow (GSM8K's train) is kept as such: what it shares with the evaluation data is
    held against nobody.
    """  # fmt: skip
    from review.references.adding import add

    added = add(benchmark, path, split=split, revision=revision)
    if as_json:
        print_json([_object(header) for header in added])
    else:
        print_lines(_line(header) for header in added)


@command.command("ls", short_help="what is held, of how many items")
@json_option
def ls_command(as_json: bool) -> None:
    """List the references: items held of those that the benchmark has, split, revision and source."""
    from review.references.held import headers, references_folder

    found, problems = headers()
    for problem in problems:
        note(problem)
    if as_json:
        print_json([_object(header) for header in found])
    elif found:
        print_table(_FIELDS, (_row(header) for header in found))
    else:
        note(f"{references_folder()} holds no references yet; `ptb refs add BENCHMARK PATH` takes some in")


def _expected(header: "Header") -> int | None:
    """Items that the benchmark evaluates; None for allowed data, which no number is expected of."""
    from review.references.held import Role
    from store.catalog.reader import load_catalog

    known = load_catalog().benchmarks.get(header.benchmark)
    return known.items if known and header.role is Role.EVALUATION else None


def _object(header: "Header") -> dict[str, Any]:
    return {
        "benchmark": header.benchmark,
        "held": header.items,
        "expected": _expected(header),
        "role": header.role,
        "split": header.split,
        "revision": header.revision,
        "source": header.source,
        "skipped": header.skipped,
        "added_at": iso(header.added_at),
    }


def _row(header: "Header") -> tuple[object, ...]:
    return (
        header.benchmark,
        f"{header.items:,}",
        _expected(header),
        header.role,
        header.split,
        header.revision and header.revision[:12],
        header.source,
        day_and_time(header.added_at),
    )


def _line(header: "Header") -> str:
    expected = _expected(header)
    items = (
        counted(header.items, "item")
        if expected is None
        else f"{header.items:,} of {counted(expected, 'item')}"
    )
    split = f", split {header.split}" if header.split else ""
    skipped = (
        f"; {counted(header.skipped, 'row repeats others or has no question', 'rows repeat others or have no question')}"
        if header.skipped
        else ""
    )
    return f"{header.benchmark}: {items} ({header.role}{split}) from {header.source}{skipped}"
