"""One question before something that takes long, costs money or ends work."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from ptb_tui.actions.action import Scope
from ptb_tui.actions.keys import key_label
from ptb_tui.actions.registry import actions_in, bindings
from ptb_tui.widgets.panel import inks_of
from ptb_tui.widgets.too_small import TooSmall
from store.plain import plain


class ConfirmScreen(ModalScreen[bool]):
    """Gives back whether it shall be done."""

    SCOPE = Scope.CONFIRM
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; background: $background 60%; }
    ConfirmScreen > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
        background: $surface; border: round $warning; border-title-color: $warning;
    }
    ConfirmScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, title: str, question: str) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._too_small = TooSmall(40, 8)

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        palette = inks_of(self)
        keys = Text("   ").join(
            Text.assemble((key_label(one.keys[0]), palette.accent), " ", (one.help.rstrip("."), palette.soft))
            for one in actions_in(Scope.CONFIRM)
        )
        with Vertical() as box:
            box.border_title = Text(plain(self._title)).markup
            yield Static(Text.assemble((plain(self._question), palette.ink), "\n\n", keys), markup=False)
        yield self._too_small

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small."""
        self._too_small.fit(event.size)

    def action_answer(self, answer: str) -> None:
        """Yes or no."""
        self.dismiss(answer == "yes")
