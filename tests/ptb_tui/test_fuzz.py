"""Whatever an agent writes, every screen stays whole and the reviewer's terminal stays the reviewer's."""

from pathlib import Path
from shutil import copytree
from time import monotonic

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from wcwidth import wcwidth

from ptb_tui.app import PtbApp
from store.plain import HOSTILE
from tests.ptb_tui.hostile_runs import Hostile, make_hostile_run
from tests.ptb_tui.places import PLACES, Place
from tests.ptb_tui.screen import lines, settle
from tests.ptb_tui.terminal import Terminal, ptb_env
from tests.ptb_tui.test_hostile import assert_harmless

PATIENCE_S = 60.0
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


@pytest.fixture(scope="module")
def two_hostile_runs(hostile_run: Path) -> Path:
    """A folder of that run and another."""
    folder = hostile_run.with_name("two")
    copytree(hostile_run, folder)
    make_hostile_run(folder / "two", 101, benchmark=Hostile(101).text())
    return folder


async def look_everywhere(runs: Path, place: Place, size: tuple[int, int], where: str) -> None:
    """Go to a place and through what can be selected there, looking at every step."""
    async with PtbApp(folder=runs).run_test(size=size) as pilot:
        await place.reach(pilot)
        assert_whole(pilot, where)
        assert_columns_stand(pilot, where)
        for step in range(EVENTS if place.name == "replay" else 3):
            await pilot.press("full_stop" if place.name == "replay" else "j")
            await settle(pilot)
            assert_whole(pilot, f"{where}, step {step}")
        assert_columns_stand(pilot, where)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_hostile_text_breaks_no_screen(
    hostile_run: Path, two_hostile_runs: Path, place: Place, size: tuple[int, int]
) -> None:
    await look_everywhere(
        hostile_run if place.runs == 1 else two_hostile_runs, place, size, f"{place.name} at {size}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
async def test_more_hostile_text_breaks_no_screen(tmp_path: Path, seed: int) -> None:
    make_hostile_run(tmp_path / "runs" / "one", seed)
    for place in sorted(PLACES, key=lambda place: place.runs):
        if place.runs == 2:
            make_hostile_run(tmp_path / "runs" / "two", seed + 100, benchmark=Hostile(seed).text())
        await look_everywhere(tmp_path / "runs", place, SIZES[seed % 2], f"seed {seed}, {place.name}")


WALK = (
    ("h", "heat map of cases", "", 0),
    ("q", "sorted by", "heat map of cases", 0),
    ("\r", "score at stake", "sorted by", 1),
    ("l", "the way", "", 1),
    ("jj", "the way", "", 1),
    ("q", "score at stake", "the way", 1),
    ("f", "findings  of", "", 1),
    ("jj", "", "", 1),
    ("q", "score at stake", "findings  of", 1),
    ("v", "was the grader", "", 0),
    ("q", "score at stake", "was the grader", 1),
    ("s", "log of attempt", "", 0),
    ("q", "score at stake", "log of attempt", 1),
    (" ", "event #0", "", 1),
    *((".", f"event #{n}, ", "", 1) for n in range(1, 12)),
    ("q", "score at stake", "whole run", 1),
)
"""Keys, what is to be seen then and what not any more, and the least number of borders from top to bottom."""
BODY = slice(12, 28)
"""Lines of the screen that such a border crosses on every screen."""


def borders(terminal: Terminal) -> list[int]:
    """Columns in which every line of the body has a border."""
    display = terminal.screen.buffer
    lines = range(BODY.start, BODY.stop)
    return [x for x in range(terminal.screen.columns) if all(display[y][x].data in "│┃" for y in lines)]


def walk_at_a_terminal(runs: Path) -> None:
    """Through every screen at a real terminal: nothing steers it, and what stands upright stays upright."""
    with Terminal(["open"], ptb_env(runs), width=160, height=40) as terminal:
        terminal.until(lambda screen: "undecided" in screen)
        for keys, seen, gone, least in WALK:
            terminal.send(keys)
            terminal.until(lambda screen, a=seen, b=gone: a in screen and not (b and b in screen))  # type: ignore[misc]
            terminal.read(0.1)
            deadline = monotonic() + PATIENCE_S
            while len(borders(terminal)) < least:
                assert monotonic() < deadline, f"no border after {keys!r}:\n{terminal.text}"
                terminal.read(0.05)
        terminal.send("qqq")
        assert terminal.wait() == 0
        assert_harmless(terminal.raw)


@pytest.mark.timeout(120)
def test_hostile_text_steers_no_real_terminal(hostile_run: Path) -> None:
    walk_at_a_terminal(hostile_run)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30, 32))
def test_more_hostile_text_steers_no_real_terminal(tmp_path: Path, seed: int) -> None:
    make_hostile_run(tmp_path / "runs" / "one", seed)
    walk_at_a_terminal(tmp_path / "runs")
