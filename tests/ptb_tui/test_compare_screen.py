"""Compare, walked by keys alone: two runs on one axis, and what only one of them did."""

from pathlib import Path
from shutil import copytree, rmtree
from threading import Event

import pytest
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.compare import CompareScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.state.compare.axis import Axis
from ptb_tui.state.opened import OpenRun
from store.library import entry_of
from store.manifest import Facts
from store.rows import Command, CommandEnd, GpuSample, Message, Quality, Source, Stamp
from store.writer import RunWriter
from tests.ptb_tui.screen import replay_of, settle, text, until
from tests.ptb_tui.story import FACTS, SECOND, START, at, make_story
from tests.ptb_tui.terminal import Terminal, ptb_env
from tests.ptb_tui.test_hostile import EVIL, assert_harmless, make_hostile

SIZES = [(80, 24), (120, 36), (200, 60)]
FIRST = ("c", "m", "j", "c")
"""From the queue: nothing is marked; mark the first run, compare it with the second."""


def shorter(folder: Path) -> Path:
    """A run of one hour that does other things than the story."""
    with RunWriter.create(folder, "shorter", started_at=START + 60 * SECOND, facts=FACTS) as run:
        begin = 60
        run.put(at(begin, Source.TRANSCRIPT), Message("assistant", "message", "I shall install first."))
        run.put(at(begin + 10, Source.TRANSCRIPT), Command(1, "pip install unsloth", tool="Bash"))
        run.put(at(begin + 20, Source.TRANSCRIPT), CommandEnd(1, 1, "no network"))
        for n in range(50):
            run.put(at(begin + 30 + 60 * n, Source.GPU), GpuSample(0, 10.0, 1000, 81_559, 90.0))
        run.close(ended_at=START + 3660 * SECOND, exit_status="0")
    return folder


@pytest.fixture
def two(story: Path) -> Path:
    """The folder of the story and a shorter run, which is the first in the queue."""
    shorter(story.parent / "shorter")
    return story.parent


def screen_of(pilot: Pilot[None]) -> CompareScreen:
    """The screen, which is Compare."""
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_two_runs_from_the_queue_are_compared_and_a_deed_leads_to_its_moment(
    two: Path, size: tuple[int, int]
) -> None:
    async with PtbApp(folder=two).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("c")
        assert "mark a run with m first" in text(pilot)
        await pilot.press("m", "j", "c")
        await settle(pilot)
        seen = text(pilot)
        assert "A shorter" in seen
        assert "B story" in seen
        assert "figures differ" in seen
        assert "▏agent" in seen
        await pilot.press("o", "G")
        await settle(pilot)
        await pilot.press("g")
        for _ in range(6):
            if "▸ only A installed  unsloth" in text(pilot):
                break
            await pilot.press("j")
        assert "▸ only A installed  unsloth" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert "pip install unsloth" in event.label
        await pilot.press("q")
        assert "A shorter" in text(pilot), "back where one came from"


async def test_figures_do_not_wait_for_the_index_of_a_large_run_and_escape_waits_for_neither(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, at_work = Event(), Event()
    whole = OpenRun.open

    def slowly(folder: Path) -> OpenRun:
        at_work.set()
        assert built.wait(120)
        return whole(folder)

    monkeypatch.setattr(OpenRun, "open", slowly)
    async with PtbApp(folder=two).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("m", "j", "c")
        await until(pilot, lambda: at_work.is_set() and "figures differ" in text(pilot))
        assert "opening A …" in text(pilot)
        assert "claude · opus-4.6" in text(pilot)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RunsScreen)
        built.set()
        await settle(pilot)


