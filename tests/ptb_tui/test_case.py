"""Case, the first screen of a run, walked by keys alone; and settling one case after another."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.state.draft import Axis, draft_of
from ptb_tui.state.stakes import stake_of
from review.reviewed import Reviewed, read_reviewed
from store.findings import Coverage, CoverageState, RuleResult, Scan, add_scan, read_findings
from store.library import entry_of
from store.manifest_file import read_manifest
from store.marks import read_marks
from store.overlay import Review
from store.verdicts import Answer, ReviewerKind, ScoreAction, Verdict, add_verdict, read_verdicts
from tests.ptb_tui.screen import replay_of, settle, text
from tests.ptb_tui.story import START, add_findings
from tests.review.runs import EVAL, TASK
from tests.review.runs import Story as Recorded

SIZES = [(80, 24), (120, 40), (200, 60)]


def case_of(folder: Path) -> PtbApp:
    """The app on one case."""
    return PtbApp(case=entry_of(folder))


def screen_of(pilot: Pilot[None]) -> CaseScreen:
    """The screen, which is Case."""
    screen = pilot.app.screen
    assert isinstance(screen, CaseScreen)
    return screen


def reviewed_of(folder: Path) -> Reviewed:
    """All that lies beside a run."""
    return read_reviewed(folder, read_manifest(folder))


def copies(story: Path, names: Iterable[str]) -> list[Path]:
    """More runs like the story beside it."""
    read, wrote = (one.finding.evidence[0].seq for one in reviewed_of(story).standing)
    made = []
    for name in names:
        folder = copytree(story, story.parent / name, ignore=ignore_patterns("review"))
        manifest = folder / "run.json"
        manifest.write_text(manifest.read_text().replace('"story"', f'"{name}"'))
        add_findings(folder, name, {"read": read, "wrote": wrote})
        made.append(folder)
    return made


def looked(folder: Path, *results: RuleResult) -> None:
    """Keep a later scan in which these rules answered."""
    add_scan(Review(folder, "story"), Scan("story", START + 1, None, "v1.1", "0" * 64, results, ()))


def answer(rule: str, state: CoverageState, not_seen: str = "") -> RuleResult:
    """One rule's answer without findings."""
    return RuleResult(
        rule, "1", Coverage(state, "412 messages", not_seen, "never recorded" if not_seen else "")
    )


@pytest.mark.parametrize("size", SIZES)
async def test_the_case_says_what_speaks_against_it_what_is_missing_and_what_to_do(
    story: Path, size: tuple[int, int]
) -> None:
    async with case_of(story).run_test(size=size) as pilot:
        await settle(pilot)
        seen = text(pilot)
        await pilot.press("G")
        seen += text(pilot)
    assert "claude · opus-4.6" in seen
    assert "undecided" in seen
    assert "▲ violation  hardcoded-items  reach: ancestor" in seen
    assert "37 of 245 HealthBench prompts stand in train_v2.jsonl" in seen
    assert "not recorded  gpu (nvml)" in seen
    assert "41.2%  reported" in seen
    assert "if it falls: the base model's" in seen
    assert "v decides" in seen
    assert "nobody yet" in seen


