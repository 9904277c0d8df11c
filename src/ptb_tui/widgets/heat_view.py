"""The heat map, painted: a row an agent, a group of columns a benchmark, a column a base model."""

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.heat import DECIDED, NO_RUN, Cell, HeatMap
from ptb_tui.widgets.paint import Inks, Pen
from ptb_tui.widgets.panel import inks_of

_HEAD_ROWS = 2
_NAMES = 26
_GAP = 2


class HeatView(Widget, can_focus=True):
    """Paints a :class:`HeatMap`; call :meth:`show` with one."""

    DEFAULT_CSS = """
    HeatView { height: 1fr; background: $background; padding: 0 1; }
    """

    class Opened(Message):
        """The selected cell was clicked again."""

    class Picked(Message):
        """Another cell was clicked."""

    def __init__(self, heat: HeatMap) -> None:
        super().__init__()
        self._heat = heat
        self._top = 0

    def show(self, heat: HeatMap) -> None:
        """Paint this map, with the selected cell on screen."""
        self._heat = heat
        height = max(self.content_size.height - _HEAD_ROWS, 1)
        self._top = min(max(self._top, heat.row - height + 1), heat.row)
        self._top = max(min(self._top, len(heat.agents) - height), 0)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the selected cell on screen."""
        self.show(self._heat)

    def on_click(self, event: events.Click) -> None:
        """Select a cell; open it when it was selected already."""
        row, column = self._top + event.y - _HEAD_ROWS, self._column_at(event.x - 1)
        if event.y < _HEAD_ROWS or row >= len(self._heat.agents) or column is None:
            return
        again = (row, column) == (self._heat.row, self._heat.column)
        self._heat.row, self._heat.column = row, column
        self.refresh()
        self.post_message(self.Opened() if again else self.Picked())

    def render_line(self, y: int) -> Strip:
        """Benchmarks, base models by number, or an agent."""
        palette = inks_of(self)
        heat = self._heat
        pen = Pen(self.content_size.width)
        if heat.empty:
            return pen.strip(palette.ground)
        if y < _HEAD_ROWS:
            self._write_head(pen, y, palette)
            return pen.strip(palette.raised)
        row = self._top + y - _HEAD_ROWS
        if row >= len(heat.agents):
            return pen.strip(palette.ground)
        here = row == heat.row
        pen.write(
            heat.agents[row] or "agent not known", palette.strong if here else palette.ink, width=self._names
        )
        for column in range(len(heat.columns)):
            if column % len(heat.models) == 0:
                pen.to(self._names + column // len(heat.models) * self._group + _GAP)
            cell = heat.cell(row, column)
            assert cell is not None
            chosen = here and column == heat.column
            text = self._heat.symbol(cell) * self._wide
            if chosen and self._wide > 2:
                text = f"▸{text[1:-1]}◂"
            pen.write(text, palette.accent + palette.cursor if chosen else self._style(cell, palette))
        return pen.strip(palette.ground)

    def _write_head(self, pen: Pen, y: int, palette: Inks) -> None:
        pen.write("" if y else "agent", palette.soft, width=self._names)
        models = len(self._heat.models)
        for group, benchmark in enumerate(self._heat.benchmarks):
            pen.to(self._names + group * self._group + _GAP)
            if y == 0:
                pen.write(benchmark, palette.accent, width=self._group - _GAP)
                continue
            for number in range(models):
                here = group * models + number == self._heat.column
                style = palette.accent if here else palette.soft
                pen.write(f"{(number + 1) % 10}", style, width=self._wide)

    def _style(self, cell: Cell, palette: Inks) -> Style:
        symbol = self._heat.symbol(cell)
        if symbol == NO_RUN:
            return palette.faint
        return palette.good if symbol == DECIDED else palette.severity(cell.worst)

    @property
    def _names(self) -> int:
        return _NAMES if self.content_size.width >= 90 else 20

    @property
    def _wide(self) -> int:
        """Cells of one column: as many as fit, at most three."""
        return min(max((self._room - _GAP) // max(len(self._heat.models), 1), 1), 3)

    @property
    def _group(self) -> int:
        """Cells of one benchmark with the gap before it: its columns, or its name where that is longer and fits."""
        longest = max((len(name) for name in self._heat.benchmarks), default=0)
        return max(len(self._heat.models) * self._wide, min(longest, self._room - _GAP)) + _GAP

    @property
    def _room(self) -> int:
        """Cells that there are for each benchmark."""
        return (self.content_size.width - self._names) // max(len(self._heat.benchmarks), 1)

    def _column_at(self, x: int) -> int | None:
        group, inside = divmod(x - self._names, self._group)
        number = (inside - _GAP) // self._wide
        column = group * len(self._heat.models) + number
        models = len(self._heat.models)
        return (
            column if x >= self._names and 0 <= number < models and column < len(self._heat.columns) else None
        )
