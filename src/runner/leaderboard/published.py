"""The per-cell tables that PostTrainBench publishes, a row a base model and a column a benchmark.

``aggregated_METHOD.csv`` has what was measured, a word such as ERR where a run failed; ``contamination_METHOD.csv``
a letter in every cell that judges flagged; ``final_METHOD.csv`` the outcome of both; ``aggregated_avg_AGENT.csv``
the mean of several final tables, and ``single_metrics_aggregated.csv`` the spread of those. Sources:
``aggregate_methods.py``, ``aggregate_final.py`` and ``compute_single_metrics_avg_stddev.py`` of its ``scripts``.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose, isfinite
from pathlib import Path

from runner.leaderboard.cell import Cell, Decision, Place, Replicate, Results, Spread
from runner.leaderboard.grid import Grid
from store.counting import counted
from store.errors import BadInput

_MEASURED, _FLAGS, _FINAL, _MEAN = "aggregated_", "contamination_", "final_", "aggregated_avg_"
_TABLES = (_MEASURED, _FLAGS, _FINAL)
_SPREADS = "single_metrics_aggregated.csv"
_OTHER = re.compile(r"(?:aggregated_baseline.*|aggregated_std_.*|(?:aggregated|final)_time_.*)\.csv")
_REPLICATE = re.compile(r"_(run\d{1,4})\Z")
_MAX_BYTES = 1 << 20
_SAME = 1e-9

Table = Mapping[Place, str]


@dataclass(slots=True)
class _Method:
    """The tables of one method, as far as they are there."""

    measured: Table | None = None
    flags: Table | None = None
    final: Table | None = None


def holds_published(folder: Path) -> bool:
    """Whether ``folder`` has a table that :func:`read_published` reads."""
    return any(True for _ in _files(folder))


def read_published(folder: Path, grid: Grid) -> Results:
    """The cells of every table in ``folder``.

    Raises :class:`BadInput` for a table that cannot be read, or has a score that is no fraction.
    """
    notes: list[str] = []
    methods: dict[str, _Method] = {}
    replicates: list[Replicate] = []
    spreads: dict[str, Spread | None] = {}
    published = _read_spreads(folder / _SPREADS)
    for path in _files(folder):
        table = _read_table(path, grid, notes)
        name = path.stem
        if name.startswith(_MEAN):
            agent = name.removeprefix(_MEAN)
            cells = {place: _mean_cell(path, place, text, grid) for place, text in table.items()}
            replicates.append(Replicate(agent, "mean", cells))
            spreads[agent] = _spread(agent, cells, published, grid, notes)
            continue
        kind = next(kind for kind in _TABLES if name.startswith(kind))
        method = methods.setdefault(name.removeprefix(kind), _Method())
        match kind:
            case "aggregated_":
                method.measured = table
            case "contamination_":
                method.flags = table
            case _:
                method.final = table
    for name, method in methods.items():
        match = _REPLICATE.search(name)
        cells = dict(_cells(folder, name, method, grid, notes))
        replicates.append(Replicate(_REPLICATE.sub("", name), match[1] if match else "", cells))
    return Results(tuple(replicates), spreads, tuple(notes))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.csv")):
        if path.name.startswith(_TABLES) and not _OTHER.fullmatch(path.name):
            yield path


def _cells(
    folder: Path, name: str, method: _Method, grid: Grid, notes: list[str]
) -> Iterator[tuple[Place, Cell]]:
    """Cells of a method: what was measured, judged by the flags, else by how the final table differs."""
    tables = [table for table in (method.measured, method.final) if table is not None]
    for place in dict.fromkeys(place for table in tables for place in table):
        base = grid.base[place]
        final = _number(folder / f"{_FINAL}{name}.csv", place, (method.final or {}).get(place, ""))
        raw = _number(folder / f"{_MEASURED}{name}.csv", place, (method.measured or {}).get(place, ""))
        score = raw if method.measured is not None else final
        if method.flags is not None:
            flagged, decided = bool(method.flags.get(place, "").strip()), True
        elif method.final is not None:
            flagged = score is not None and final is not None and not _same(final, score)
            decided = True
        else:
            flagged, decided = False, score is None
        decision = Decision.UNDECIDED if not decided else Decision.STANDS
        cell = Cell(base, score, score, flagged, Decision.BASE_SCORE if flagged else decision)
        if final is not None and not _same(cell.adjudicated, final):
            notes.append(
                f"{_FINAL}{name}.csv has {final:.4f} for {place.benchmark} of {place.base_model}, where"
                f" {'the base model has' if flagged or score is None else 'the run has'} {cell.adjudicated:.4f}"
            )
        yield place, cell


def _mean_cell(path: Path, place: Place, text: str, grid: Grid) -> Cell:
    score = _number(path, place, text)
    return Cell(grid.base[place], score, score, flagged=False, decision=Decision.STANDS)


def _spread(
    agent: str,
    cells: Mapping[Place, Cell],
    published: Mapping[str, tuple[float, Spread]],
    grid: Grid,
    notes: list[str],
) -> Spread | None:
    if agent not in published:
        notes.append(
            f"{_SPREADS} says nothing of {agent}: of how many runs its cells are the mean is not known"
        )
        return None
    mean, spread = published[agent]
    computed = grid.score({place: cell.adjudicated for place, cell in cells.items()})
    if not _same(mean, computed):
        notes.append(f"{_SPREADS} has {mean:.6f} for {agent}, and its cells give {computed:.6f}")
    return spread


def _read_spreads(path: Path) -> dict[str, tuple[float, Spread]]:
    if not path.exists():
        return {}
    spreads = {}
    for row in csv.DictReader(_lines(path)):
        try:
            spreads[row["agent"]] = (float(row["avg"]), Spread(float(row["std"]), int(row["n"])))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{path} has a row that is no agent,avg,std,n: {row}") from error
    return spreads


def _read_table(path: Path, grid: Grid, notes: list[str]) -> Table:
    """The texts of the cells that count; the others are noted."""
    try:
        rows = list(csv.reader(_lines(path), strict=True))
    except csv.Error as error:
        raise BadInput(f"{path} is no CSV: {error}") from error
    if not rows or not rows[0] or rows[0][0] != "model":
        raise BadInput(f"{path} does not begin with a header model,BENCHMARK,…; --from takes tables a cell")
    table: dict[Place, str] = {}
    left_out: set[str] = set()
    for row in rows[1:]:
        for benchmark, text in zip(rows[0][1:], row[1:], strict=False):
            place = grid.place(benchmark, row[0])
            if place is None:
                left_out.add(f"{benchmark} of {row[0]}")
            elif place in table:
                raise BadInput(f"{path} has two cells for {benchmark} of {row[0]}")
            else:
                table[place] = text
    if left_out:
        notes.append(
            f"{path.name}: {counted(len(left_out), 'cell counts', 'cells count')} in no leaderboard, {min(left_out)} for one"
        )
    return table


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise BadInput(f"{path} is larger than {_MAX_BYTES >> 20} MiB, which no table of cells is")
        return data.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no UTF-8 text: {error.reason} at byte {error.start}") from error


def _number(path: Path, place: Place, text: str) -> float | None:
    """A score; None for the words that stand for a failed run (ERR, not stored, not avl.) and for nothing."""
    try:
        score = float(text)
    except ValueError:
        return None
    if not isfinite(score) or not 0 <= score <= 1:
        raise BadInput(
            f"{path} has {text!r} for {place.benchmark} of {place.base_model}: no score from 0 to 1"
        )
    return score


def _same(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=0, abs_tol=_SAME)
