"""From a flag to its lineage to the bytes, walked by keys alone."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.findings import FindingsScreen
from ptb_tui.screens.lineage import LineageScreen
from ptb_tui.screens.replay import ReplayScreen
from tests.ptb_tui.screen import opened, replay_of, settle, text
from tests.ptb_tui.test_case import case_of


def step_of(pilot: Pilot[None]) -> str:
    """The name of the selected step."""
    return next(one for one in text(pilot).splitlines() if one.startswith(" ▸"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_from_a_flag_to_its_lineage_to_the_bytes_in_three_keys(
    flagged: Path, size: tuple[int, int]
) -> None:
    async with opened(flagged).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("e", "l")
        await settle(pilot)
        assert isinstance(pilot.app.screen, LineageScreen)
        assert "make_data.py" in step_of(pilot)
        assert "# copies the questions" in text(pilot)
        await pilot.press("k")
        await settle(pilot)
        assert "healthbench.jsonl" in step_of(pilot)
        assert "Question number 0" in text(pilot)


async def test_a_file_is_shown_as_it_was_at_that_step(flagged: Path) -> None:
    async with case_of(flagged).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("l")
        await settle(pilot)
        await pilot.press("j", "j")
        await settle(pilot)
        assert "train.jsonl" in step_of(pilot)
        assert "Question number 7" in text(pilot)
        assert "emptied afterwards" not in text(pilot)


async def test_each_step_leads_to_its_event_and_back_to_the_replay_it_came_from(flagged: Path) -> None:
    async with opened(flagged).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        replay = pilot.app.screen
        await pilot.press("e", "l")
        await settle(pilot)
        await pilot.press("j", "j", "j", "enter")
        await settle(pilot)
        assert pilot.app.screen is replay
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert event.label == "python train.py"
        await pilot.press("l")
        await settle(pilot)
        assert "train.py" in step_of(pilot)
        await pilot.press("y")
        assert "python train.py" in pilot.app.clipboard
        assert pilot.app.clipboard.endswith(f"--seq {event.seq}")


async def test_from_findings_the_walk_opens_a_replay(flagged: Path) -> None:
    async with case_of(flagged).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("f")
        await settle(pilot)
        await pilot.press("l")
        await settle(pilot)
        await pilot.press("G", "g", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ReplayScreen)
        for screen in (LineageScreen, FindingsScreen, CaseScreen):
            await pilot.press("escape")
            await settle(pilot)
            assert isinstance(pilot.app.screen, screen)


async def test_without_a_flag_there_is_nothing_to_walk(flagged: Path) -> None:
    async with opened(flagged).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("G", "l")
        assert "no flag on this event" in text(pilot)


async def test_a_finding_without_lineage_walks_its_evidence(story: Path) -> None:
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("l")
        await settle(pilot)
        assert "more evidence" in text(pilot)
        assert "the content of healthbench.jsonl was not recorded" in text(pilot)
        await pilot.press("J", "K", "k", "j", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ReplayScreen)
