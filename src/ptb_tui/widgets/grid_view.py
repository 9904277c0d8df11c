"""The rows of an answer, painted: only the lines on screen, every cell made plain."""

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.sql.grid import GAP, NULL, Grid
from ptb_tui.widgets.paint import Inks, Pen
from ptb_tui.widgets.panel import inks_of

_HEAD_ROWS = 2
_WHEEL_ROWS = 3


class GridView(Widget, can_focus=True):
    """Paints a :class:`Grid`; call :meth:`show` when it changed."""

    DEFAULT_CSS = """
    GridView { width: 1fr; height: 1fr; background: $background; padding: 0 1; }
    """

    class Opened(Message):
        """The selected row was clicked again."""

    class Moved(Message):
        """Another row came into view or was selected."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self._grid = grid
        self._columns: list[tuple[int, int]] = []

    def show(self) -> None:
        """Paint again."""
        self._grid.resize(self.content_size.height - _HEAD_ROWS)
        self._columns = self._grid.in_view(self.content_size.width - 2)
        self.refresh()

    def on_resize(self) -> None:
        """Other columns fit."""
        self.show()

    def on_focus(self) -> None:
        """The selected row is set off more."""
        self.refresh()

    def on_blur(self) -> None:
        """The selected row is set off less."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Select a row; open it when it was selected already."""
        row = self._grid.top + event.y - _HEAD_ROWS
        if event.y < _HEAD_ROWS or row >= len(self._grid.rows):
            return
        again = row == self._grid.row
        self._grid.move(row - self._grid.row)
        self.show()
        self.post_message(self.Opened() if again else self.Moved())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down."""
        self._wheel(event, _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up."""
        self._wheel(event, -_WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        self._grid.move(rows)
        self.show()
        self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        """Names, types, or one row."""
        palette = inks_of(self)
        pen = Pen(self.content_size.width)
        if y < _HEAD_ROWS:
            self._write_head(pen, palette, names=y == 0)
            return pen.strip(palette.raised)
        place = self._grid.top + y - _HEAD_ROWS
        if place >= len(self._grid.rows):
            if place == 0 and self._grid.columns:
                pen.gap(2).write("no rows", palette.soft)
            return pen.strip(palette.ground)
        selected = place == self._grid.row
        pen.write("▸" if selected else "", palette.playhead, width=2)
        cells = self._grid.rows[place].cells
        for index, (column, width) in enumerate(self._columns):
            if index:
                pen.gap(GAP)
            value = cells[column]
            here = selected and column == self._grid.column and self.has_focus
            style = palette.faint if value is None else palette.strong if here else palette.ink
            right = self._grid.columns[column].right
            pen.write(NULL if value is None else value, style, width=width, right=right)
        under = palette.cursor if self.has_focus else palette.cursor_idle
        return pen.strip(under if selected else palette.ground)

    def _write_head(self, pen: Pen, palette: Inks, *, names: bool) -> None:
        pen.gap(2)
        for index, (place, width) in enumerate(self._columns):
            if index:
                pen.gap(GAP)
            column = self._grid.columns[place]
            style = palette.accent if place == self._grid.column else palette.strong
            text = column.name if names else column.type
            pen.write(text, style if names else palette.soft, width=width, right=column.right)
        beyond = len(self._grid.columns) - (self._columns[-1][0] + 1 if self._columns else 0)
        if names and (beyond or self._grid.left):
            pen.to(pen.width - 1).write("›" if beyond else "‹", palette.accent)
