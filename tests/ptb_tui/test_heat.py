"""The heat map of cases, walked by keys alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.heat import HeatScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.state.heat import DECIDED, NO_RUN, NO_SCORE, UNREAD, HeatMap
from ptb_tui.state.queue import Judgement, RunLine
from ptb_tui.state.stakes import Stake
from store.findings import Severity
from tests.ptb_tui.screen import settle, text
from tests.ptb_tui.test_case import copies
from tests.ptb_tui.test_runs_screen import name_of


def run(
    number: int,
    agent: str,
    benchmark: str,
    model: str,
    *,
    score: float | None = 0.5,
    verdict: str | None = None,
) -> RunLine:
    """One run with a stake in proportion to its score."""
    stake = Stake(score, 0.0, 0.1, 0.5, decided=verdict is not None)
    judged = Judgement({Severity.VIOLATION: 1}, (), scanned=True, verdict=verdict, stale=False, stake=stake)
    return RunLine(
        f"run-{number}", Path(f"/runs/{number}"), agent, f"{benchmark} · {model}", score, 1, 1, "closed", None,
        benchmark=benchmark, base_model=model, judgement=judged,
    )  # fmt: skip


RUNS = [
    run(1, "claude", "gsm8k", "Qwen/Qwen3-4B-Base", score=0.8),
    run(2, "claude", "gsm8k", "Qwen3-4B-Base", score=0.1),
    run(3, "claude", "bfcl", "google/gemma-3-4b-pt", score=0.1),
    run(4, "codex", "gsm8k", "Qwen/Qwen3-4B-Base", verdict="stands"),
    run(5, "codex", "bfcl", "google/gemma-3-4b-pt", score=None),
]


def test_runs_of_one_task_are_one_cell_whatever_the_model_is_called() -> None:
    heat = HeatMap(RUNS)
    assert heat.agents == ["claude", "codex"]
    assert heat.models == ["gemma-3-4b-pt", "qwen3-4b-base"]
    cell = heat.selected
    assert cell is not None
    assert (cell.agent, cell.benchmark, cell.base_model) == ("claude", "gsm8k", "qwen3-4b-base")
    assert [one.run_id for one in cell.undecided] == ["run-1", "run-2"]
    assert heat.open() == Path("/runs/1")


def test_a_symbol_says_what_is_undecided_and_what_it_is_worth() -> None:
    heat = HeatMap(RUNS)
    symbols = [
        [heat.symbol(cell) for column in range(4) if (cell := heat.cell(row, column)) is not None]
        for row in range(2)
    ]
    assert symbols == [["░", NO_RUN, NO_RUN, "█"], [NO_SCORE, NO_RUN, NO_RUN, DECIDED]]


def test_what_was_not_read_yet_is_not_decided() -> None:
    heat = HeatMap([replace(one, judgement=None) for one in RUNS])
    cell = heat.selected
    assert cell is not None
    assert heat.symbol(cell) == UNREAD


def test_n_walks_the_undecided_cells_by_worth() -> None:
    heat = HeatMap(RUNS)
    seen = []
    for _ in range(3):
        assert heat.next_undecided()
        assert heat.selected is not None
        seen.append((heat.selected.agent, heat.selected.benchmark))
    assert seen == [("claude", "bfcl"), ("codex", "bfcl"), ("claude", "gsm8k")]
    judged = replace(RUNS[3].judgement or Judgement({}, (), scanned=True, verdict=None, stale=False))
    assert not HeatMap([replace(one, judgement=judged) for one in RUNS]).next_undecided()


def test_runs_without_a_task_are_counted_apart() -> None:
    heat = HeatMap([replace(RUNS[0], benchmark="")])
    assert heat.empty
    assert heat.without_task == 1
    heat.move(1, 1)
    assert heat.open() is None


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_from_the_map_to_the_case_of_most_worth(story: Path, size: tuple[int, int]) -> None:
    copies(story, ("second",))
    async with PtbApp(folder=story.parent).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("h")
        await settle(pilot)
        assert name_of(pilot) == HeatScreen.__name__
        assert "claude · opus-4.6" in text(pilot)
        assert "healthbench" in text(pilot)
        assert "2 runs, 2 undecided, worth" in text(pilot)
        assert "▲ violation" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert name_of(pilot) == CaseScreen.__name__
        await pilot.press("q", "f")
        await settle(pilot)
        assert name_of(pilot) == RunsScreen.__name__
        assert "filter: claude" in text(pilot)


async def test_a_map_without_cases_says_why(tmp_path: Path) -> None:
    async with PtbApp(folder=tmp_path).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("h")
        await settle(pilot)
        assert "runs need a benchmark and a base model" in text(pilot)
        await pilot.press("j", "k", "l", "h", "n", "enter", "f")
        assert "no run here" in text(pilot)
