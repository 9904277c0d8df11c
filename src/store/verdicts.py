"""Decisions of reviewers, human or not, on a whole run: the ``verdicts`` view."""

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


def add_verdict(review: Review, verdict: Verdict) -> Path:
    """Keep a verdict."""
    return review.append(RecordKind.VERDICTS, verdict.verdict_id, verdict)


def read_verdicts(review: Review) -> tuple[list[Verdict], list[Problem]]:
    """All verdicts, oldest first."""
    verdicts, problems = review.records(RecordKind.VERDICTS, Verdict)
    return sorted(verdicts, key=lambda verdict: (verdict.ts, verdict.verdict_id)), problems
