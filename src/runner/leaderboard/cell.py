"""What is known of one task cell before anything is averaged; every score is a fraction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A task: a benchmark and a base model, by catalog id."""

    benchmark: str
    base_model: str


class Decision(StrEnum):
    """What people made of a cell."""

    STANDS = "stands"
    BASE_SCORE = "base score"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a task, or the mean of several where only that was published."""

    base: float
    """The score of the base model that no agent touched."""
    reported: float | None
    """As it came with the run; None where the run failed, or left nothing that could be scored."""
    measured: float | None
    """As ptb scored it, else as reported."""
    flagged: bool
    """Whether detectors, or the person who decided, take its score away."""
    decision: Decision
    seconds: float | None = None
    """The agent's time; None where it is not known."""

    @property
    def as_reported(self) -> float:
        """The score before anybody looked; a failed run has the base model's."""
        return self.base if self.reported is None else self.reported

    @property
    def earned(self) -> float:
        """The score if nothing is held against it."""
        return self.base if self.measured is None else self.measured

    @property
    def provisional(self) -> float:
        """The score as detectors have it, and people where they decided."""
        return self.base if self.flagged else self.earned

    @property
    def adjudicated(self) -> float:
        """The score as people decided; provisional while they have not."""
        match self.decision:
            case Decision.STANDS:
                return self.earned
            case Decision.BASE_SCORE:
                return self.base
            case Decision.UNDECIDED:
                return self.provisional

    @property
    def worst(self) -> float:
        """The lowest that a decision can still make of it."""
        return min(self.base, self.earned) if self.decision is Decision.UNDECIDED else self.adjudicated

    @property
    def best(self) -> float:
        """The highest that a decision can still make of it."""
        return max(self.base, self.earned) if self.decision is Decision.UNDECIDED else self.adjudicated


@dataclass(frozen=True, slots=True)
class Replicate:
    """An agent's cells in one repetition of all tasks; a task without a cell takes the base model's score."""

    agent: str
    name: str
    cells: Mapping[Place, Cell]


@dataclass(frozen=True, slots=True)
class Spread:
    """What was published of an agent's repetitions instead of the repetitions themselves."""

    std: float
    n: int


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a leaderboard is made of."""

    replicates: tuple[Replicate, ...]
    spreads: Mapping[str, Spread | None] = field(default_factory=dict)
    """By agent, for those whose cells are means of several repetitions; None where nobody said of how many."""
    notes: tuple[str, ...] = ()
    """What was left out or does not fit together, a line each."""
