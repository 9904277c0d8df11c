"""A reviewer's bookmarks and comments on a run: the ``marks`` view."""

from dataclasses import dataclass
from pathlib import Path

from store.overlay import Problem, RecordKind, Review


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a run that somebody marked, with or without words."""

    run_id: str
    ts: int | None
    """Of the place, ns since the epoch; None in a run without a clock."""
    seq: int | None
    """The event marked; None for a time between events."""
    reviewer: str
    text: str
    made_at: int
    """When the mark was made: ns since the epoch."""


def add_mark(review: Review, mark: Mark) -> Path:
    """Keep a mark."""
    place = mark.seq if mark.seq is not None else f"t{mark.ts}"
    return review.append(RecordKind.MARKS, f"mark-{place}", mark)


def read_marks(review: Review) -> tuple[list[Mark], list[Problem]]:
    """All marks in the order of the run."""
    marks, problems = review.records(RecordKind.MARKS, Mark)
    return sorted(marks, key=lambda m: (m.ts is None, m.ts or 0, m.seq or 0, m.made_at)), problems
