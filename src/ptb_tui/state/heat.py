"""The heat map of cases: agents by benchmarks by base models, what is undecided in each and what it is worth."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ptb_tui.state.queue import RunLine
from ptb_tui.state.stakes import task_of
from store.findings import Severity

_SHADES = "░▒▓█"
NO_RUN, DECIDED, LIVE, NO_SCORE, UNREAD = "·", "✓", "●", "?", "…"


@dataclass(frozen=True, slots=True)
class Cell:
    """The runs of one agent on one task."""

    agent: str
    benchmark: str
    base_model: str
    runs: tuple[RunLine, ...]

    @property
    def undecided(self) -> tuple[RunLine, ...]:
        """Those that wait for a person, the one of most worth first."""
        waiting = (one for one in self.runs if one.undecided)
        return tuple(sorted(waiting, key=lambda one: (one.worth is None, -(one.worth or 0), str(one.folder))))

    @property
    def worth(self) -> float:
        """Impact × uncertainty over its runs."""
        return sum(one.worth or 0 for one in self.runs)

    @property
    def worst(self) -> Severity | None:
        """The gravest that stands in it."""
        judged = [one.judgement.counts for one in self.runs if one.judgement]
        return next((severity for severity in Severity if any(one.get(severity) for one in judged)), None)


class HeatMap:
    """The cells, and the selected one."""

    def __init__(self, lines: Iterable[RunLine]) -> None:
        found: dict[tuple[str, str, str], list[RunLine]] = defaultdict(list)
        self.without_task = 0
        """Runs whose benchmark or base model is not known."""
        for one in lines:
            if one.broken:
                continue
            if not one.benchmark or not one.base_model:
                self.without_task += 1
                continue
            found[one.agent, *task_of(one.benchmark, one.base_model)].append(one)
        self.agents = sorted({agent for agent, _, _ in found})
        self.benchmarks = sorted({benchmark for _, benchmark, _ in found})
        self.models = sorted({model for _, _, model in found})
        self._cells = {key: Cell(*key, tuple(runs)) for key, runs in found.items()}
        self._most = max((cell.worth for cell in self._cells.values()), default=0.0)
        self.row = self.column = 0
        if self._cells:
            self._select(max(self._cells.values(), key=lambda cell: cell.worth))

    @property
    def columns(self) -> Sequence[tuple[str, str]]:
        """Benchmark and base model, left to right."""
        return [(benchmark, model) for benchmark in self.benchmarks for model in self.models]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self._cells

    @property
    def selected(self) -> Cell | None:
        """The cell under the cursor; None in an empty map."""
        return self.cell(self.row, self.column)

    def cell(self, row: int, column: int) -> Cell | None:
        """The cell at a place, with no runs where there are none."""
        if self.empty:
            return None
        benchmark, model = self.columns[column]
        key = self.agents[row], benchmark, model
        return self._cells.get(key, Cell(*key, ()))

    def symbol(self, cell: Cell) -> str:
        """What stands for a cell: nothing run, decided, or how much an undecided one is worth."""
        if not cell.runs:
            return NO_RUN
        if any(one.unread for one in cell.runs):
            return UNREAD
        if not cell.undecided:
            return LIVE if any(one.state == "recording" for one in cell.runs) else DECIDED
        if not cell.worth or not self._most:
            return NO_SCORE
        return _SHADES[min(int(cell.worth / self._most * len(_SHADES)), len(_SHADES) - 1)]

    def move(self, rows: int, columns: int) -> None:
        """Another cell, around the ends."""
        if not self.empty:
            self.row = (self.row + rows) % len(self.agents)
            self.column = (self.column + columns) % len(self.columns)

    def next_undecided(self) -> bool:
        """The cell of most worth after this one, around the end; False where every case is decided."""
        order = sorted(
            (cell for cell in self._cells.values() if cell.undecided),
            key=lambda cell: (-cell.worth, cell.agent, cell.benchmark, cell.base_model),
        )
        if not order:
            return False
        index = order.index(self.selected) if self.selected in order else -1
        self._select(order[(index + 1) % len(order)])
        return True

    def open(self) -> Path | None:
        """The run to look at in the selected cell: the undecided one of most worth, else the first."""
        cell = self.selected
        runs = (cell.undecided or cell.runs) if cell else ()
        return runs[0].folder if runs else None

    def _select(self, cell: Cell) -> None:
        self.row = self.agents.index(cell.agent)
        self.column = self.columns.index((cell.benchmark, cell.base_model))
