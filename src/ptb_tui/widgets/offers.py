"""The words that could stand at the cursor, under it."""

from textual.geometry import Offset, Size
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.sql.completion import Candidate
from ptb_tui.widgets.paint import Pen
from ptb_tui.widgets.panel import inks_of

_MOST_LINES = 8
_WIDTH = 44


class Offers(Widget):
    """A short list over the other widgets; hidden while it is empty."""

    DEFAULT_CSS = """
    Offers { layer: above; display: none; width: 44; height: 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._candidates: tuple[Candidate, ...] = ()
        self._selected = 0
        self._top = 0

    @property
    def selected(self) -> Candidate | None:
        """The word that a key takes; None while nothing is offered."""
        return self._candidates[self._selected] if self._candidates else None

    def offer(self, candidates: tuple[Candidate, ...], cursor: Offset, screen: Size) -> None:
        """Show these below the cursor, above it where there is more room."""
        self._candidates, self._selected, self._top = candidates, 0, 0
        self.display = bool(candidates)
        if not candidates:
            return
        below, above = screen.height - cursor.y - 2, cursor.y
        height = min(len(candidates), _MOST_LINES, max(below, above))
        width = min(_WIDTH, screen.width)
        self.styles.width, self.styles.height = width, height
        top = cursor.y + 1 if height <= below else max(cursor.y - height, 0)
        self.styles.offset = (max(min(cursor.x, screen.width - width), 0), top)
        self.refresh()

    def hide(self) -> None:
        """Offer nothing."""
        self._candidates = ()
        self.display = False

    def move(self, words: int) -> None:
        """Select another one, round the ends."""
        self._selected = (self._selected + words) % len(self._candidates)
        height = max(self.size.height, 1)
        self._top = max(min(self._top, self._selected), self._selected - height + 1)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One word, and what it is."""
        palette = inks_of(self)
        pen = Pen(self.size.width).gap(1)
        place = self._top + y
        if place >= len(self._candidates):
            return pen.strip(palette.raised)
        one = self._candidates[place]
        note = one.note or one.kind
        pen.write(one.text, palette.strong, width=max(self.size.width - len(note) - 3, 8)).gap(1)
        pen.write(note, palette.soft)
        return pen.strip(palette.cursor if place == self._selected else palette.raised)
