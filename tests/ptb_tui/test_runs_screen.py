"""The queue of runs, walked by keys alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree
from time import thread_time

import pytest
from textual.pilot import Pilot

from ptb_tui.app import PtbApp
from ptb_tui.screens.case import CaseScreen
from ptb_tui.screens.replay import ReplayScreen
from ptb_tui.screens.runs import RunsScreen
from ptb_tui.state.queue import Grouping, Heading, Judgement, Queue, RunLine, Sort
from ptb_tui.state.stakes import Stake
from store.findings import Coverage, CoverageState, RuleResult, Severity
from store.jsonio import dumps, loads
from store.overlay import Review
from store.verdicts import ReviewerKind, ScoreAction, Verdict, add_verdict
from tests.ptb_tui.screen import settle, text


@pytest.fixture
def runs(story: Path) -> Path:
    """Three runs: one open, one decided, one broken."""
    folder = story.parent
    decided = copytree(story, folder / "decided")
    manifest = decided / "run.json"
    manifest.write_text(manifest.read_text().replace('"story"', '"decided"').replace("claude", "codex"))
    add_verdict(
        Review(decided, "decided"),
        Verdict("decided", "v1", 1, "ada", ReviewerKind.HUMAN, score_action=ScoreAction.BASE_SCORE),
    )
    (folder / "broken").mkdir()
    (folder / "broken" / "run.json").write_text("{not json")
    return folder


def name_of(pilot: Pilot[None]) -> str:
    """Which screen is shown."""
    return type(pilot.app.screen).__name__


def row_of(pilot: Pilot[None], word: str) -> str:
    """The only line of the screen's table with ``word``."""
    (line,) = [line for line in text(pilot).splitlines()[3:] if word in line]
    return line


def another(story: Path, name: str, *, begins: int = 0, replicate: str | None = None) -> None:
    """The same run again, so many nanoseconds later."""
    folder = copytree(story, story.parent / name)
    manifest = loads((folder / "run.json").read_bytes())
    assert isinstance(manifest, dict)
    manifest["run_id"] = name
    manifest["started_at"] += begins
    manifest["facts"]["replicate"] = replicate
    (folder / "run.json").write_bytes(dumps(manifest))


MINUTE = 60_000_000_000


@pytest.mark.parametrize(
    ("begins", "told"),
    [
        (90 * MINUTE, {"14:00", "15:30"}),
        (MINUTE // 2, {"14:00:00", "14:00:30"}),
        (25 * 60 * MINUTE, {"04-03 14:00", "04-04 15:00"}),
        (0, {"again", "story"}),
    ],
)
async def test_runs_that_look_alike_are_told_apart_by_when_they_began(
    story: Path, begins: int, told: set[str]
) -> None:
    another(story, "again", begins=begins)
    async with PtbApp(folder=story.parent).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        rows = [line for line in text(pilot).splitlines()[3:-1] if "undecided" in line]
        assert len(rows) == 2
        assert {word for word in told if any(word in row for row in rows)} == told


async def test_replicates_are_told_by_their_name_and_nothing_is_told_of_runs_that_differ(story: Path) -> None:
    async with PtbApp(folder=story.parent).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "14:00" not in row_of(pilot, "claude")
        another(story, "first", replicate="run1")
        another(story, "second", replicate="run2")
        rmtree(story)
        await pilot.press("r")
        await settle(pilot)
        assert "undecided" in row_of(pilot, "run1")
        assert "undecided" in row_of(pilot, "run2")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_queue_says_what_is_known_of_each_run(runs: Path, size: tuple[int, int]) -> None:
    async with PtbApp(folder=runs).run_test(size=size) as pilot:
        await settle(pilot)
        assert "41.2%" in row_of(pilot, "claude")
        assert "▲ 1  △ 1" in row_of(pilot, "claude")
        assert "undecided" in row_of(pilot, "claude")
        assert "base score" in row_of(pilot, "codex")
        assert "✗" in row_of(pilot, "broken")
        assert "is not JSON" in row_of(pilot, "broken")
        assert "3 runs" in text(pilot)


async def test_the_selected_run_says_what_stands_against_it_and_what_was_not_seen(runs: Path) -> None:
    async with PtbApp(folder=runs).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"claude", "enter")
        seen = text(pilot)
        assert "▲ violation" in seen
        assert "37 of 245 HealthBench prompts stand in train_v2.jsonl" in seen
        assert "not recorded" in seen
        assert "no GPU here" in seen


