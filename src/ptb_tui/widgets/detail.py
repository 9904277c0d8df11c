"""The detail of the selected event: a column of wrapped lines that scrolls, painted like the log."""

from textual import events, work
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.actions.registry import label_of
from ptb_tui.late import tell
from ptb_tui.state.opened import OpenRun
from ptb_tui.state.prose import Line, wrap
from ptb_tui.state.replay import Replay
from ptb_tui.widgets.paint import Pen
from ptb_tui.widgets.panel import inks_of
from store.event import Event

_WHEEL_ROWS = 3


class DetailPane(Widget):
    """What is known about the selected event."""

    DEFAULT_CSS = """
    DetailPane { height: 1fr; background: $background; padding: 0 1; }
    """

    def __init__(self, run: OpenRun, replay: Replay) -> None:
        super().__init__()
        self._run = run
        self._replay = replay
        self._seq: int | None = None
        self._lines: list[Line] = []
        self._wrapped: list[Line] = []
        self._top = 0

    def show(self) -> None:
        """Describe the event that is selected now."""
        event = self._replay.event()
        if event is None:
            self._fill(None, [])
        else:
            self._describe(event)

    @work(thread=True, exclusive=True)
    def _describe(self, event: Event) -> None:
        """Rows are read beside the event loop: the first one imports what reads them."""

        from ptb_tui.state.detail import describe

        tell(self._fill, event.seq, describe(self._run, event))

    def _fill(self, seq: int | None, lines: list[Line]) -> None:
        if seq != self._seq:
            self._top = 0
        self._seq = seq
        self._lines = lines
        self._wrap()

    def scroll_by(self, halves: int) -> None:
        """Half the height down, up when negative."""
        self._scroll(halves * max(self.size.height // 2, 1))

    def repaint(self) -> None:
        """The theme changed."""
        self.refresh()

    def on_resize(self) -> None:
        """Wrap for another width."""
        self._wrap()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down."""
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up."""
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    def render_line(self, y: int) -> Strip:
        """One wrapped line."""
        palette = inks_of(self)
        width, height = self.content_size
        pen = Pen(width)
        left = len(self._wrapped) - self._top - height
        if y == height - 1 and left > 0:
            return pen.write(
                f"… {left + 1} more lines, {label_of('replay.detail_down')} scrolls", palette.note
            ).strip(palette.ground)
        index = self._top + y
        if index < len(self._wrapped):
            for piece in self._wrapped[index].pieces:
                pen.write(piece.text, palette.named(piece.ink))
        return pen.strip(palette.ground)

    def _wrap(self) -> None:
        self._wrapped = list(wrap(self._lines, self.content_size.width))
        self._scroll(0)

    def _scroll(self, rows: int) -> None:
        most = max(len(self._wrapped) - self.content_size.height, 0)
        self._top = min(max(self._top + rows, 0), most)
        self.refresh()
