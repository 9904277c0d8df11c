"""The last line: the keys that matter here, or the answer to the last one."""

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.actions.action import Action, Scope
from ptb_tui.actions.keys import key_label
from ptb_tui.actions.registry import actions_in
from ptb_tui.widgets.paint import Inks, Pen, cut
from ptb_tui.widgets.panel import inks_of
from store.plain import plain

_LEAST_OF_A_PATH = 12
"""Cells of the end of a path by which it can still be told."""


class Footer(Widget):
    """Key hints of a scope from the registry; :meth:`say` shows one message instead until :meth:`hush`."""

    DEFAULT_CSS = """
    Footer { height: 1; dock: bottom; background: $surface; }
    """

    class Appeared(Message):
        """The screen of a scope is shown for the first time since it was made."""

        def __init__(self, scope: Scope) -> None:
            super().__init__()
            self.scope = scope

    class Chosen(Message):
        """The hint of an action was clicked."""

        def __init__(self, action: Action) -> None:
            super().__init__()
            self.action = action

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope
        self._places: list[tuple[int, int, Action]] = []
        """First column, column after the last, action of the hints that are shown."""
        self._here = [action for action in actions_in(scope) if action.hint]
        self._always = [action for action in actions_in(Scope.EVERYWHERE) if action.hint]
        self.message = ""
        """What is said now."""
        self._bad = False

    def on_mount(self) -> None:
        """Somebody may see this screen for the first time."""
        self.post_message(self.Appeared(self._scope))

    def on_click(self, event: events.Click) -> None:
        """Do what the hint says."""
        event.stop()
        for begin, end, action in self._places:
            if begin <= event.x < end:
                self.post_message(self.Chosen(action))

    def say(self, message: str, *, bad: bool = False) -> None:
        """Show ``message`` (run text in it is made safe)."""
        self.message, self._bad = message, bad
        self.refresh()

    def hush(self) -> None:
        """Back to the key hints."""
        if self.message:
            self.message = ""
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  # one line only
        """The line."""
        palette = inks_of(self)
        pen = Pen(self.size.width).gap(1)
        self._places = []
        if self.message:
            pen.write("! " if self._bad else "", palette.violation)
            pen.write(_fitting(plain(self.message), pen.left), palette.ink)
            return pen.strip(palette.raised)
        reserved = sum(_width(action) for action in self._always)
        for action in self._here:
            if pen.left < _width(action) + reserved:
                break
            self._write(pen, action, palette)
        pen.to(pen.width - reserved)
        for action in self._always:
            self._write(pen, action, palette)
        return pen.strip(palette.raised)

    def _write(self, pen: Pen, action: Action, palette: Inks) -> None:
        begin = pen.width - pen.left
        pen.write(key_label(action.keys[0]), palette.accent).gap().write(action.title, palette.soft)
        self._places.append((begin, pen.width - pen.left, action))
        pen.gap(2)


def _fitting(message: str, room: int) -> str:
    """``message`` with its longest word, which is a path, cut on the left: what to do about it comes after."""
    over = cell_len(message) - room
    longest = max(message.split(" "), key=cell_len)
    keep = cell_len(longest) - over
    if over <= 0 or keep < _LEAST_OF_A_PATH:
        return message
    return message.replace(longest, cut(longest, keep, left=True), 1)


def _width(action: Action) -> int:
    return len(key_label(action.keys[0])) + len(action.title) + 3
