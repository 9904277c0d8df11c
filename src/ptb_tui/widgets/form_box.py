"""The frame of a form over another screen: what is filled in, and under it, in sight however high that is, a word and keys."""

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from ptb_tui.actions.action import Scope
from ptb_tui.widgets.key_hints import key_hints
from ptb_tui.widgets.panel import inks_of
from store.plain import plain


class FormBox(Vertical):
    """Redrawn whole by :meth:`draw`."""

    DEFAULT_CSS = """
    FormBox {
        width: 104; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
        background: $surface; border: round $line; border-title-color: $accent;
    }
    FormBox Static { width: 100%; height: auto; }
    FormBox VerticalScroll { height: auto; max-height: 1fr; scrollbar-size-vertical: 1; }
    FormBox #below { dock: bottom; }
    """

    def __init__(self, scope: Scope, title: str) -> None:
        """``scope`` is that of the screen, whose keys stand under the form."""
        super().__init__()
        self._scope = scope
        self.border_title = Text(plain(title)).markup
        self._body = Static(markup=False)
        self._below = Static(markup=False, id="below")

    def compose(self) -> ComposeResult:
        """The form, and what stays in sight."""
        with VerticalScroll(can_focus=False):
            yield self._body
        yield self._below

    def draw(self, lines: Sequence[Text], below: Sequence[Text]) -> None:
        """Show these lines; those ``below`` stay in sight beside the keys."""
        self._body.update(Text("\n").join(lines))
        self._below.update(Text("\n").join([*below, Text(), key_hints(self._scope, inks_of(self))]))
