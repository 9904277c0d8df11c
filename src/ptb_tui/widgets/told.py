"""A few lines that say how it stands; as high as they are."""

from collections.abc import Sequence

from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.prose import Line, wrap
from ptb_tui.widgets.paint import Pen
from ptb_tui.widgets.panel import inks_of


class Told(Widget):
    """Paints lines, wrapped, at most :attr:`most` of them."""

    DEFAULT_CSS = """
    Told { height: 1; background: $background; padding: 0 1; }
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self._lines: Sequence[Line] = ()
        self._wrapped: list[Line] = []

    def tell(self, lines: Sequence[Line]) -> None:
        """Show these."""
        self._lines = lines
        self._wrapped = list(wrap(lines, max(self.content_size.width, 1)))[: self.most]
        self.styles.height = max(len(self._wrapped), 1)
        self.refresh()

    def on_resize(self) -> None:
        """Wrap for another width."""
        self.tell(self._lines)

    def render_line(self, y: int) -> Strip:
        """One line."""
        palette = inks_of(self)
        pen = Pen(self.content_size.width)
        if y < len(self._wrapped):
            for piece in self._wrapped[y].pieces:
                pen.write(piece.text, palette.named(piece.ink))
        return pen.strip(palette.ground)
