"""One line to type in, mounted over the footer only while it is needed; what was typed stays until it is kept."""

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from store.errors import PtbError
from store.plain import plain


class Prompt(Horizontal):
    """Asks for a line; calls back with it, or with None when it was given up, and goes away."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "give up", show=False)]
    DEFAULT_CSS = """
    Prompt { dock: bottom; height: 1; background: $panel; }
    Prompt.-again { height: auto; }
    Prompt > #complaint { dock: top; width: 100%; height: auto; color: $text; text-style: none; }
    Prompt > Static { width: auto; color: $accent; text-style: bold; padding: 0 1; }
    Prompt > Input { width: 1fr; border: none; height: 1; padding: 0; background: $panel; }
    Prompt > Input:focus { border: none; }
    """

    def __init__(
        self,
        label: str,
        done: Callable[[str | None], None],
        *,
        value: str = "",
        hint: str = "",
        complaint: str = "",
        goes_on: bool = False,
    ) -> None:
        """``label`` and ``hint`` are ours, never run text; ``goes_on`` when ``value`` is written on, not over.

        Where ``done`` raises :class:`PtbError` the line comes again under that ``complaint``: nothing typed is lost.
        """
        super().__init__()
        self._label = label
        self._done = done
        self._value = value
        self._hint = hint
        self._complaint = complaint
        self._goes_on = goes_on or bool(complaint)
        self.set_class(bool(complaint), "-again")

    def compose(self) -> ComposeResult:
        """A label and the line, below what went wrong with it."""
        if self._complaint:
            said = f"! {plain(self._complaint)}; enter tries again, esc gives up"
            yield Static(Content(said), markup=False, id="complaint")
        yield Static(Content(self._label), markup=False)
        yield Input(
            value=self._value, placeholder=self._hint, compact=True, select_on_focus=not self._goes_on
        )

    @classmethod
    async def ask(
        cls,
        screen: Screen[Any],
        label: str,
        done: Callable[[str | None], None],
        *,
        value: str = "",
        hint: str = "",
        goes_on: bool = False,
    ) -> None:
        """Show it on ``screen``, unless one is there; when this returns it has the keys, so that none is lost."""
        if not screen.query(cls):
            await cls(label, done, value=value, hint=hint, goes_on=goes_on).show_on(screen)

    async def show_on(self, screen: Screen[Any]) -> None:
        """Stand on ``screen``, with the keys."""
        await screen.mount(self)
        screen.set_focus(self.query_one(Input))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: hand the line over."""
        event.stop()
        screen = self.screen
        await self.remove()
        try:
            self._done(event.value)
        except PtbError as error:
            await Prompt(
                self._label, self._done, value=event.value, hint=self._hint, complaint=str(error)
            ).show_on(screen)

    async def action_give_up(self) -> None:
        """Escape."""
        await self.remove()
        self._done(None)
