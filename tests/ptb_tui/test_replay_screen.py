"""Replay, walked by keys alone."""

from pathlib import Path

import pytest

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.state.times import GoToSeq
from store.library import entry_of
from store.marks import read_marks
from store.overlay import Review, state_folder
from tests.ptb_tui.screen import lines, opened, replay_of, settle, text, until

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_screen_says_whose_run_it_is_and_what_speaks_against_it(
    story: Path, size: tuple[int, int]
) -> None:
    async with opened(story).run_test(size=size) as pilot:
        await settle(pilot)
        seen = text(pilot)
    assert "claude · opus-4.6" in seen
    assert "▲ 1 violation" in seen
    assert "T+00:00:00" in seen
    assert "2026-04-03 14:00:00 UTC" in seen
    assert "paused 1×" in seen
    assert "no kernel" not in seen
    if size[0] >= 120:
        assert "◐ no gpu" in seen
        assert "◐ 1 partial" in seen
    for lane in ("agent", "exec", "files", "flags"):
        assert lane in seen


async def test_from_a_cold_start_to_the_eval_read_in_one_key(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        seen = text(pilot)
    (selected,) = [line for line in seen.splitlines() if line.startswith("▸")]
    assert "00:10:00" in selected
    assert "healthbench.jsonl" in selected
    assert "▲" in selected
    assert "37 of 245 HealthBench prompts" in seen
    assert "reach: ancestor" in seen


async def test_flags_are_walked_by_severity_and_the_end_is_said(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        assert "gen.py" in _selected(text(pilot))
        await pilot.press("left_square_bracket")
        assert "healthbench.jsonl" in _selected(text(pilot))
        await pilot.press("e")
        assert "no violation after this" in text(pilot)


async def test_repeated_reads_are_one_row_until_they_are_unfolded(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"notes", "enter")
        await settle(pilot)
        assert "notes.txt" in _selected(text(pilot))
        assert "×12" in _selected(text(pilot))
        assert "12 matches" in text(pilot)
        await pilot.press("o")
        assert text(pilot).count("◂ read      notes.txt") == 12


async def test_library_loading_is_one_row_that_says_what_was_missing(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "201 system files, 1 not there" in text(pilot)


async def test_what_was_tried_does_not_read_like_what_happened(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"nope", "enter")
        assert "✗ tried exec" in _selected(text(pilot))


async def test_what_was_tried_keeps_its_pid_in_the_column_of_pids(story: Path) -> None:
    async with opened(story).run_test(size=(200, 60)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"nope", "enter")
        rows = text(pilot).splitlines()
    ends = {row[:45].index(" 101  ") for row in rows if " 101  " in row[:45]}
    assert any("✗ tried exec" in row for row in rows)
    assert len(ends) == 1


async def test_search_goes_on_and_around(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"EVALUATION", "enter")
        first = replay_of(pilot).replay.position
        await pilot.press("n")
        second = replay_of(pilot).replay.position
        await pilot.press("N")
        assert replay_of(pilot).replay.position == first != second
        await pilot.press("slash", *"zzz", "enter")
        await settle(pilot)
        assert "nothing matches" in text(pilot)


async def test_a_search_for_what_is_nowhere_leaves_the_header_with_the_next_move(story: Path) -> None:
    async with opened(story).run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"zzz", "enter")
        await settle(pilot)
        assert "/zzz: no match" in lines(pilot)[1]
        await pilot.press("j")
        assert "zzz" not in text(pilot)
        await pilot.press("n", "enter")
        await settle(pilot)
        assert "nothing matches zzz" in text(pilot)
        await pilot.press("slash", *("backspace",) * 3, *"notes", "enter", "j")
        assert "/notes" in lines(pilot)[1]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("0:10", "T+00:10:00"),
        ("14:10 utc", "T+00:10:00"),
        ("50%", "T+00:59:59"),
        ("soon", "not a time in this run"),
    ],
)
async def test_go_to_takes_times_as_people_write_them(story: Path, typed: str, expected: str) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("colon", *({" ": "space"}.get(char, char) for char in typed), "enter")
        await pilot.pause()
        assert expected in text(pilot)


