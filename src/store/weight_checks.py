"""What comparisons of a run's final model with its base said: the ``weight_checks`` view."""

from dataclasses import dataclass
from pathlib import Path

from store.overlay import Problem, RecordKind, Review


@dataclass(frozen=True, slots=True)
class WeightCheckRecord:
    """One comparison; written once, superseded by later ones."""

    run_id: str
    check_id: str
    """``[A-Za-z0-9_-]{1,120}``."""
    ts: int
    """When it was made: ns since the epoch."""
    answer: str
    """Whose weights these are, in words."""
    reason: str
    """Why, with numbers."""
    alpha: float | None
    """Share of the way from base to instruct sibling."""
    cosine: float | None
    """Of the change with the change of the instruct sibling."""
    identical_tensors: int
    """Tensors that are the base's byte for byte."""
    rank_share: float | None
    """Share of the changed matrices whose change has low rank."""


def add_weight_check(review: Review, check: WeightCheckRecord) -> Path:
    """Keep a comparison."""
    return review.append(RecordKind.WEIGHT_CHECKS, check.check_id, check)


def read_weight_checks(review: Review) -> tuple[list[WeightCheckRecord], list[Problem]]:
    """All comparisons, oldest first."""
    checks, problems = review.records(RecordKind.WEIGHT_CHECKS, WeightCheckRecord)
    return sorted(checks, key=lambda check: (check.ts, check.check_id)), problems
