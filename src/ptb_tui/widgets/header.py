"""The two lines that are always there: whose run this is, and where in it we are."""

from collections.abc import Callable

from rich.cells import cell_len
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.headline import Line, Part
from ptb_tui.widgets.paint import Inks, Pen, cut
from ptb_tui.widgets.panel import inks_of


class Header(Widget):
    """Paints the lines that ``read`` gives; call :meth:`show` when they may have changed."""

    DEFAULT_CSS = """
    Header { height: 2; dock: top; background: $surface; }
    """

    def __init__(self, read: Callable[[], list[Line]]) -> None:
        super().__init__()
        self._read = read
        self._lines: list[Line] = []

    def show(self) -> None:
        """Paint again if something changed."""
        lines = self._read()
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the lines."""
        palette = inks_of(self)
        pen = Pen(self.size.width)
        if y < len(self._lines):
            left, right = self._lines[y]
            _write(pen, left, right, palette)
        return pen.strip(palette.raised)


def _write(pen: Pen, left: list[Part], right: list[Part], palette: Inks) -> None:
    left, right = _fitting(left, right, pen.width)
    pen.gap(1)
    for index, part in enumerate(left):
        if index:
            pen.gap(2)
        pen.write(part.text, palette.named(part.ink))
    pen.to(pen.width - _cells(right) - 1)
    for index, part in enumerate(right):
        if index:
            pen.gap(2)
        pen.write(part.text, palette.named(part.ink))


def _fitting(left: list[Part], right: list[Part], width: int) -> tuple[list[Part], list[Part]]:
    """Without as many parts of high rank as it takes to fit."""
    left, right = [p for p in left if p.text], [p for p in right if p.text]
    while _cells(left) + _cells(right) + 4 > width and len(left) + len(right) > 1:
        worst = max(part.rank for part in left + right)
        if worst == 0:
            break
        for side in (right, left):
            drop = next((i for i in range(len(side) - 1, -1, -1) if side[i].rank == worst), None)
            if drop is not None:
                side.pop(drop)
                break
    room = width - _cells(right) - 4
    if left and _cells(left) > room:
        last = left[-1]
        keep = max(cell_len(last.text) - (_cells(left) - room), 0)
        left[-1] = Part(cut(last.text, keep), last.ink, last.rank)
    return left, right


def _cells(parts: list[Part]) -> int:
    return sum(cell_len(part.text) for part in parts) + 2 * max(len(parts) - 1, 0)
