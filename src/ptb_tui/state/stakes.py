"""What the decision on a run is worth: the score that may fall to the base model's, and what that does to the leaderboard.

Only the order of cases comes from here. How likely a score is to fall is a judgement of ours, not a measurement.
"""

from dataclasses import dataclass
from functools import cache

from review.reviewed import Reviewed
from runner.leaderboard.grid import Grid
from store.catalog.reader import load_catalog
from store.findings import CoverageState, FindingState, Severity
from store.manifest import Facts

_FALLS = {
    "accepted": 0.95,
    "violation": 0.8,
    "suspicious": 0.5,
    "not scanned": 0.4,
    "unseen": 0.25,
    "clear": 0.05,
}
"""How likely the score is to fall, by the worst that is known of the run."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What a decision on one run moves; scores are fractions."""

    score: float | None
    """As measured, else as reported; None for a failed run."""
    base: float | None
    """What takes its place if it falls: the base model's zero-shot score; None where the task is not in the catalog."""
    share: float | None
    """Of the leaderboard: the weight of the benchmark over the number of base models."""
    falls: float
    """How likely the score is to fall, between 0 and 1; a judgement."""
    decided: bool

    @property
    def impact(self) -> float | None:
        """By how much the agent's weighted mean moves if the score falls, a fraction."""
        if self.score is None or self.base is None or self.share is None:
            return None
        return abs(self.score - self.base) * self.share

    @property
    def uncertainty(self) -> float:
        """1 where it may as well stand as fall, 0 where that is settled."""
        return 0.0 if self.decided else 4 * self.falls * (1 - self.falls)

    @property
    def worth(self) -> float | None:
        """Impact × uncertainty; None where no score can move."""
        return None if self.impact is None else self.impact * self.uncertainty


def stake_of(reviewed: Reviewed) -> Stake:
    """What a decision on the run would move."""
    base, share = _task(reviewed.manifest.facts)
    settled = reviewed.outcome
    return Stake(
        score=reviewed.score,
        base=base,
        share=share,
        falls=_FALLS[_worst(reviewed)],
        decided=settled is not None and not settled.disputed,
    )


def points(share: float) -> str:
    """Points of a percentage, for a column: ``1.28``."""
    return f"{share * 100:.2f}"


@cache
def _grid() -> Grid:
    """The tasks of the leaderboard, read once."""
    return Grid.of(load_catalog())


def task_of(benchmark: str, base_model: str) -> tuple[str, str]:
    """The ids in the catalog of a benchmark and a base model, whatever they are called; as they are where unknown."""
    place = _grid().place(benchmark, base_model)
    return (place.benchmark, place.base_model) if place else (benchmark.lower(), base_model)


def _task(facts: Facts) -> tuple[float | None, float | None]:
    """The base model's score and the share of the leaderboard of a run's task."""
    grid = _grid()
    place = grid.place(facts.benchmark or "", facts.base_model or "")
    if place is None:
        return None, None
    return grid.base[place], grid.weights[place.benchmark] / sum(grid.weights.values()) / len(grid.models)


def _worst(reviewed: Reviewed) -> str:
    violations = [one for one in reviewed.standing if one.severity is Severity.VIOLATION]
    if any(one.state is FindingState.ACCEPTED for one in violations):
        return "accepted"
    if violations:
        return "violation"
    if any(one.severity is Severity.SUSPICIOUS for one in reviewed.standing):
        return "suspicious"
    if not reviewed.scans:
        return "not scanned"
    blind = any(one.coverage.state is CoverageState.COULD_NOT_LOOK for one in reviewed.unseen)
    return "suspicious" if blind else "unseen" if reviewed.unseen else "clear"