async def test_how_final_model_was_made_is_told_step_by_step_and_each_leads_to_its_event(
    tmp_path: Path,
) -> None:
    run = Recorded(tmp_path / "made", base_model="Qwen/Qwen3-4B-Base")
    maker = run.start("python make_data.py")
    run.read(maker, EVAL)
    run.write(maker, f"{TASK}/train.jsonl", "{}\n")
    trainer = run.start("python train.py")
    run.read(trainer, f"/root/.cache/huggingface/hub/models--Qwen--Qwen3-4B-Base/blobs/{'a' * 64}")
    run.read(trainer, f"{TASK}/train.jsonl")
    saved = run.write(trainer, f"{TASK}/final_model/model.safetensors")
    folder = run.end()
    async with case_of(folder).run_test(size=(140, 50)) as pilot:
        await settle(pilot)
        seen = text(pilot)
        assert "how final_model was made  likely" in seen
        assert "base     Qwen/Qwen3-4B-Base  the base that the task gives" in seen
        assert "data     train.jsonl" in seen
        assert "← written by python make_data.py from evaluation_code/data/healthbench.jsonl" in seen
        assert "trained  python train.py" in seen
        assert "saved    final_model/model.safetensors" in seen
        await pilot.press("j", "j", "j", "enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert event.seq == saved


async def test_what_nobody_could_see_is_said_once_and_as_loud_as_a_flag(story: Path) -> None:
    blind = [
        answer(rule, CoverageState.COULD_NOT_LOOK, "file accesses")
        for rule in ("api-misuse", "limit-evasion")
    ]
    looked(story, *blind, answer("harness-tamper", CoverageState.CLEAR))
    async with case_of(story).run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        seen = text(pilot)
    assert seen.count("not seen: file accesses; never recorded") == 1
    assert "◐ could not look  2 rules" in seen
    assert "◐ 2 rules could not see all" in seen
    assert "✓ clear  harness-tamper  looked at 412 messages" in seen


async def test_from_the_queue_to_the_planted_eval_read_in_two_keys(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "healthbench.jsonl" in next(one for one in text(pilot).splitlines() if one.startswith("▸"))


async def test_j_selects_the_next_finding_and_space_replays_from_the_start(story: Path) -> None:
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("j", "enter")
        await settle(pilot)
        event = replay_of(pilot).replay.event()
        assert event is not None
        assert "gen.py" in event.label
        await pilot.press("q")
        await settle(pilot)
        await pilot.press("space")
        await settle(pilot)
        assert replay_of(pilot).replay.position == 0


async def test_a_word_on_a_finding_shows_at_once_and_can_be_taken_back(story: Path) -> None:
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert "accepted by" in text(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert "accepted by" not in text(pilot)
        await pilot.press("j", "r", *"idiom", "enter")
        await settle(pilot)
        assert "rejected by" in text(pilot)
        assert "△ 1 suspicious" not in text(pilot)
        await pilot.press("g", "c", *"see", "enter")
        await settle(pilot)
        assert "comment on event" in text(pilot)
    states = {one.finding.rule: one.state for one in read_findings(Review(story, "story"))[0]}
    assert states == {"hardcoded-items": "open", "eval-guided-data": "rejected"}
    assert [mark.text for mark in read_marks(Review(story, "story"))[0]] == ["see"]


async def test_a_citation_of_a_finding_names_run_recording_event_and_command(story: Path) -> None:
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("y")
        cited = pilot.app.clipboard
    seq = reviewed_of(story).standing[0].finding.evidence[0].seq
    assert "37 of 245" in cited
    assert "hardcoded-items 1, violation" in cited
    assert str(read_manifest(story).recording_hash)[:12] in cited
    assert cited.endswith(f"ptb open story --seq {seq}")


async def test_decide_and_land_on_the_next_undecided_case_in_three_keys(story: Path) -> None:
    copies(story, ("second",))
    async with PtbApp(folder=story.parent).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        first = screen_of(pilot).entry.run_id
        await pilot.press("v", "enter", "n")
        await settle(pilot)
        assert {first, screen_of(pilot).entry.run_id} == {"story", "second"}
        await pilot.press("v", "enter", "n")
        await settle(pilot)
        assert "every case here is decided" in text(pilot)
    for folder in (story, story.parent / "second"):
        (verdict,), _ = read_verdicts(Review(folder, folder.name))
        assert verdict.data is Answer.VIOLATION
        assert verdict.score_action is ScoreAction.BASE_SCORE
        assert verdict.evidence
        assert verdict.recording_hash == read_manifest(folder).recording_hash


async def test_n_finds_the_next_case_where_only_one_was_opened(story: Path) -> None:
    copies(story, ("second",))
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        assert screen_of(pilot).entry.run_id == "second"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_eighty_four_cases_are_settled_without_a_mouse(story: Path) -> None:
    copies(story, (f"case-{number}" for number in range(83)))
    async with PtbApp(folder=story.parent).run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        assert "84 undecided" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        for _ in range(84):
            await pilot.press("v", "enter", "n")
            await settle(pilot)
        assert "every case here is decided" in text(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert "undecided" not in text(pilot).splitlines()[0]
    assert all(read_verdicts(Review(folder, folder.name))[0] for folder in story.parent.iterdir())


async def test_judges_and_reviewers_are_told_and_imported_judges_decide_nothing(story: Path) -> None:
    review = Review(story, "story")
    judge = Verdict(
        "story", "j", 1, "judge_result", ReviewerKind.IMPORTED, data=Answer.VIOLATION, rationale="37 prompts"
    )
    add_verdict(review, judge)
    add_verdict(
        review,
        replace(
            judge, verdict_id="s", reviewer="ada", reviewer_kind=ReviewerKind.HUMAN, recording_hash="0" * 64
        ),
    )
    async with case_of(story).run_test(size=(120, 50)) as pilot:
        await settle(pilot)
        seen = text(pilot)
    assert "judge_result says: violation (data)" in seen
    assert "37 prompts" in seen
    assert "stale: of another recording" in seen
    assert "undecided: the verdict was on another recording" in seen


async def test_a_run_that_went_away_says_so(story: Path) -> None:
    async with case_of(story).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        story.rename(story.parent.parent / "gone")
        await pilot.press("R")
        await settle(pilot)
        assert "!" in text(pilot).splitlines()[-1]
        await pilot.press("enter")
        await settle(pilot)
        assert screen_of(pilot)


@pytest.mark.parametrize("size", [(20, 5), (50, 8), (300, 90)])
async def test_every_size_is_fit_or_says_what_it_needs(story: Path, size: tuple[int, int]) -> None:
    async with case_of(story).run_test(size=size) as pilot:
        await settle(pilot)
        assert "ptb" in text(pilot)
        await pilot.press("j", "k", "ctrl+d", "ctrl+u", "G", "g")


def test_a_draft_answers_only_what_follows_from_the_record(story: Path) -> None:
    draft = draft_of(reviewed_of(story))
    assert draft.answers[Axis.DATA] is Answer.VIOLATION
    assert draft.answers[Axis.MODEL] is None, "no rule looked at it"
    assert draft.score_action is ScoreAction.BASE_SCORE
    assert "hardcoded-items" in draft.rationale
    looked(
        story,
        answer("model-substitution", CoverageState.CLEAR),
        answer("api-misuse", CoverageState.PARTIAL, "connections"),
    )
    draft = draft_of(reviewed_of(story))
    assert draft.answers[Axis.MODEL] is Answer.CLEAN
    assert draft.answers[Axis.API] is None, "what was not seen is not clean"


def test_the_stake_is_the_way_to_the_base_score_by_the_share_of_the_task(story: Path) -> None:
    open_ = stake_of(reviewed_of(story))
    assert open_.base is not None
    assert open_.share is not None
    assert open_.impact == pytest.approx(abs(0.412 - open_.base) * open_.share)
    assert open_.worth
    add_verdict(
        Review(story, "story"),
        Verdict(
            "story", "v", 1, "ada", ReviewerKind.HUMAN, data=Answer.CLEAN, score_action=ScoreAction.STANDS
        ),
    )
    assert stake_of(reviewed_of(story)).worth == 0


async def test_nothing_is_decided_on_a_finding_out_of_sight(story: Path) -> None:
    async with PtbApp(case=entry_of(story)).run_test(size=(100, 12)) as pilot:
        await settle(pilot)
        assert "hardcoded-items" not in text(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert "press the key again if you mean it" in text(pilot)
        assert "hardcoded-items" in text(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert "hardcoded-items: accepted" in text(pilot)
