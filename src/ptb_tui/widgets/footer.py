"""The last line: the keys that matter here, or the answer to the last one."""

from textual.strip import Strip
from textual.widget import Widget

from ptb_tui.actions.action import Action, Scope
from ptb_tui.actions.keys import key_label
from ptb_tui.actions.registry import actions_in
from ptb_tui.widgets.paint import Inks, Pen
from ptb_tui.widgets.panel import inks_of


class Footer(Widget):
    """Key hints of a scope from the registry; :meth:`say` shows one message instead until :meth:`hush`."""

    DEFAULT_CSS = """
    Footer { height: 1; dock: bottom; background: $surface; }
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._here = [action for action in actions_in(scope) if action.hint]
        self._always = [action for action in actions_in(Scope.EVERYWHERE) if action.hint]
        self.message = ""
        """What is said now."""
        self._bad = False

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
        if self.message:
            pen.write("! " if self._bad else "", palette.violation).write(self.message, palette.ink)
            return pen.strip(palette.raised)
        reserved = sum(_width(action) for action in self._always)
        for action in self._here:
            if pen.left < _width(action) + reserved:
                break
            _write(pen, action, palette)
        pen.to(pen.width - reserved)
        for action in self._always:
            _write(pen, action, palette)
        return pen.strip(palette.raised)


def _width(action: Action) -> int:
    return len(key_label(action.keys[0])) + len(action.title) + 3


def _write(pen: Pen, action: Action, palette: Inks) -> None:
    pen.write(key_label(action.keys[0]), palette.accent).gap().write(action.title, palette.soft).gap(2)
