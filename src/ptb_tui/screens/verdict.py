"""The verdict on a run: one row an axis, one for the score, one line for the reason."""

from rich.text import Text
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import ModalScreen

from ptb_tui.actions.action import Scope
from ptb_tui.actions.registry import bindings
from ptb_tui.state.draft import QUESTIONS, Axis, Draft
from ptb_tui.state.times import counted
from ptb_tui.widgets.form_box import FormBox
from ptb_tui.widgets.paint import Inks
from ptb_tui.widgets.panel import inks_of
from ptb_tui.widgets.prompt import Prompt
from ptb_tui.widgets.too_small import TooSmall
from store.plain import plain
from store.verdicts import Answer

_NAME_WIDTH = 11
_ANSWER_WIDTH = 12
_QUESTIONS_FROM = 104
"""Width from which questions stand beside answers."""
_SCORE_QUESTION = "what becomes of the score?"


class VerdictScreen(ModalScreen[Draft | None]):
    """Gives back the verdict to keep, or None."""

    SCOPE = Scope.VERDICT
    BINDINGS = bindings(SCOPE)
    DEFAULT_CSS = """
    VerdictScreen { align: center middle; background: $background 60%; }
    """

    def __init__(self, title: str, draft: Draft, complaint: str = "") -> None:
        """``title`` names the run; ``draft`` is what the form starts with, ``complaint`` why it could not be kept."""
        super().__init__()
        self.draft = draft
        self._complaint = complaint
        self._wide = True
        """Every question stands beside its answer."""
        self._too_small = TooSmall(50, 14)
        self._box = FormBox(self.SCOPE, f"verdict · {title}")

    def compose(self) -> ComposeResult:
        """The form, redrawn whole."""
        yield self._box
        yield self._too_small

    def on_resize(self, event: Resize) -> None:
        """Say so when the window is too small; questions that do not fit beside their answers stand under them."""
        self._too_small.fit(event.size)
        self._wide = event.size.width >= _QUESTIONS_FROM
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the reason is typed, keys are letters."""
        return super().check_action(action, parameters) and not self.query_children(Prompt)

    def on_mount(self) -> None:
        """Draw it."""
        self._draw()

    def action_move(self, rows: int) -> None:
        """Another row."""
        self.draft.move(rows)
        self._draw()

    def action_turn(self, steps: int) -> None:
        """Another answer."""
        self.draft.turn(steps)
        self._draw()

    def action_answer(self, answer: str) -> None:
        """This answer."""
        self.draft.answer(Answer(answer))
        self._draw()

    async def action_why(self) -> None:
        """Ask for the reason."""
        await Prompt.ask(self, "why", self._say_why, value=self.draft.rationale, goes_on=True)

    def action_keep(self) -> None:
        """Give the verdict back, when it is one."""
        self._complaint = self.draft.lacks() or ""
        if self._complaint:
            self._draw()
        else:
            self.dismiss(self.draft)

    def _say_why(self, text: str | None) -> None:
        if text is not None:
            self.draft.rationale = text
        self._complaint = ""
        self._draw()

    def _draw(self) -> None:
        palette = inks_of(self)
        draft = self.draft
        lines = [self._row(palette, axis, draft.answers[axis], QUESTIONS[axis]) for axis in Axis]
        action = draft.score_action.value if draft.score_action else None
        lines.append(self._row(palette, None, action, _SCORE_QUESTION))
        why = Text.assemble(("\n  why        ", palette.soft), (plain(draft.rationale) or "–", palette.ink))
        marks = f"rests on {counted(len(draft.evidence), 'event', 'events')}: marks, violations, accepted findings"
        asked = QUESTIONS[draft.axis] if draft.axis else _SCORE_QUESTION
        question = [] if self._wide else [Text(f"\n  {asked}", palette.note)]
        said = Text(
            f"! {plain(self._complaint)}" if self._complaint else marks,
            palette.suspicious if self._complaint else palette.soft,
        )
        filled = [Text(f"  {draft.drafted}\n", palette.note)] if draft.drafted else []
        self._box.draw([*filled, *lines, *question, why], [Text.assemble("  ", said)])

    def _row(self, palette: Inks, axis: Axis | None, answer: str | None, question: str) -> Text:
        selected = axis == self.draft.axis
        ink = {
            Answer.CLEAN.value: palette.good,
            Answer.VIOLATION.value: palette.violation,
            None: palette.faint,
        }.get(answer, palette.suspicious)
        name = axis.value if axis else "score"
        row = Text.assemble(
            ("▸ " if selected else "  ", palette.playhead),
            (f"{name:<{_NAME_WIDTH}}", palette.strong if selected else palette.ink),
            (f"{answer or 'not judged':<{_ANSWER_WIDTH}}", ink),
            (question if self._wide else "", palette.soft),
        )
        if selected:
            row.stylize(palette.cursor)
        return row
