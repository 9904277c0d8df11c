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
    taken_back: bool = False
    """The reviewer takes back all that they put at this place until then; this record is no mark itself."""


def add_mark(review: Review, mark: Mark) -> Path:
    """Keep a mark."""
    place = mark.seq if mark.seq is not None else f"t{mark.ts}"
    return review.append(RecordKind.MARKS, f"mark-{place}", mark)


def read_marks(review: Review) -> tuple[list[Mark], list[Problem]]:
    """The marks that hold, in the order of the run."""
    made, problems = review.records(RecordKind.MARKS, Mark)
    taken_back: dict[tuple[str, int | None, int | None], int] = {}
    for mark in made:
        if mark.taken_back:
            place = _place(mark)
            taken_back[place] = max(mark.made_at, taken_back.get(place, mark.made_at))
    marks = [one for one in made if not one.taken_back and one.made_at > taken_back.get(_place(one), -1)]
    return sorted(marks, key=lambda m: (m.ts is None, m.ts or 0, m.seq or 0, m.made_at)), problems


def _place(mark: Mark) -> tuple[str, int | None, int | None]:
    """Whose word it is, and on what."""
    return mark.reviewer, mark.seq, mark.ts if mark.seq is None else None
