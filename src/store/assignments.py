"""Who was asked to decide on a run, and what they may see before they have.

A second review is worth something only when it was made without the first: whoever is assigned blind sees neither
verdicts nor decisions of others on that run until their own verdict on this recording is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from store.overlay import Problem, RecordKind, Review
from store.verdicts import ReviewerKind, Verdict


@dataclass(frozen=True, slots=True)
class Assignment:
    """One reviewer was asked to decide on one run."""

    run_id: str
    reviewer: str
    ts: int
    """When: ns since the epoch."""
    blind: bool
    """Without seeing what others said."""
    why: str
    """``first``, ``second`` or ``audit``."""


def read_assignments(review: Review) -> tuple[list[Assignment], list[Problem]]:
    """All assignments of a run, oldest first."""
    found, problems = review.records(RecordKind.ASSIGNMENTS, Assignment)
    return sorted(found, key=lambda one: (one.ts, one.reviewer)), problems


def is_blind(
    assignments: Sequence[Assignment],
    verdicts: Sequence[Verdict],
    recording_hash: str | None,
    reviewer: str,
) -> bool:
    """Whether ``reviewer`` is to decide without what others said, and has not decided yet."""
    asked = any(one.blind and one.reviewer == reviewer for one in assignments)
    return asked and not has_decided(verdicts, recording_hash, reviewer)


def has_decided(verdicts: Sequence[Verdict], recording_hash: str | None, reviewer: str) -> bool:
    """Whether a verdict of ``reviewer`` on this recording is there."""
    return any(
        one.reviewer == reviewer
        and one.reviewer_kind in (ReviewerKind.HUMAN, ReviewerKind.RECONCILED)
        and not one.is_stale(recording_hash)
        for one in verdicts
    )
