"""Attempts to score the model that a run left: the ``scores`` view, and which of them is the run's score."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from store.overlay import Problem, RecordKind, Review


class ScoreStatus(StrEnum):
    """How an attempt ended."""

    COMPLETE = "complete"
    """The harness evaluated everything it was asked to."""
    FAILED = "failed"
    """The harness, the engine or the model broke."""
    REFUSED = "refused"
    """Nothing was evaluated: the model or the harness is not fit to be."""
    CANCELLED = "cancelled"
    """Somebody stopped it."""
    LOST = "lost"
    """The process that ran it died without a word; found later."""


class Isolation(StrEnum):
    """What stood between the evaluation and this machine."""

    CONTAINER = "container"
    PROCESS = "process"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class ScoreAttempt:
    """One evaluation of one model with one token limit; written once, when it ended."""

    run_id: str
    attempt_id: str
    """``[A-Za-z0-9_-]{1,120}``, unique in the run."""
    ts: int
    """When it began: ns since the epoch."""
    ended_at: int
    benchmark: str
    """Id in the catalog."""
    metric: str
    status: ScoreStatus
    engine: str
    """``vllm`` or ``transformers``."""
    isolation: Isolation
    value: float | None = None
    """A fraction; None unless the attempt is complete."""
    stderr: float | None = None
    """Of the value, as the harness gives it."""
    samples: int | None = None
    """Items that were scored."""
    limit_n: int | None = None
    """The number of items it was limited to; None for the whole benchmark."""
    engine_version: str | None = None
    seed: int | None = None
    """That answers were drawn with; None where it could not be set, or is not known: ``sampling`` tells."""
    temperature: float | None = None
    """Likewise; None for the model's own, too."""
    top_p: float | None = None
    """Likewise."""
    sampling: str = ""
    """What of the three was set, was not settable, or is not known."""
    token_limit: int | None = None
    """Tokens that one answer may have."""
    model_hash: str | None = None
    """SHA-256 over names and contents of the files that were evaluated."""
    harness_hash: str | None = None
    """SHA-256 over names and contents of the harness."""
    device: str | None = None
    image: str | None = None
    """Of the container."""
    log: str | None = None
    """Folder of its logs, relative to the run's ``scores/`` folder."""
    reason: str = ""
    """Why it did not complete, or what is to be known of it."""

    def counts_for(self, benchmark: str | None) -> bool:
        """Whether it can be the score of a run of that task: complete, without a limit, of that benchmark."""
        whole = self.status is ScoreStatus.COMPLETE and self.limit_n is None and self.value is not None
        return whole and (benchmark is None or benchmark.lower() == self.benchmark.lower())


def add_score(review: Review, attempt: ScoreAttempt) -> Path:
    """Keep an attempt."""
    return review.append(RecordKind.SCORES, attempt.attempt_id, attempt)


def read_scores(review: Review) -> tuple[list[ScoreAttempt], list[Problem]]:
    """All attempts, oldest first."""
    attempts, problems = review.records(RecordKind.SCORES, ScoreAttempt)
    return sorted(attempts, key=lambda attempt: (attempt.ts, attempt.attempt_id)), problems