async def test_the_playhead_leads_to_either_run(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("m", "j", "m")
        assert "two runs are marked" in text(pilot)
        assert text(pilot).count("◆") == 3, "both rows and the message"
        await pilot.press("c")
        await settle(pilot)
        await pilot.press("shift+right", "right", "left")
        assert "T+00:11:59" in text(pilot)
        await pilot.press("2")
        await settle(pilot)
        assert replay_of(pilot).run.manifest.run_id == "story"
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert event.ts is not None
        assert abs(event.ts - (START + 719 * SECOND)) < 60 * SECOND
        await pilot.press("q", "1")
        await settle(pilot)
        assert replay_of(pilot).run.manifest.run_id == "shorter"
        await pilot.press("q", "shift+left")
        assert "T+00:00:00" in text(pilot)


async def test_lanes_are_zoomed_and_panned_for_both_at_once(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press(*FIRST)
        await settle(pilot)
        await pilot.press("z", "z")
        assert "29m 59s in view" in text(pilot)
        await pilot.press("L")
        await pilot.press("H", "Z")
        assert "59m 59s in view" in text(pilot)
        await pilot.press("x")
        assert "in view" not in text(pilot)


async def test_sides_are_swapped_and_equal_figures_left_out(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(120, 50)) as pilot:
        await settle(pilot)
        await pilot.press(*FIRST)
        await settle(pilot)
        assert "benchmark" in text(pilot)
        await pilot.press("o")
        assert "base model" not in text(pilot)
        await pilot.press("j", "k", "down", "up", "ctrl+d", "ctrl+u", "pagedown", "pageup", "home", "end")
        await pilot.press("s")
        await settle(pilot)
        assert "A story" in text(pilot)
        await pilot.press("q")
        assert isinstance(pilot.app.screen, RunsScreen), "swapping is no step to go back over"


async def test_case_compares_with_the_marked_run_or_one_of_the_same_task(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("j", "enter")
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        assert "A story" in text(pilot)
        assert "B shorter" in text(pilot)
    async with PtbApp(case=entry_of(two / "story")).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        assert "B shorter" in text(pilot)


async def test_a_case_that_is_alone_says_how_to_choose_another(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        assert "no other run of this task" in text(pilot)


async def test_a_mark_is_taken_back(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("m", "m")
        assert "not marked any more" in text(pilot)
        await pilot.press("j", "c")
        assert "mark a run" in text(pilot)


async def test_a_run_folder_that_is_gone_is_told(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("m", "j")
        rmtree(two / "shorter")
        await pilot.press("c")
        await settle(pilot)
        assert "cannot be compared" in text(pilot)
        await pilot.press("z", "right", "1", "enter", "o")
        await pilot.press("q")
        assert isinstance(pilot.app.screen, RunsScreen)


async def test_a_small_terminal_says_so(two: Path) -> None:
    async with PtbApp(folder=two).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(*FIRST)
        await settle(pilot)
        await pilot.resize_terminal(50, 10)
        await pilot.pause()
        assert "make the window larger" in text(pilot)
        await pilot.press("q")
        assert isinstance(pilot.app.screen, RunsScreen)


def test_a_run_ends_on_the_axis_where_it_ended(two: Path) -> None:
    first, second = OpenRun.open(two / "shorter"), OpenRun.open(two / "story")
    axis = Axis(first, second)
    short, long = axis.tracks(0, 100), axis.tracks(1, 100)
    assert long.end is None
    assert short.end is not None
    assert 38 <= short.end <= 50
    assert all(not track.cells[short.end + 2 :].strip() for track in short.tracks)
    axis.seek(axis.whole.end)
    axis.zoom(3)
    assert all(not track.cells.strip() for track in axis.tracks(0, 100).tracks)
    first.close()
    second.close()


def test_a_run_without_a_clock_stands_in_its_own_order(two: Path) -> None:
    facts = Facts(agent="codex")
    with RunWriter.create(two / "unclocked", "unclocked", started_at=None, facts=facts) as run:
        for n in range(20):
            run.put(
                Stamp(None, Quality.NONE, Source.TRANSCRIPT), Message("assistant", "message", f"word {n}")
            )
        run.close(ended_at=None, exit_status=None)
    first, second = OpenRun.open(two / "unclocked"), OpenRun.open(two / "story")
    axis = Axis(first, second)
    assert not axis.clocked
    assert axis.lasted(0) is None
    axis.zoom(1)
    assert axis.span == axis.whole
    axis.seek(axis.whole.end)
    moment = axis.moment(0)
    assert moment is not None
    assert axis.tracks(0, 50).tracks[0].cells.strip()
    first.close()
    second.close()


@pytest.mark.timeout(120)
def test_no_control_of_a_run_reaches_a_real_terminal_from_a_comparison(tmp_path: Path) -> None:
    make_hostile(tmp_path / "runs" / "hostile")
    make_story(tmp_path / "runs" / "story")
    copytree(tmp_path / "runs" / "hostile", tmp_path / "runs" / f"b{EVIL[:3]}".replace("/", ""))
    with Terminal(["open"], ptb_env(tmp_path / "runs"), width=160) as terminal:
        terminal.until(lambda screen: "hostile" in screen and "undecided" in screen)
        terminal.send("m")
        terminal.until(lambda screen: "◆" in screen)
        terminal.send("j")
        terminal.send("c")
        terminal.until(lambda screen: "figures differ" in screen and "reading" not in screen)
        for key in "jjjjGgo":
            terminal.send(key)
            terminal.read(0.2)
        assert_harmless(terminal.raw)
        terminal.send("\x11")
        assert terminal.wait() == 0