async def test_time_keys(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("5")
        assert "T+00:59:59" in text(pilot)
        await pilot.press("right")
        assert "T+01:00:04" in text(pilot)
        await pilot.press("shift+left")
        assert "T+00:48:04" in text(pilot)
        await pilot.press("0")
        assert "T+00:00:00" in text(pilot)


async def test_playing_skips_idle_time_and_says_so(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptb_tui.screens.playing.monotonic", lambda: 0.0)
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("colon", *"+20s", "enter", "space")
        await until(pilot, lambda: "idle folded −00:09:39" in text(pilot))
        assert "▶ playing 1×" in text(pilot)


async def test_the_speed_changes_while_playing(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "plus", "plus", "space")
        await settle(pilot)
        assert "paused 4×" in text(pilot)


async def test_a_mark_and_a_comment_are_kept_beside_the_run(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("e", "m")
        await pilot.press("c", *"look", "enter")
        await settle(pilot)
        assert "kept in the run" in text(pilot)
        assert "look" in text(pilot)
        assert _selected(text(pilot)).startswith("▸●")
    marks, problems = read_marks(Review(story, "story"))
    assert [mark.text for mark in marks] == ["", "look"]
    assert not problems


async def test_a_mark_is_put_once_and_can_be_taken_back(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("e", "m", "m")
        await settle(pilot)
        assert "M takes it back" in text(pilot)
        assert len(read_marks(Review(story, "story"))[0]) == 1
        await pilot.press("M")
        await settle(pilot)
        assert "took back 1 mark" in text(pilot)
        assert not _selected(text(pilot)).startswith("▸●")
        await pilot.press("M")
        assert "no mark of yours" in text(pilot)
        await pilot.press("m")
        await settle(pilot)
        assert _selected(text(pilot)).startswith("▸●")
    assert len(read_marks(Review(story, "story"))[0]) == 1


async def test_what_is_copied_lies_in_a_file_for_a_terminal_that_does_not_take_it(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("e", "y")
        assert "copied a citation of event #221; also in " in lines(pilot)[-1]
        assert "copied.txt" in lines(pilot)[-1]
        kept = state_folder() / "copied.txt"
        assert kept.read_text() == f"{pilot.app.clipboard}\n"
        assert kept.stat().st_mode & 0o077 == 0
        kept.unlink()
        kept.mkdir()
        await pilot.press("y")
        assert "copied a citation of event #221, if your terminal takes it" in lines(pilot)[-1]


async def test_a_deep_link_leads_to_the_case_and_the_case_back_to_the_same_replay(story: Path) -> None:
    async with opened(story, GoToSeq(221)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        replay = replay_of(pilot)
        await pilot.press("C")
        await settle(pilot)
        assert isinstance(pilot.app.screen, CaseScreen)
        assert "against" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert replay_of(pilot) is replay


async def test_from_the_replay_of_a_case_back_to_that_case(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        case = pilot.app.screen
        await pilot.press("l")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert len(pilot.app.screen_stack) == 3
        await pilot.press("C")
        await settle(pilot)
        assert pilot.app.screen is case


async def test_a_citation_opens_at_the_same_event(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("e", "y")
        citation = pilot.app.clipboard
        seq = replay_of(pilot).replay.event()
    assert seq is not None
    assert "healthbench.jsonl" in citation
    assert "T+00:10:00" in citation
    assert citation.endswith(f"ptb open story --seq {seq.seq}")
    async with opened(story, GoToSeq(seq.seq)).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "healthbench.jsonl" in _selected(text(pilot))


async def test_a_command_is_shown_with_its_output_exit_code_and_process(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"ls", "enter", "n", "n")
        for _ in range(6):
            if "$ command" in _selected(text(pilot)):
                break
            await pilot.press("n")
        await settle(pilot)
        seen = text(pilot)
    assert "ls -la evaluation" in seen
    assert "code 0 after 500 ms" in seen
    assert "total 3" in seen


async def test_the_lanes_zoom_around_the_playhead(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "whole run, 1h 59m" in text(pilot)
        await pilot.press("e", "z", "z")
        assert "29m 59s of 1h 59m" in text(pilot)
        await pilot.press("x")
        assert "whole run" in text(pilot)


async def test_clicking_the_timeline_seeks(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.click("Lanes", offset=(11 + 39, 3))
        assert "T+01:00" in text(pilot)


async def test_help_lists_every_key_that_works_here(story: Path) -> None:
    async with opened(story).run_test(size=(120, 100)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        seen = text(pilot)
        assert "Play the run from the playhead, or pause." in seen
        assert "tried, did not happen" in seen
        await pilot.press("escape")
        assert "Play the run from the playhead" not in text(pilot)


@pytest.mark.parametrize("size", [(20, 5), (49, 30), (80, 8), (1, 1), (400, 100)])
async def test_no_size_is_too_small_to_survive(story: Path, size: tuple[int, int]) -> None:
    async with opened(story).run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("j", "z", "space", "5")
        await settle(pilot)
        if size == (49, 30):
            assert "ptb needs 50 × 12" in text(pilot)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert "T+" in text(pilot)


@pytest.mark.parametrize("presses", [1, 2])
async def test_every_theme_shows_the_same_words(story: Path, presses: int) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        before = text(pilot)
        await pilot.press(*["T"] * presses)
        await settle(pilot)
        assert text(pilot) == before


def _selected(seen: str) -> str:
    (selected,) = [line for line in seen.splitlines() if line.startswith("▸")]
    return selected


async def test_the_palette_finds_an_action_by_its_words(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"mark")
        await settle(pilot)
        assert "mark" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "kept in the run" in text(pilot)


async def test_q_and_escape_leave(story: Path) -> None:
    async with opened(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", "q", "escape")
        assert pilot.app.is_running
        assert not replay_of(pilot).query("Prompt")
        await pilot.press("q")
        await pilot.pause()
        assert pilot.app.return_code == 0


async def test_the_detail_comes_and_goes_with_the_width_until_somebody_says(story: Path) -> None:
    async with opened(story).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert "seen by kernel" not in text(pilot)
        await pilot.resize_terminal(140, 40)
        await settle(pilot)
        assert "seen by kernel" in text(pilot)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "seen by kernel" not in text(pilot)
        await pilot.press("d")
        await settle(pilot)
        assert "seen by kernel" in text(pilot)
        await pilot.resize_terminal(140, 40)
        await pilot.press("d")
        await pilot.resize_terminal(150, 40)
        await settle(pilot)
        assert "seen by kernel" not in text(pilot)
