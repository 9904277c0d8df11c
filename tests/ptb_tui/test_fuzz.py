"""Whatever an agent writes, every screen stays whole and the reviewer's terminal stays the reviewer's."""

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from wcwidth import wcwidth

from ptb_tui.app import PtbApp
from store.plain import HOSTILE
from tests.ptb_tui.hostile_runs import make_hostile_run
from tests.ptb_tui.places import PLACES, Place
from tests.ptb_tui.screen import lines, settle

SIZES = [(80, 24), (160, 44)]
EVENTS = 26
"""Rows of a hostile run, at most so many steps from its first to its last event."""


def cells_in_terminal(text: str) -> int:
    """How far a terminal's cursor gets that looks at each character by itself, as most do."""
    return sum(wcwidth(char) for char in text)


def assert_whole(pilot: Pilot[None], where: str) -> None:
    """Every line is as wide as the terminal, as the app and as a terminal measure it, and steers nothing."""
    width, height = pilot.app.size
    painted = lines(pilot)
    assert len(painted) == height, where
    for y, line in enumerate(painted):
        found = HOSTILE.search(line)
        assert found is None, f"{where}, line {y}: {found!r} in {line!r}"
        assert cell_len(line) == width, f"{where}, line {y}: {cell_len(line)} cells in {line!r}"
        assert cells_in_terminal(line) == width, f"{where}, line {y}: {line!r}"


def assert_columns_stand(pilot: Pilot[None], where: str) -> None:
    """A border between two columns is one straight line, measured as a terminal does."""
    painted = lines(pilot)
    for divided in pilot.app.screen.query("*"):
        if divided.styles.border_left[0] != "solid" or not divided.is_on_screen:
            continue
        for y in range(divided.region.y, divided.region.bottom):
            columns = [
                cells_in_terminal(painted[y][:index])
                for index, char in enumerate(painted[y])
                if char in "│▏┃"
            ]
            assert divided.region.x in columns, f"{where}, line {y}: {painted[y]!r}"


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one hostile run."""
    folder = tmp_path_factory.mktemp("fuzz") / "runs"
    make_hostile_run(folder / "one", 1)
    return folder


async def look_everywhere(runs: Path, place: Place, size: tuple[int, int], where: str) -> None:
    """Go to a place and through what can be selected there, looking at every step."""
    async with PtbApp(folder=runs).run_test(size=size) as pilot:
        await place.reach(pilot)
        assert_whole(pilot, where)
        assert_columns_stand(pilot, where)
        for step in range(EVENTS if place.name == "replay" else 6):
            await pilot.press("full_stop" if place.name == "replay" else "j")
            await settle(pilot)
            assert_whole(pilot, f"{where}, step {step}")
        assert_columns_stand(pilot, where)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_hostile_text_breaks_no_screen(hostile_run: Path, place: Place, size: tuple[int, int]) -> None:
    await look_everywhere(hostile_run, place, size, f"{place.name} at {size}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 30))
async def test_more_hostile_text_breaks_no_screen(tmp_path: Path, seed: int) -> None:
    make_hostile_run(tmp_path / "runs" / "one", seed)
    for place in PLACES:
        await look_everywhere(tmp_path / "runs", place, SIZES[seed % 2], f"seed {seed}, {place.name}")
