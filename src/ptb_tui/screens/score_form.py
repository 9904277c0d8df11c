"""The form that starts a scoring job: a row an option of ``ptb score``, and the command that it comes to."""

from rich.cells import set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import ModalScreen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings
from ptb_tui.screens.confirm import ConfirmScreen
from ptb_tui.screens.copying import copy
from ptb_tui.state.score_form import QUESTIONS, Field, ScoreForm
from ptb_tui.widgets.form_box import FormBox
from ptb_tui.widgets.paint import Inks, cut
from ptb_tui.widgets.panel import inks_of
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.too_small import TooSmall
from store.plain import plain

_NAME_WIDTH = 13
_VALUE_WIDTH = 56


class ScoreFormScreen(ModalScreen[ScoreForm | None]):
    """Gives back the form that is to be started, or None."""

    SCOPE = Scope.SCORE_FORM
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    ScoreFormScreen { align: center middle; background: $background 60%; }
    """

    def __init__(self, run_id: str, form: ScoreForm) -> None:
        """``form`` is changed in place, so that it is as it was left when it comes up again."""
        super().__init__()
        self._run_id = run_id
        self.form = form
        self._complaint = ""
        self._box = FormBox(self.SCOPE, f"score · {run_id}")
        self._too_small = TooSmall(50, 14)

    def compose(self) -> ComposeResult:
        """The form, redrawn whole."""
        yield self._box
        yield self._too_small

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small."""
        self._too_small.fit(event.size)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys are letters."""
        return super().check_action(action, parameters) and not self.query_children(Prompt)

    def on_mount(self) -> None:
        """Draw it."""
        self.draw()

    def action_move(self, rows: int) -> None:
        """Another row."""
        self.form.move(rows)
        self.draw()

    async def action_change(self, steps: int) -> None:
        """Another choice, or ask for the value."""
        self._complaint = ""
        if not self.form.turn(steps):
            one = self.form.selected
            value = self.form.values.get(one, "")
            await Prompt.ask(self, one.value, self._type, value=value, hint=self.form.default(one))
        self.draw()

    def _type(self, text: str | None) -> None:
        if text is not None:
            self.form.type(text)
        self.draw()

    def action_copy(self) -> None:
        """Copy the command."""
        self._complaint = ""
        self.draw(said=copy(self, "the command", self.form.command(self._run_id)))

    def action_start(self) -> None:
        """Give the form back, when it can be started and is meant to be."""
        self._complaint = self.form.lacks() or ""
        if self._complaint:
            self.draw()
            return
        cost = self.form.cost()
        if cost is None:
            self.dismiss(self.form)
        else:
            self.app.push_screen(ConfirmScreen("start it?", cost), self._confirmed)

    def _confirmed(self, meant: bool | None) -> None:  # noqa: FBT001  # Textual hands the answer over
        if meant:
            self.dismiss(self.form)

    def draw(self, said: str = "") -> None:
        """Paint every row anew, with ``said`` under them."""
        palette = inks_of(self)
        rows = [self._row(palette, one) for one in self.form.fields]
        question = QUESTIONS[self.form.selected].says
        command = Text(plain(self.form.command(self._run_id)), palette.soft)
        told = (
            Text(f"! {plain(self._complaint)}", palette.suspicious)
            if self._complaint
            else Text(said, palette.good)
        )
        self._box.draw([*rows, Text(), Text(f"  {question}", palette.note)], [told, command])

    def _row(self, palette: Inks, one: Field) -> Text:
        selected = one is self.form.selected
        given = self.form.values.get(one, "")
        shown = cut(given or self.form.default(one), _VALUE_WIDTH)
        value = Text(set_cell_size(shown, _VALUE_WIDTH), palette.ink if given else palette.soft)
        row = Text.assemble(
            ("▸ " if selected else "  ", palette.playhead),
            (f"{one.value:<{_NAME_WIDTH}}", palette.strong if selected else palette.ink),
            value,
        )
        if selected:
            row.stylize(palette.cursor)
        return row
