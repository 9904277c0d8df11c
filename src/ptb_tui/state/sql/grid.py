"""The rows of an answer as a table: which are in view, the selected cell, how wide columns are."""

from dataclasses import dataclass

from rich.cells import cell_len

from ptb_tui.state.sql.answer import Head, Row, Rows
from store.plain import plain

MOST_ROWS = 20_000
"""Rows that are held; a file takes more."""
PAGE_ROWS = 500
"""Rows that are read at a time."""
_WIDEST = 60
"""Cells of a column; the whole value is one key away."""
_NARROWER = {"run_id": 24}
"""Columns whose beginning says enough."""
_SHARE = 3
"""The part of the width that one column of text may take where not all fit."""
_LEAST_TEXT = 16
_MEASURED = 200
"""Rows that decide how wide a column is."""
GAP = 2
"""Cells between columns."""
NULL = "NULL"


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column."""

    name: str
    type: str
    width: int
    right: bool
    """Numbers stand at the right."""


class Grid:
    """Rows as far as they were read, and where the reviewer is in them."""

    def __init__(self) -> None:
        self.columns: tuple[GridColumn, ...] = ()
        self.rows: list[Row] = []
        self.more = False
        """There are rows that were not read."""
        self.row = 0
        self.column = 0
        self.top = 0
        self.left = 0
        """The first column in view."""
        self._height = 1

    def begin(self, head: Head, page: Rows) -> None:
        """Show another answer."""
        self.rows = list(page.rows)
        self.more = page.more
        self.row = self.column = self.top = self.left = 0
        self.columns = tuple(
            _column(name, kind, [row.cells[place] for row in self.rows[:_MEASURED]])
            for place, (name, kind) in enumerate(zip(head.columns, head.types, strict=True))
        )

    def clear(self) -> None:
        """Show nothing."""
        self.columns, self.rows, self.more = (), [], False
        self.row = self.column = self.top = self.left = 0

    def add(self, page: Rows) -> None:
        """More rows of the same answer, up to :data:`MOST_ROWS`."""
        room = MOST_ROWS - len(self.rows)
        self.rows += page.rows[:room]
        self.more = page.more or len(page.rows) > room

    @property
    def wanting(self) -> bool:
        """The end of what was read is near, and more can be read."""
        near = self.row + max(self._height, PAGE_ROWS // 5) >= len(self.rows)
        return self.more and near and len(self.rows) < MOST_ROWS

    @property
    def selected(self) -> Row | None:
        """The selected row."""
        return self.rows[self.row] if self.rows else None

    def resize(self, height: int) -> None:
        """Arrange for so many lines of rows."""
        self._height = max(height, 1)
        self._reveal()

    def move(self, rows: int) -> None:
        """Select another row."""
        self.row = min(max(self.row + rows, 0), max(len(self.rows) - 1, 0))
        self._reveal()

    def page(self, halves: int) -> None:
        """So many halves of the height on."""
        self.move(halves * max(self._height // 2, 1))

    def edge(self, which: int) -> None:
        """To the first (0) or last (-1) row that was read."""
        self.move(-len(self.rows) if which == 0 else len(self.rows))

    def shift(self, columns: int) -> None:
        """Select another column."""
        self.column = min(max(self.column + columns, 0), max(len(self.columns) - 1, 0))

    def in_view(self, width: int) -> list[tuple[int, int]]:
        """Columns and their widths that stand in so many cells, the selected one among them.

        Where not all fit, text gives way first: its beginning is enough to choose a row by.
        """
        self.left = min(self.left, self.column)
        tight = sum(column.width + GAP for column in self.columns) > width + GAP
        widths = [
            min(column.width, max(width // _SHARE, _LEAST_TEXT))
            if tight and column.type == "VARCHAR"
            else column.width
            for column in self.columns
        ]
        while True:
            shown: list[tuple[int, int]] = []
            room = width
            for place in range(self.left, len(self.columns)):
                wanted = widths[place]
                if room < min(wanted, 4):
                    break
                # The last one that is cut gets what is left.
                shown.append((place, min(wanted, room)))
                room -= wanted + GAP
            whole = [place for place, cells in shown if cells == widths[place]]
            if self.column in whole or self.left >= self.column:
                return self._widened(shown, room + GAP)
            self.left += 1

    def _widened(self, shown: list[tuple[int, int]], room: int) -> list[tuple[int, int]]:
        """The columns in view, with what is left given to those that were cut, the last one first."""
        found = []
        for place, cells in reversed(shown):
            more = min(self.columns[place].width - cells, max(room, 0))
            room -= more
            found.append((place, cells + more))
        return found[::-1]

    def _reveal(self) -> None:
        self.top = max(min(self.top, self.row), self.row - self._height + 1, 0)
        self.top = max(min(self.top, len(self.rows) - self._height), 0)


def _column(name: str, kind: str, values: list[str | None]) -> GridColumn:
    cells = [_cells(NULL if value is None else value) for value in values]
    width = min(max([*cells, _cells(name), min(_cells(kind), 12), 1]), _NARROWER.get(name, _WIDEST))
    numeric = kind.endswith(("INT", "INTEGER", "FLOAT", "DOUBLE")) or kind.startswith("DECIMAL")
    return GridColumn(name, kind, width, numeric)


def _cells(text: str) -> int:
    return cell_len(plain(text[: _WIDEST + 1]))
