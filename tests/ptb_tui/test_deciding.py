"""Accepting and rejecting flags, and deciding on a run, by keys alone."""

from pathlib import Path

import pytest
from textual.events import Paste

from ptb_tui.app import PtbApp
from ptb_tui.state.draft import Axis, Draft
from store.findings import FindingState, read_findings
from store.library import entry_of
from store.manifest_file import read_manifest
from store.overlay import Review
from store.verdicts import Answer, ScoreAction, read_verdicts
from tests.ptb_tui.screen import opened, settle, text
from tests.ptb_tui.story import add_findings, make_story


def states(story: Path) -> dict[str, FindingState]:
    """What stands on each rule's finding."""
    return {one.finding.rule: one.state for one in read_findings(Review(story, "story"))[0]}


async def test_a_rejected_flag_counts_no_more_and_the_reason_is_kept(story: Path) -> None:
    async with opened(story).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        assert "△ 1 suspicious" in text(pilot)
        await pilot.press("w", "r", *"harmless", "enter")
        await settle(pilot)
        assert "△ 1 suspicious" not in text(pilot)
        assert "eval-guided-data: rejected" in text(pilot)
        await pilot.press("E", "a")
        await settle(pilot)
        assert "hardcoded-items: accepted" in text(pilot)
        assert text(pilot).count("accepted") == 2
        await pilot.press("g", "a")
        assert "no flag on this event" in text(pilot)
    assert states(story) == {
        "hardcoded-items": FindingState.ACCEPTED,
        "eval-guided-data": FindingState.REJECTED,
    }


async def test_what_was_rejected_last_is_taken_back_where_its_flag_is_out_of_sight(story: Path) -> None:
    async with opened(story).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("w", "r", *"harmless", "enter")
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert "eval-guided-data: open" in text(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert "nobody decided on eval-guided-data" in text(pilot)
    assert states(story)["eval-guided-data"] is FindingState.OPEN


async def test_rejecting_names_the_finding_and_takes_a_reason(story: Path) -> None:
    async with opened(story).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("w", "r")
        await settle(pilot)
        assert "reject eval-guided-data because" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "nothing was rejected: that takes a reason" in text(pilot)
    assert states(story)["eval-guided-data"] is FindingState.OPEN


async def test_of_two_findings_on_an_event_the_one_that_was_selected_is_meant(tmp_path: Path) -> None:
    folder = make_story(tmp_path / "runs" / "story")
    (first, *_), _ = read_findings(Review(folder, "story"))
    seq = first.finding.evidence[0].seq
    add_findings(folder, "story", {"read": seq, "wrote": seq})
    async with PtbApp(case=entry_of(folder)).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("j", "enter")
        await settle(pilot)
        await pilot.press("r", *"no", "enter")
        await settle(pilot)
        assert "eval-guided-data: rejected" in text(pilot)
    assert states(folder)["hardcoded-items"] is FindingState.OPEN


async def test_the_reason_of_a_verdict_is_seen_while_it_is_typed_and_goes_on_from_what_stands(
    story: Path,
) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("v", "r", "ctrl+a", "ctrl+k", *"first", "enter", "r", *"second")
        await settle(pilot)
        assert "firstsecond" in text(pilot)


async def test_a_verdict_by_keys_rests_on_the_marks_and_pins_the_recording(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("e", "m", "v")
        await settle(pilot)
        assert "rests on 1 event" in text(pilot)
        await pilot.press("v", "c", "u", "k", "space", "G", "up", "up", "up", "down")
        await pilot.press("r", "ctrl+a", "ctrl+k", *"eval", "space", *"items", "enter")
        await settle(pilot)
        assert "eval items" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "verdict kept" in text(pilot)
    (verdict,), problems = read_verdicts(Review(story, "story"))
    assert not problems
    assert (verdict.data, verdict.model) == (Answer.VIOLATION, Answer.CLEAN)
    assert verdict.rationale == "eval items"
    assert len(verdict.evidence) == 1
    assert verdict.recording_hash == read_manifest(story).recording_hash


async def test_answers_turn_both_ways(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("v", "down", "space")
        await settle(pilot)
        assert "model      clean" in text(pilot)
        await pilot.press("left")
        assert "model      not judged" in text(pilot)
        await pilot.press("left")
        assert "model      unclear" in text(pilot)


async def test_leaving_the_form_decides_nothing(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("v", "v")
        await settle(pilot)
        assert "what becomes of the score?" in text(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert "what becomes of the score?" not in text(pilot)
        await pilot.press("v")
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert "what becomes of the score?" not in text(pilot)
        assert "T+00:00:00" in text(pilot)
    assert read_verdicts(Review(story, "story")) == ([], [])


async def test_a_decided_run_is_decided_in_the_queue(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("v", "enter")
        await settle(pilot)
        await pilot.press("q", "q")
        await settle(pilot)
        assert "base score" in text(pilot)
        await pilot.press("n")
        assert "no undecided run here" in text(pilot)


@pytest.mark.parametrize("size", [(60, 14), (200, 60)])
async def test_the_form_fits_small_and_large_terminals(story: Path, size: tuple[int, int]) -> None:
    async with opened(story).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("v", "down", "space")
        await settle(pilot)
        assert "data" in text(pilot)


def test_a_draft_says_what_it_lacks() -> None:
    draft = Draft()
    assert draft.lacks() is not None
    draft.answer(Answer.CLEAN)
    assert draft.row == list(Axis).index(Axis.MODEL)
    assert "why" in (draft.lacks() or "")
    draft.rationale = "looked at all of it"
    assert draft.lacks() is None
    draft.move(-2)
    assert draft.axis is None
    draft.turn(1)
    assert draft.score_action is ScoreAction.STANDS
    draft.turn(-1)
    assert draft.score_action is None


async def test_the_keys_of_the_form_stay_in_sight_however_long_the_reason_is(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("v")
        await settle(pilot)
        assert "⏎ keep" in text(pilot)
        assert "was it trained on the benchmark's evaluation data?" in text(pilot)
        await pilot.press("r")
        await settle(pilot)
        pilot.app.screen.post_message(Paste("word " * 400))
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "word word" in text(pilot)
        assert "⏎ keep" in text(pilot)
        assert "rests on" in text(pilot)
        await pilot.press("j")
        assert "are the submitted weights made from the given base model?" in text(pilot)
