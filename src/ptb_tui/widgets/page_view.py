"""A page of sections, painted: headings, items, the selected one set off."""

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.state.page import INDENT, Page
from ptb_tui.widgets.paint import Pen
from ptb_tui.widgets.panel import inks_of

_WHEEL_ROWS = 3


class PageView(Widget, can_focus=True):
    """Paints a :class:`Page`; call :meth:`show` when it changed."""

    DEFAULT_CSS = """
    PageView { width: 1fr; height: 1fr; background: $background; padding: 0 1; }
    """

    class Opened(Message):
        """The selected item was clicked again."""

    class Picked(Message):
        """Another item was clicked."""

    def __init__(self, page: Page, *, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self._page = page

    def show(self) -> None:
        """Paint again."""
        self._page.resize(*self.content_size)
        self.refresh()

    def on_resize(self) -> None:
        """Wrap for another width."""
        self.show()

    def on_click(self, event: events.Click) -> None:
        """Select an item; open it when it was selected already."""
        item = self._page.at(event.y)
        if item is None or item.key is None:
            return
        again = item == self._page.selected
        self._page.select(item.key)
        self.refresh()
        self.post_message(self.Opened() if again else self.Picked())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down."""
        event.stop()
        self._page.scroll(_WHEEL_ROWS)
        self.refresh()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up."""
        event.stop()
        self._page.scroll(-_WHEEL_ROWS)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line; the last one says when there are more."""
        palette = inks_of(self)
        width, height = self.content_size
        pen = Pen(width)
        if y == height - 1 and self._page.below:
            return pen.write(f"… {self._page.below + 1} more lines", palette.note).strip(palette.ground)
        lines = self._page.lines
        if y >= len(lines):
            return pen.strip(palette.ground)
        placed = lines[y]
        selected = self._page.selected
        on = placed.item is not None and selected is not None and placed.item.key == selected.key
        if placed.item is not None:
            pen.write("▸" if on and placed.first else "", palette.playhead, width=INDENT)
        for piece in placed.line.pieces:
            pen.write(piece.text, palette.named(piece.ink))
        return pen.strip(palette.cursor if on else palette.ground)
