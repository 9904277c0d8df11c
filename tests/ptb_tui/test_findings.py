"""Findings of one run and of all, walked by keys alone."""

from pathlib import Path
from time import thread_time

import pytest
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.findings import FindingsScreen
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.state.findings_list import FindingsList
from store.findings import CoverageState, read_findings
from store.marks import read_marks
from store.overlay import Review
from tests.ptb_tui.screen import replay_of, settle, text
from tests.ptb_tui.test_case import answer, case_of, copies, looked, reviewed_of

SIZES = [(80, 24), (120, 40), (200, 60)]


async def opened_findings(pilot: Pilot[None]) -> None:
    """From the case or the queue."""
    await settle(pilot)
    await pilot.press("f")
    await settle(pilot)
    assert isinstance(pilot.app.screen, FindingsScreen)


def row_of(pilot: Pilot[None]) -> str:
    """The line with the cursor."""
    return next(one for one in text(pilot).splitlines() if one.startswith(" ▸"))


@pytest.mark.parametrize("size", SIZES)
async def test_a_finding_is_told_in_full(story: Path, size: tuple[int, int]) -> None:
    async with case_of(story).run_test(size=size) as pilot:
        await opened_findings(pilot)
        seen = text(pilot)
        for _ in range(6):
            await pilot.press("J")
            seen += text(pilot)
    assert "▲ 1 violation  △ 1 suspicious" in seen
    assert "hardcoded-items" in seen
    assert "The rows are the" in seen
    assert "under other rules" in seen
    assert "known runs:" in seen
    assert "looked at 412 messages" in seen


async def test_from_a_finding_to_its_evidence_in_one_key_and_back(story: Path) -> None:
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await opened_findings(pilot)
        await pilot.press("enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert event.label.endswith("healthbench.jsonl")
        await pilot.press("q")
        await settle(pilot)
        assert "hardcoded-items" in row_of(pilot)


async def test_words_on_findings_are_kept_and_rejected_ones_stand_apart(story: Path) -> None:
    async with case_of(story).run_test(size=(140, 50)) as pilot:
        await opened_findings(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert "accepted by" in text(pilot)
        await pilot.press("o")
        assert "hardcoded-items" not in text(pilot)
        await pilot.press("o", "j", "r", *"idiom", "enter")
        await settle(pilot)
        assert "rejected  1" in text(pilot)
        assert "△ 1 suspicious" not in text(pilot)
        await pilot.press("g", "c", *"look", "enter")
        await settle(pilot)
        assert "● comment" in text(pilot)
        await pilot.press("y")
        assert "hardcoded-items 1, violation" in pilot.app.clipboard
    assert {one.state for one in read_findings(Review(story, "story"))[0]} == {"accepted", "rejected"}
    assert [mark.text for mark in read_marks(Review(story, "story"))[0]] == ["look"]


async def test_another_profile_shows_what_it_would_say_and_stores_nothing(story: Path) -> None:
    before = sorted(story.rglob("*.json"))
    async with case_of(story).run_test(size=(140, 50)) as pilot:
        await opened_findings(pilot)
        assert "as they were ruled on" in text(pilot)
        await pilot.press("p")
        assert "as paper rules" in text(pilot)
        await pilot.press("p", "p")
        assert "as they were ruled on" in text(pilot)
    assert sorted(story.rglob("*.json")) == before


async def test_all_runs_are_one_list_with_what_rules_could_not_see(story: Path) -> None:
    copies(story, ("second", "third"))
    looked(story, answer("api-misuse", CoverageState.COULD_NOT_LOOK, "connections"))
    async with PtbApp(folder=story.parent).run_test(size=(140, 50)) as pilot:
        await opened_findings(pilot)
        assert "of 3 runs" in text(pilot)
        assert "▲ 3 violations" in text(pilot)
        assert "◐ could not look  api-misuse  in 1 of 3 runs" in text(pilot)
        await pilot.press("G")
        await settle(pilot)
        assert "not seen connections" in text(pilot)
        await pilot.press("enter", "a")
        assert "this is no finding" in text(pilot)
        await pilot.press("slash", *"suspicious", "space", *"third", "enter")
        await settle(pilot)
        assert "violations" not in text(pilot).splitlines()[2]
        await pilot.press("g", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, ReplayScreen)
        assert pilot.app.screen.run.folder.name == "third"


async def test_a_run_without_findings_says_so(story: Path) -> None:
    for file in (story / "review").rglob("*.json"):
        file.unlink()
    async with case_of(story).run_test(size=(80, 24)) as pilot:
        await opened_findings(pilot)
        assert "nothing found here" in text(pilot)
        await pilot.press(
            "j", "k", "G", "g", "a", "r", "u", "c", "y", "enter", "right_square_bracket", "J", "R"
        )


def test_thousands_of_findings_are_arranged_in_a_blink(story: Path) -> None:
    from dataclasses import replace

    reviewed = reviewed_of(story)
    found = FindingsList(many_runs=True)
    many = [replace(reviewed, folder=Path(f"/runs/{number}")) for number in range(3000)]
    began = thread_time()
    found.add(many)
    found.next_profile()
    assert thread_time() - began < 3
    assert sum(found.counts.values()) == 6000
