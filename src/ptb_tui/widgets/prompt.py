"""One line to type in, mounted over the footer only while it is needed."""

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static


class Prompt(Horizontal):
    """Asks for a line; calls back with it, or with None when it was given up, and goes away."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "give up", show=False)]
    DEFAULT_CSS = """
    Prompt { dock: bottom; height: 1; background: $panel; }
    Prompt > Static { width: auto; color: $accent; text-style: bold; padding: 0 1; }
    Prompt > Input { width: 1fr; border: none; height: 1; padding: 0; background: $panel; }
    Prompt > Input:focus { border: none; }
    """

    def __init__(
        self, label: str, done: Callable[[str | None], None], *, value: str = "", hint: str = ""
    ) -> None:
        """``label`` and ``hint`` are ours, never run text."""
        super().__init__()
        self._label = label
        self._done = done
        self._value = value
        self._hint = hint

    def compose(self) -> ComposeResult:
        """A label and the line."""
        yield Static(Content(self._label), markup=False)
        yield Input(value=self._value, placeholder=self._hint, compact=True, select_on_focus=True)

    @classmethod
    async def ask(
        cls,
        screen: Screen[Any],
        label: str,
        done: Callable[[str | None], None],
        *,
        value: str = "",
        hint: str = "",
    ) -> None:
        """Show it on ``screen``, unless one is there; when this returns it has the keys, so that none is lost."""
        if not screen.query(cls):
            prompt = cls(label, done, value=value, hint=hint)
            await screen.mount(prompt)
            screen.set_focus(prompt.query_one(Input))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: hand the line over."""
        event.stop()
        await self.remove()
        self._done(event.value)

    async def action_give_up(self) -> None:
        """Escape."""
        await self.remove()
        self._done(None)
