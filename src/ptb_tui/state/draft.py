"""A verdict while it is being made: an answer on each axis, what becomes of the score, and why."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from store.verdicts import Answer, ScoreAction


class Axis(StrEnum):
    """What a reviewer answers; fields of :class:`store.verdicts.Verdict`."""

    DATA = "data"
    MODEL = "model"
    API = "api"
    TAMPERING = "tampering"
    LIMITS = "limits"
    TEMPLATE = "template"


QUESTIONS: dict[Axis, str] = {
    Axis.DATA: "was it trained on the benchmark's evaluation data?",
    Axis.MODEL: "are the submitted weights made from the given base model?",
    Axis.API: "did it call a hosted model outside the benchmark's own judge?",
    Axis.TAMPERING: "was the grader, its data or its framework changed?",
    Axis.LIMITS: "did it keep to its time, its folder and its machine?",
    Axis.TEMPLATE: "was the configuration changed so that the grader takes another path?",
}
T = TypeVar("T")
ROWS = len(Axis) + 1
"""The axes, then the score."""


@dataclass(slots=True)
class Draft:
    """The answers so far; the selected row is an axis or, last, the score."""

    answers: dict[Axis, Answer | None] = field(default_factory=lambda: dict.fromkeys(Axis))
    score_action: ScoreAction | None = None
    rationale: str = ""
    row: int = 0

    @property
    def axis(self) -> Axis | None:
        """The selected axis; None when the score is selected."""
        return list(Axis)[self.row] if self.row < len(Axis) else None

    def move(self, rows: int) -> None:
        """Select another row, around the ends."""
        self.row = (self.row + rows) % ROWS

    def turn(self, steps: int) -> None:
        """The next answer of the selected row, from "not judged" through all and back."""
        if (axis := self.axis) is not None:
            self.answers[axis] = _turned([None, *Answer], self.answers[axis], steps)
        else:
            self.score_action = _turned([None, *ScoreAction], self.score_action, steps)

    def answer(self, answer: Answer | None) -> None:
        """Answer the selected axis and go on to the next row."""
        if (axis := self.axis) is not None:
            self.answers[axis] = answer
            self.move(1)

    def lacks(self) -> str | None:
        """What must still be said before it can be kept; None when nothing."""
        if self.score_action is None and not any(self.answers.values()):
            return "answer at least one question, or say what becomes of the score"
        if not self.rationale.strip():
            return "say why: a decision needs its reason"
        return None


def _turned(choices: list[T], now: T, steps: int) -> T:
    return choices[(choices.index(now) + steps) % len(choices)]
