"""The selected run of the queue, in a few lines."""

from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.prose import Line, wrap
from ptb_tui.state.queue import Queue
from ptb_tui.state.run_card import card
from ptb_tui.widgets.paint import Pen
from ptb_tui.widgets.panel import inks_of


class RunCard(Widget):
    """Paints :func:`ptb_tui.state.run_card.card` of the selected run."""

    DEFAULT_CSS = """
    RunCard { height: 11; background: $background; border-top: solid $line; padding: 0 1; }
    """

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self._queue = queue
        self._lines: list[Line] = []

    def show(self) -> None:
        """Describe the run that is selected now."""
        lines = list(wrap(card(self._queue.selected), self.content_size.width))
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def on_resize(self) -> None:
        """Wrap for another width."""
        self.show()

    def render_line(self, y: int) -> Strip:
        """One line; the last one says when there are more."""
        palette = inks_of(self)
        width, height = self.content_size
        pen = Pen(width)
        left = len(self._lines) - height
        if y == height - 1 and left > 0:
            return pen.write(f"… {left + 1} more lines", palette.note).strip(palette.ground)
        if y < len(self._lines):
            for piece in self._lines[y].pieces:
                pen.write(piece.text, palette.named(piece.ink))
        return pen.strip(palette.ground)
