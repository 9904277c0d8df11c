"""Keys that move a little: steps, halves of a page, seconds, tenths, and back again."""

from pathlib import Path

from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.findings import FindingsScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.state.times import SECOND
from tests.ptb_tui.screen import opened, replay_of, settle, text
from tests.ptb_tui.test_case import case_of, copies


def cursor_line(pilot: Pilot[None]) -> str:
    """The selected row of evidence."""
    return [one for one in text(pilot).splitlines() if "▸ #" in one][-1]


async def test_a_step_and_a_page_on_and_back_end_where_they_began(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        replay = replay_of(pilot).replay
        await pilot.press("full_stop", "full_stop")
        assert replay.position == 2
        await pilot.press("comma")
        assert replay.position == 1
        await pilot.press("ctrl+d")
        paged = replay.position
        assert paged > 10
        await pilot.press("ctrl+u")
        assert replay.position < paged


async def test_seconds_and_tenths_on_and_back(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        replay = replay_of(pilot).replay
        await pilot.press("right", "right", "left")
        assert replay.elapsed == 5 * SECOND
        await pilot.press("g", "shift+right", "shift+right", "shift+left")
        assert replay.elapsed == replay.whole.width // 10


async def test_the_zoomed_span_moves_without_the_playhead(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        replay = replay_of(pilot).replay
        await pilot.press("z", "z")
        zoomed, at = replay.span, replay.now
        await pilot.press("L")
        assert replay.span.start > zoomed.start
        assert replay.now == at
        await pilot.press("H")
        assert replay.span.start == zoomed.start


async def test_flags_are_found_on_and_back(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        replay = replay_of(pilot).replay
        await pilot.press("right_square_bracket")
        first = replay.position
        await pilot.press("G", "W")
        assert replay.position > first
        event = replay.event()
        assert event is not None
        assert event.label.endswith("gen.py")


async def test_the_speed_goes_down_and_back_to_one_and_idle_can_be_played(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        playback = replay_of(pilot).replay.playback
        await pilot.press("plus", "plus", "plus")
        fast = playback.speed
        await pilot.press("minus")
        assert 1 < playback.speed < fast
        await pilot.press("equals_sign")
        assert playback.speed == 1
        await pilot.press("i")
        assert "idle stretches are played through" in text(pilot)
        await pilot.press("i")
        assert "idle stretches are skipped" in text(pilot)


async def test_half_a_page_of_runs_and_of_findings(story: Path) -> None:
    copies(story, map(str, range(12)))
    async with PtbApp(folder=story.parent).run_test(size=(80, 14)) as pilot:
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        await pilot.press("ctrl+d")
        assert screen.queue.index > 2
        await pilot.press("ctrl+u")
        assert screen.queue.index == 0
        await pilot.press("f")
        await settle(pilot)
        before = text(pilot)
        await pilot.press("ctrl+d")
        assert text(pilot) != before
        await pilot.press("ctrl+u")
        assert text(pilot) == before


async def test_rows_of_evidence_are_chosen_one_by_one(flagged: Path) -> None:
    async with case_of(flagged).run_test(size=(140, 50)) as pilot:
        await settle(pilot)
        await pilot.press("f")
        await settle(pilot)
        assert isinstance(pilot.app.screen, FindingsScreen)
        first = cursor_line(pilot)
        await pilot.press("right_square_bracket")
        second = cursor_line(pilot)
        assert second != first
        await pilot.press("left_square_bracket")
        assert cursor_line(pilot) == first
        await pilot.press("right_square_bracket", "enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert f"#{event.seq} " in second


async def test_ctrl_q_leaves_from_anywhere(story: Path) -> None:
    app = case_of(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("f")
        await settle(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause(0.2)
    assert not app.is_running
