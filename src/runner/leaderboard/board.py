"""From cells to one line an agent: what was reported, what detectors left of it, what people decided."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum
from statistics import stdev

from runner.leaderboard.cell import Cell, Decision, Place, Replicate, Results
from runner.leaderboard.grid import Grid


@dataclass(frozen=True, slots=True)
class CellScore:
    """A task of one agent: means over its replicates."""

    benchmark: str
    base_model: str
    """Hub id."""
    score: float
    """Adjudicated."""
    std: float | None
    """Over replicates; None for fewer than two."""
    n: int | None
    """Replicates that ran it; None where the cell is a mean of an unknown number."""
    reported: float
    provisional: float
    worst: float
    best: float
    base: float
    """The base model's score."""
    undecided: int
    fell_back: int
    """Replicates that have the base model's score here: flagged, failed or never run."""
    hours: float | None
    """The agent's time, mean over the replicates where it is known."""


@dataclass(frozen=True, slots=True)
class AgentScore:
    """An agent over all tasks; scores are fractions."""

    agent: str
    score: float
    """Adjudicated: as people decided, provisional where they have not."""
    std: float | None
    """Sample standard deviation over replicates; None for fewer than two."""
    n: int | None
    """Replicates; None where only their mean was published and not their number."""
    undecided: int
    """Cells that no decision settles."""
    cells: tuple[CellScore, ...]
    reported: float
    provisional: float
    worst: float
    """If every undecided cell goes against the agent."""
    best: float
    missing: int
    """Cells without a run, which count with the base model's score."""
    fell_back: int
    """Cells that count with the base model's score, missing ones among them."""
    hours: float | None
    """The agent's time over all its cells, per replicate; None where none is known."""


@dataclass(frozen=True, slots=True)
class Board:
    """The leaderboard, best agent first."""

    agents: tuple[AgentScore, ...]
    base_models: float
    """What the base models score without an agent."""
    instruct_models: float | None
    """What their makers' own instruct models score; None where one of their scores is not known."""
    notes: tuple[str, ...]


def make_board(results: Results, grid: Grid) -> Board:
    """The leaderboard of ``results``."""
    agents = sorted({replicate.agent for replicate in results.replicates})
    scores = [
        _agent(name, [one for one in results.replicates if one.agent == name], results, grid)
        for name in agents
    ]
    complete = len(grid.instruct) == len(grid.base)
    return Board(
        tuple(sorted(scores, key=lambda one: (-one.score, one.agent))),
        grid.score(grid.base),
        grid.score(grid.instruct) if complete else None,
        results.notes,
    )


def _agent(name: str, replicates: Sequence[Replicate], results: Results, grid: Grid) -> AgentScore:
    def totals(score: Callable[[Cell], float]) -> list[float]:
        return [
            grid.score({place: score(cell) for place, cell in replicate.cells.items()})
            for replicate in replicates
        ]

    scores = totals(lambda cell: cell.adjudicated)
    averaged = name in results.spreads
    spread = results.spreads.get(name)
    published_n = spread.n if spread else None
    cells = tuple(_cell(place, replicates, grid) for place in grid.base)
    if averaged:
        cells = tuple(replace(cell, n=published_n) for cell in cells)
    seconds = [fsum(_seconds(replicate.cells.values())) for replicate in replicates]
    return AgentScore(
        agent=name,
        score=_mean(scores),
        std=(spread.std if spread else None) if averaged else _std(scores),
        n=published_n if averaged else len(replicates),
        undecided=sum(cell.undecided for cell in cells),
        cells=cells,
        reported=_mean(totals(lambda cell: cell.as_reported)),
        provisional=_mean(totals(lambda cell: cell.provisional)),
        worst=_mean(totals(lambda cell: cell.worst)),
        best=_mean(totals(lambda cell: cell.best)),
        missing=sum(len(grid.base) - len(replicate.cells) for replicate in replicates),
        fell_back=sum(cell.fell_back for cell in cells),
        hours=_mean(seconds) / 3600 if any(seconds) else None,
    )


def _cell(place: Place, replicates: Sequence[Replicate], grid: Grid) -> CellScore:
    base = grid.base[place]
    absent = Cell(base, None, None, flagged=False, decision=Decision.STANDS)
    every = [replicate.cells.get(place, absent) for replicate in replicates]
    ran = [replicate.cells[place] for replicate in replicates if place in replicate.cells]
    seconds = _seconds(ran)
    return CellScore(
        benchmark=place.benchmark,
        base_model=grid.models[place.base_model],
        score=_mean([cell.adjudicated for cell in every]),
        std=_std([cell.adjudicated for cell in every]),
        n=len(ran),
        reported=_mean([cell.as_reported for cell in every]),
        provisional=_mean([cell.provisional for cell in every]),
        worst=_mean([cell.worst for cell in every]),
        best=_mean([cell.best for cell in every]),
        base=base,
        undecided=sum(cell.decision is Decision.UNDECIDED for cell in every),
        fell_back=sum(_fell_back(cell) for cell in every),
        hours=_mean(seconds) / 3600 if seconds else None,
    )


def _fell_back(cell: Cell) -> bool:
    match cell.decision:
        case Decision.STANDS:
            return cell.measured is None
        case Decision.BASE_SCORE:
            return True
        case Decision.UNDECIDED:
            return cell.measured is None or cell.flagged


def _seconds(cells: Iterable[Cell]) -> list[float]:
    return [cell.seconds for cell in cells if cell.seconds is not None]


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def _std(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None