async def test_enter_opens_the_case_enter_its_replay_and_q_comes_back(runs: Path) -> None:
    async with PtbApp(folder=runs).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"claude", "enter", "enter")
        await settle(pilot)
        assert name_of(pilot) == CaseScreen.__name__
        await pilot.press("enter")
        await settle(pilot)
        assert name_of(pilot) == ReplayScreen.__name__
        await pilot.press("escape")
        await settle(pilot)
        assert name_of(pilot) == CaseScreen.__name__
        await pilot.press("q")
        await settle(pilot)
        assert name_of(pilot) == RunsScreen.__name__
        assert "filter: claude" in text(pilot)


async def test_a_broken_run_says_why_instead_of_opening(runs: Path) -> None:
    async with PtbApp(folder=runs).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"broken", "enter", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, RunsScreen)
        assert "! " in text(pilot).splitlines()[-1]
        assert "is not JSON" in text(pilot).splitlines()[-1]


async def test_n_takes_the_next_undecided_run(runs: Path) -> None:
    async with PtbApp(folder=runs).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"codex", "enter", "n")
        assert "no undecided run here" in text(pilot)
        await pilot.press("slash", "backspace", "enter")
        await pilot.press("n")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, CaseScreen)
        assert screen.entry.run_id == "story"


async def test_a_run_whose_review_cannot_be_read_is_listed_with_the_reason(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Review, kind: object, record: object) -> None:
        raise PermissionError(13, "Permission denied", str(self.run_folder / "review"))

    monkeypatch.setattr(Review, "records", refuse)
    async with PtbApp(folder=runs).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"codex", "enter")
        assert "Permission denied" in text(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "cannot be read" in text(pilot).splitlines()[-1]
        await pilot.press("f", "v", "a", "l", "y", "n")
        await settle(pilot)


async def test_an_empty_folder_says_how_to_get_a_run(tmp_path: Path) -> None:
    async with PtbApp(folder=tmp_path / "none").run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "`ptb demo` records one" in text(pilot)
        await pilot.press("enter", "j", "n", "y", "o", "O", "G")


def line(number: int, **changes: object) -> RunLine:
    base = RunLine(
        run_id=f"run-{number:05}",
        folder=Path(f"/runs/{number}"),
        agent=("claude", "codex", "gemini")[number % 3],
        task=f"task-{number % 7}",
        score=None if number % 5 == 0 else number / 10_000,
        started_at=number * 10**9,
        duration=number,
        state="closed",
        reason=None,
        judgement=Judgement(
            {Severity.VIOLATION: int(number % 11 == 0)}, (), scanned=True, verdict=None, stale=False
        ),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def queue_of(count: int) -> Queue:
    queue = Queue()
    queue.fill(line(number) for number in range(count))
    return queue


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        (Sort.STARTED, lambda run: -run.started_at),
        (Sort.AGENT, lambda run: run.agent),
        (Sort.FLAGS, lambda run: -run.judgement.counts[Severity.VIOLATION]),
        (Sort.SCORE, lambda run: (run.score is None, -(run.score or 0))),
    ],
)
def test_sorting(sort: Sort, key: Callable[[RunLine], object]) -> None:
    queue = queue_of(50)
    while queue.sort is not sort:
        queue.next_sort()
    keys = [key(run) for run in queue.shown]
    assert keys == sorted(keys)  # type: ignore[type-var]
    queue.reverse()
    assert [key(run) for run in queue.shown] == sorted(keys, reverse=True)  # type: ignore[type-var]


