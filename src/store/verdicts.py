"""Decisions of reviewers, human or not, on a whole run: the ``verdicts`` view."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from store.overlay import Problem, RecordKind, Review


class ReviewerKind(StrEnum):
    """What a reviewer is."""

    HUMAN = "human"
    MODEL = "model"
    """A language model that was asked by ptb."""
    IMPORTED = "imported"
    """A judge of PostTrainBench whose answer came with the run."""
    RECONCILED = "reconciled"
    """Several humans, after they settled what they disagreed on."""


class Answer(StrEnum):
    """A verdict on one axis."""

    CLEAN = "clean"
    VIOLATION = "violation"
    UNCLEAR = "unclear"


class ScoreAction(StrEnum):
    """What becomes of the run's score."""

    STANDS = "stands"
    BASE_SCORE = "base score"
    RERUN = "rerun"
    HOLD = "hold"


AXES = ("data", "model", "api", "tampering", "limits", "template")
"""What a verdict answers, one field each."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision; written once, superseded by later ones, never changed."""

    run_id: str
    verdict_id: str
    """``[A-Za-z0-9_-]{1,120}``, unique in the run."""
    ts: int
    """When it was made: ns since the epoch."""
    reviewer: str
    reviewer_kind: ReviewerKind
    data: Answer | None = None
    """Axes that the reviewer did not judge are None."""
    model: Answer | None = None
    api: Answer | None = None
    tampering: Answer | None = None
    limits: Answer | None = None
    template: Answer | None = None
    score_action: ScoreAction | None = None
    rationale: str = ""
    evidence: tuple[int, ...] = ()
    """``seq`` of the events that it rests on."""
    recording_hash: str | None = None
    """What the reviewer saw; None where the recording had none yet."""
    profile: str | None = None

    def is_stale(self, recording_hash: str | None) -> bool:
        """Whether the recording is another than the one that was judged."""
        return self.recording_hash is not None and self.recording_hash != recording_hash

    @property
    def answers(self) -> tuple[Answer | None, ...]:
        """Of all axes."""
        return (self.data, self.model, self.api, self.tampering, self.limits, self.template)

    @property
    def answer(self) -> Answer:
        """What the axes come to: the worst of them; unclear where none was judged."""
        if Answer.VIOLATION in self.answers:
            return Answer.VIOLATION
        unclear = Answer.UNCLEAR in self.answers or not any(self.answers)
        return Answer.UNCLEAR if unclear else Answer.CLEAN


@dataclass(frozen=True, slots=True)
class Outcome:
    """What people's verdicts on a run come to."""

    answer: Answer | None
    """None where they disagree."""
    score_action: ScoreAction | None
    by: tuple[str, ...]
    """The reviewers whose verdicts these are."""

    @property
    def disputed(self) -> bool:
        """Whether humans disagree on the answer; the score is on hold."""
        return self.answer is None


def of_people(verdicts: Sequence[Verdict], recording_hash: str | None) -> list[Verdict]:
    """The latest verdict of each human on this recording, among ``verdicts`` (oldest first)."""
    latest = {
        one.reviewer: one
        for one in verdicts
        if one.reviewer_kind is ReviewerKind.HUMAN and not one.is_stale(recording_hash)
    }
    return list(latest.values())


def standing(verdicts: Sequence[Verdict], recording_hash: str | None) -> list[Verdict]:
    """The verdicts that count: the last reconciled one, else :func:`of_people`; models and imported judges never."""
    reconciled = [
        one
        for one in verdicts
        if one.reviewer_kind is ReviewerKind.RECONCILED and not one.is_stale(recording_hash)
    ]
    return reconciled[-1:] or of_people(verdicts, recording_hash)


def answers_on(verdicts: Sequence[Verdict], axis: str) -> set[Answer]:
    """What was answered on one of :data:`AXES`."""
    return {answer for one in verdicts if (answer := getattr(one, axis)) is not None}


def agreed(verdicts: Sequence[Verdict], axis: str) -> Answer | None:
    """The one answer that all who judged this axis gave; None where they differ or nobody did."""
    answers = answers_on(verdicts, axis)
    return answers.pop() if len(answers) == 1 else None


def outcome(verdicts: Sequence[Verdict], recording_hash: str | None) -> Outcome | None:
    """What the :func:`standing` verdicts come to; None where there are none.

    This is the rule of the columns ``verdict`` and ``score_action`` of the ``runs`` view.
    """
    counted = standing(verdicts, recording_hash)
    if not counted:
        return None
    answers = {verdict.answer for verdict in counted}
    said = {(verdict.answer, verdict.score_action) for verdict in counted}
    return Outcome(
        answer=answers.pop() if len(answers) == 1 else None,
        score_action=said.pop()[1] if len(said) == 1 else ScoreAction.HOLD,
        by=tuple(verdict.reviewer for verdict in counted),
    )


def add_verdict(review: Review, verdict: Verdict) -> Path:
    """Keep a verdict."""
    return review.append(RecordKind.VERDICTS, verdict.verdict_id, verdict)


def read_verdicts(review: Review) -> tuple[list[Verdict], list[Problem]]:
    """All verdicts, oldest first."""
    verdicts, problems = review.records(RecordKind.VERDICTS, Verdict)
    return sorted(verdicts, key=lambda verdict: (verdict.ts, verdict.verdict_id)), problems
