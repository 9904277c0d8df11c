"""``ptb sql``: read-only SQL over one run or all of them."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptb_tui.cli.output import Field, note, print_table
from store.errors import BadInput
from store.library import find_runs, list_runs

if TYPE_CHECKING:
    from store.sql.query import Query, Result

TABLE_ROWS = 200
"""Rows of a printed table without ``--limit``."""
CELL = 200
"""Characters of a printed cell."""


@click.command("sql", short_help="read-only SQL over one run or all")
@click.argument("query")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "parquet"]),
    default="table",
    show_default=True,
    help="How rows are written; parquet needs -o.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@click.option(
    "--limit", type=click.IntRange(min=1), help=f"At most so many rows (a table: {TABLE_ROWS} by default)."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(
    query: str, runs: tuple[str, ...], form: str, output: Path | None, limit: int | None, as_json: bool
) -> None:
    """Answer one SELECT over the views of RUN..., or of all runs.

    The views are runs, events, processes, execs, commands, files, file_versions, net, gpu, transcript, gaps,
    findings, marks, verdicts, weight_checks and scores; DESCRIBE one for its columns.
    """
    form = "json" if as_json else form
    if form == "parquet" and output is None:
        raise BadInput("parquet needs a file to write: add -o FILE.parquet")
    if form == "table" and output is not None:
        raise BadInput("a table is for the terminal: add --format csv, json or parquet")
    from store.sql.query import open_query

    with open_query(_folders(runs)) as opened:
        for unread in opened.unread:
            note(f"ptb: left out {unread.folder.name}: {unread.reason}")
        for damage in opened.damage:
            note(f"ptb: {damage}")
        rows = limit or (TABLE_ROWS if form == "table" else None)

        def answer() -> "Result":
            result = opened.run(query, limit=rows)
            _answer(result, form, output)
            return result

        result = _until_interrupted(opened, answer)
        if result.more and limit is None:
            note(
                f"ptb: only the first {TABLE_ROWS} rows; give --limit, or --format csv, json or parquet for all"
            )
        for problem in opened.problems:
            note(f"ptb: left out {problem.path}: {problem.reason}")


def _until_interrupted(opened: "Query", work: Callable[[], "Result"]) -> "Result":
    """What ``work`` returns; it has a thread of its own because Ctrl-C does not reach one that DuckDB keeps."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        running = worker.submit(work)
        try:
            return running.result()
        except KeyboardInterrupt:
            while not running.done():
                opened.interrupt()
                wait([running], timeout=0.05)
            raise


def _folders(names: Sequence[str]) -> list[Path]:
    if names:
        return [entry.folder for entry in find_runs(names)]
    entries = list_runs()
    for entry in entries:
        if entry.error:
            note(f"ptb: left out {entry.run_id}: {entry.error}")
    return [entry.folder for entry in entries if not entry.error]


def _answer(result: "Result", form: str, output: Path | None) -> None:
    from store.sql.export import Form, write_csv, write_file, write_json

    if output is not None:
        write_file(result, output, Form(form))
    elif form == "json":
        write_json(result, sys.stdout.buffer.write)
    elif form == "csv":
        write_csv(result, sys.stdout.buffer.write)
    else:
        _print(result)


def _print(result: "Result") -> None:
    from store.sql.export import rows

    fields = [
        Field(name, right=kind.endswith(("INT", "FLOAT", "DOUBLE")) or kind.startswith("DECIMAL"))
        for name, kind in zip(result.columns, result.types, strict=True)
    ]
    print_table(fields, ([_shown(value) for value in row.values()] for row in rows(result)))


def _shown(value: object) -> str:
    from store.plain import clip
    from store.sql.export import text

    return "NULL" if value is None else clip(text(value), CELL)