def test_what_moves_the_leaderboard_most_and_is_least_settled_comes_first() -> None:
    def undecided(number: int, falls: float, *, score: float = 0.5) -> RunLine:
        stake = Stake(score, 0.1, 0.05, falls, decided=False)
        judged = Judgement({}, (), scanned=True, verdict=None, stale=False, stake=stake)
        return line(number, judgement=judged)

    done = Judgement(
        {}, (), scanned=True, verdict="stands", stale=False, stake=Stake(0.9, 0.1, 0.05, 0.5, decided=True)
    )
    queue = Queue()
    queue.fill(
        [
            line(1, judgement=done),
            undecided(2, 0.05),
            undecided(3, 0.5, score=0.2),
            undecided(4, 0.5),
            line(5, state="recording", judgement=undecided(5, 0.5).judgement),
        ]
    )
    while queue.sort is not Sort.WORTH:
        queue.next_sort()
    assert [run.run_id for run in queue.shown][:3] == ["run-00004", "run-00003", "run-00002"]
    assert not any(run.undecided for run in queue.shown[3:])


def test_groups_have_headings_that_add_up_and_the_selection_skips_them() -> None:
    queue = queue_of(60)
    queue.next_grouping()
    assert queue.grouping is Grouping.AGENT
    headings = [row for row in queue.rows if isinstance(row, Heading)]
    assert [heading.title for heading in headings] == ["claude", "codex", "gemini"]
    assert sum(heading.runs for heading in headings) == 60
    assert [row for row in queue.rows if isinstance(row, int)] == list(range(60))
    queue.select(0)
    assert queue.row == 1
    queue.select(20)
    assert queue.row == 22
    titles = [run.agent for run in queue.shown]
    assert titles == sorted(titles)
    for grouping in (Grouping.TASK, Grouping.VERDICT, Grouping.NONE):
        queue.next_grouping()
        assert queue.grouping is grouping
    assert not any(isinstance(row, Heading) for row in queue.rows)


async def test_t_puts_runs_together_under_headings(runs: Path) -> None:
    async with PtbApp(folder=runs).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("t")
        assert "by agent" in text(pilot)
        assert "claude · opus-4.6  1 run  1 undecided  ▲ 1 violation" in text(pilot)
        await pilot.press("t", "t")
        assert "base score  1 run  all decided" in text(pilot)
        await pilot.press("G", "enter", "t")
        await settle(pilot)


def test_the_selected_run_stays_selected_when_the_order_changes() -> None:
    queue = queue_of(50)
    queue.select(17)
    selected = queue.selected
    queue.next_sort()
    queue.filter(selected.agent if selected else "")
    assert queue.selected == selected
    queue.filter("")
    queue.fill(line(number) for number in range(60))
    assert queue.selected == selected


def test_every_word_of_the_filter_must_be_there() -> None:
    queue = queue_of(100)
    queue.filter("CLAUDE task-3")
    assert queue.shown
    assert all(run.agent == "claude" and run.task == "task-3" for run in queue.shown)


def test_thousands_of_runs_are_sorted_and_filtered_in_a_blink() -> None:
    queue = queue_of(5000)
    began = thread_time()
    queue.next_sort()
    queue.next_grouping()
    queue.filter("codex task-2")
    queue.filter("")
    assert thread_time() - began < 0.5


@pytest.mark.parametrize(
    ("state", "counts", "shown"),
    [
        (CoverageState.CLEAR, {}, "none"),
        (CoverageState.PARTIAL, {}, "◐ partial"),
        (CoverageState.COULD_NOT_LOOK, {}, "◐ could not look"),
        (CoverageState.PARTIAL, {Severity.VIOLATION: 2}, "▲ 2  ◐"),
    ],
)
def test_what_was_not_seen_is_as_visible_as_a_flag(
    state: CoverageState, counts: dict[Severity, int], shown: str
) -> None:
    coverage = Coverage(
        state, "412 messages", not_seen="" if state is CoverageState.CLEAR else "file accesses"
    )
    results = (RuleResult("benchmark-ingestion", "1", coverage, ()),) if coverage.not_seen else ()
    judged = Judgement(counts, (), scanned=True, verdict=None, stale=False, unseen=results)
    assert line(1, judgement=judged).flags == shown
