"""How it stands with a query, in words: the header of the screen and the line over the rows."""

from collections.abc import Sequence
from pathlib import Path

from ptb_tui.actions.registry import label_of
from ptb_tui.state.headline import Line as HeadLine
from ptb_tui.state.headline import Part
from ptb_tui.state.prose import Line, line
from ptb_tui.state.sql.grid import MOST_ROWS, Grid
from ptb_tui.state.times import counted

_MOST_NOTES = 2
"""Sentences on what is missing that have room; the rest is counted."""


def headline(folders: Sequence[Path], grid: Grid, busy: str) -> list[HeadLine]:
    """Over which runs, where in the rows, and what is under way."""
    over = f"run {folders[0].name}" if len(folders) == 1 else f"over {len(folders):,} runs"
    first: HeadLine = (
        [Part("ptb", "accent"), Part("SQL", "strong"), Part(over, "ink", 1)],
        [Part("read-only", "soft", 2)],
    )
    left = [Part("no answer yet")]
    if grid.rows:
        count = f"{len(grid.rows):,} and more" if grid.more else f"{len(grid.rows):,}"
        left = [Part(f"row {grid.row + 1:,} of {count}", "ink")]
    if grid.columns:
        column = grid.columns[grid.column]
        left.append(Part(f"{column.name} {column.type}", "soft", 1))
    return [first, (left, [Part(busy, "accent")])]


def summary(grid: Grid, notes: Sequence[str], took: float | None) -> list[Line]:
    """How many rows there are, after how many seconds, and what they go without."""
    count = counted(len(grid.rows), "row", "rows")
    if grid.more:
        on = "" if len(grid.rows) >= MOST_ROWS else " and come as you scroll"
        count = f"the first {count}, more exist{on}; {label_of('sql.export')} writes all"
    lines = [line((count, "ink"), (f"   {took:.2f} s" if took is not None else "", "soft"))]
    lines += [line(("◐ ", "suspicious"), (note, "soft")) for note in notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        lines.append(line((f"◐ and {len(notes) - _MOST_NOTES} more were left out", "suspicious")))
    return lines
