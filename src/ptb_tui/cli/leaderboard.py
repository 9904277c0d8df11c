"""``ptb leaderboard``: agents compared by reported, provisional and adjudicated scores."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptb_tui.cli.output import Field, json_option, note, print_json, print_lines, print_table
from store.library import list_runs, runs_folder

if TYPE_CHECKING:
    from runner.leaderboard import AgentScore, Board, Grid, Results

_AGENTS = (
    Field("agent"),
    *(
        Field(title, right=True)
        for title in ("score %", "±", "runs", "reported", "provisional", "worst–best")
    ),
    *(Field(title, right=True) for title in ("undecided", "base score", "no run", "hours")),
)
_CELLS = (
    *(Field(title) for title in ("agent", "benchmark", "base model")),
    *(
        Field(title, right=True)
        for title in ("score %", "±", "runs", "reported", "provisional", "worst–best")
    ),
    *(Field(title, right=True) for title in ("base model's", "undecided", "hours")),
)
_AGENT_COLUMNS = (
    "agent",
    "score",
    "std",
    "n",
    "undecided",
    "reported",
    "provisional",
    "worst",
    "best",
    "missing",
    "fell_back",
    "hours",
)
_CELL_COLUMNS = (
    "benchmark",
    "base_model",
    "score",
    "std",
    "n",
    "reported",
    "provisional",
    "worst",
    "best",
    "base",
    "undecided",
    "fell_back",
    "hours",
)


@click.command("leaderboard", short_help="agents compared: reported, provisional and adjudicated scores")
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of published per-cell CSVs, or of runs (default: $PTB_RUNS).",
)
@click.option("--cells", is_flag=True, help="A row a task instead of a row an agent (table and CSV).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "chart"]),
    default="table",
    show_default=True,
    help="How it is written.",
)
@json_option
def command(folder: Path | None, cells: bool, form: str, as_json: bool) -> None:
    """Compare agents by the weighted mean over benchmarks of the mean over base models.

    A flagged, failed or missing cell takes the base model's score. "Reported" is what runs came with, "provisional"
    what detectors leave of it, and the score what people decided; worst and best say what is still open.
    """
    from runner.leaderboard import Grid, make_board
    from store.catalog.reader import load_catalog

    grid = Grid.of(load_catalog())
    board = make_board(_results(folder, grid), grid)
    for line in board.notes:
        note(line)
    if as_json or form == "json":
        print_json({"agents": [asdict(agent) for agent in board.agents]})
    elif form == "csv":
        _print_csv(board, cells)
    elif not board.agents:
        note(f"nothing to compare in {folder or runs_folder()}: no run of a task of the leaderboard")
    elif form == "chart":
        _print_chart(board)
    else:
        _print_table(board, cells)


def _results(folder: Path | None, grid: "Grid") -> "Results":
    from runner.leaderboard import holds_published, read_published

    if folder is not None and holds_published(folder):
        return read_published(folder, grid)
    from runner.leaderboard.recorded import read_recorded
    from store.errors import BadInput

    entries = list_runs(folder)
    if folder is not None and not entries:
        raise BadInput(
            f"{folder} holds neither published tables (aggregated_*.csv, final_*.csv) nor runs;"
            f" `ptb import {folder}` makes runs of results folders"
        )
    for entry in entries:
        if entry.error:
            note(f"{entry.folder} is left out: {entry.error}")
    return read_recorded([entry for entry in entries if entry.error is None], grid)


def _print_table(board: "Board", cells: bool) -> None:
    if cells:
        print_table(_CELLS, (row for agent in board.agents for row in _cell_rows(agent)))
        return
    print_table(_AGENTS, [*map(_agent_row, board.agents), *_reference_rows(board)])


def _agent_row(agent: "AgentScore") -> tuple[object, ...]:
    return (
        agent.agent,
        _percent(agent.score),
        _percent(agent.std),
        agent.n,
        _percent(agent.reported),
        _percent(agent.provisional),
        f"{_percent(agent.worst)}–{_percent(agent.best)}",
        agent.undecided,
        agent.fell_back,
        agent.missing,
        _hours(agent.hours),
    )


def _reference_rows(board: "Board") -> Iterator[tuple[object, ...]]:
    yield ("(instruct models)", _percent(board.instruct_models), *[None] * 9)
    yield ("(base models)", _percent(board.base_models), *[None] * 9)


def _cell_rows(agent: "AgentScore") -> Iterator[tuple[object, ...]]:
    for cell in agent.cells:
        yield (
            agent.agent,
            cell.benchmark,
            cell.base_model,
            _percent(cell.score),
            _percent(cell.std),
            cell.n,
            _percent(cell.reported),
            _percent(cell.provisional),
            f"{_percent(cell.worst)}–{_percent(cell.best)}",
            _percent(cell.base),
            cell.undecided,
            _hours(cell.hours),
        )


def _percent(score: float | None) -> str | None:
    return None if score is None else f"{100 * score:.2f}"


def _hours(hours: float | None) -> str | None:
    return None if hours is None else f"{hours:.1f}"


def _print_csv(board: "Board", cells: bool) -> None:
    import csv
    import sys

    from store.spreadsheet import text_cell

    def neutral(values: Iterable[Any]) -> list[object]:
        return [text_cell(value) if isinstance(value, str) else value for value in values]

    out = csv.writer(sys.stdout)
    if cells:
        out.writerow(["agent", *_CELL_COLUMNS])
        for agent in board.agents:
            for cell in agent.cells:
                out.writerow(neutral([agent.agent, *(getattr(cell, name) for name in _CELL_COLUMNS)]))
        return
    out.writerow(_AGENT_COLUMNS)
    for agent in board.agents:
        out.writerow(neutral(getattr(agent, name) for name in _AGENT_COLUMNS))


def _print_chart(board: "Board") -> None:
    from shutil import get_terminal_size

    from runner.leaderboard.chart import chart

    print_lines(chart(board, get_terminal_size().columns))
