"""The end of a log: the newest line stands at the bottom, until somebody scrolls back."""

from collections.abc import Sequence

from textual import events
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.prose import Line, line, wrap
from ptb_tui.widgets.paint import Pen
from ptb_tui.widgets.panel import inks_of
from store.counting import counted

_WHEEL_ROWS = 3


class LogTail(Widget):
    """Paints lines of a harness's output under a heading; call :meth:`show` with what there is now."""

    DEFAULT_CSS = """
    LogTail { height: 1fr; background: $background; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._heading = ""
        self._said: tuple[str, ...] = ()
        self._wrapped: list[Line] = []
        self._back = 0
        """Lines between the bottom and what is looked at."""

    def show(self, heading: str, said: Sequence[str]) -> None:
        """Show these lines; where one looks stays where it is, and another log begins at its end."""
        if heading != self._heading:
            self._back = 0
        if (heading, tuple(said)) != (self._heading, self._said):
            before = len(self._wrapped)
            self._heading, self._said = heading, tuple(said)
            self._wrap()
            if self._back:
                self._scroll(len(self._wrapped) - before)

    def scroll_by(self, halves: int) -> None:
        """Half the height down, up when negative."""
        self._scroll(-halves * max(self.size.height // 2, 1))

    def on_resize(self) -> None:
        """Wrap for another width."""
        self._wrap()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down."""
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up."""
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def render_line(self, y: int) -> Strip:
        """The heading, or a line of the log."""
        palette = inks_of(self)
        pen = Pen(self.content_size.width)
        if y == 0:
            below = f"  {counted(self._back, 'more line')} below" if self._back else ""
            return pen.write(self._heading, palette.accent).write(below, palette.note).strip(palette.ground)
        room = self.content_size.height - 1
        top = max(len(self._wrapped) - room - self._back, 0)
        index = top + y - 1
        if index < len(self._wrapped):
            for piece in self._wrapped[index].pieces:
                pen.write(piece.text, palette.named(piece.ink))
        return pen.strip(palette.ground)

    def _wrap(self) -> None:
        lines = [line((one, "ink")) for one in self._said] or [line(("nothing written yet", "soft"))]
        self._wrapped = list(wrap(lines, self.content_size.width))
        self._scroll(0)

    def _scroll(self, lines: int) -> None:
        most = max(len(self._wrapped) - self.content_size.height + 1, 0)
        self._back = min(max(self._back + lines, 0), most)
        self.refresh()
