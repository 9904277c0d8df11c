"""``ptb leaderboard`` on published tables and on runs."""

import csv
import io
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from runner.leaderboard import Board, Grid, make_board, read_published
from store.catalog.reader import load_catalog
from store.findings import (
    Coverage,
    CoverageState,
    Finding,
    Origin,
    Reach,
    RuleResult,
    Ruling,
    Scan,
    Severity,
    add_scan,
)
from store.manifest import Facts
from store.overlay import Review
from store.scores import Isolation, ScoreAttempt, ScoreStatus, add_score
from store.verdicts import Answer, ReviewerKind, ScoreAction, Verdict, add_verdict
from store.writer import RunWriter

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "ptb_published"
KIMI = "opencode_opencode_kimi-k2.5_10h"
START = 1_775_238_399_000_000_000
HOUR = 3600 * 1_000_000_000


ROUNDING = 0.05
"""Of a figure with one decimal."""


@pytest.fixture(scope="module")
def grid() -> Grid:
    return Grid.of(load_catalog())


@pytest.fixture
def published() -> Path:
    if not PUBLISHED.is_dir():
        pytest.skip(f"the published results are not at {PUBLISHED}")
    return PUBLISHED


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


Ask = Callable[..., str]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def run(*args: str | Path, code: int = 0) -> str:
        capsys.readouterr()
        assert call(ptb(), ["leaderboard", *map(str, args)]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return run


def table(path: Path, grid: Grid, value: str = "0.5", **cells: str) -> None:
    """A published table with one value everywhere but in the cells named ``benchmark__row``."""
    titles = [load_catalog().models[model].title for model in grid.models]
    rows = [["model", *grid.weights]]
    rows += [
        [title, *(cells.get(f"{benchmark}__{number}", value) for benchmark in grid.weights)]
        for number, title in enumerate(titles)
    ]
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def test_the_published_scores_follow_from_the_published_cells(ask: Ask, published: Path) -> None:
    agents = {one["agent"]: one for one in json.loads(ask("--from", published, "--json"))["agents"]}
    with (published / "single_metrics_aggregated.csv").open() as file:
        for row in csv.DictReader(file):
            agent = agents[row["agent"]]
            assert math.isclose(agent["score"], float(row["avg"]), rel_tol=0, abs_tol=1e-9)
            assert math.isclose(agent["std"], float(row["std"]), rel_tol=0, abs_tol=1e-9)
            assert agent["n"] == int(row["n"])
            assert agent["undecided"] == 0


def test_the_published_fall_backs_follow_from_what_was_measured(grid: Grid, published: Path) -> None:
    board = make_board(read_published(published, grid), grid)
    agent = next(one for one in board.agents if one.agent == KIMI)
    cells = {(one.benchmark, one.base_model.partition("/")[2]): one for one in agent.cells}
    with (published / f"final_{KIMI}_run2.csv").open() as file:
        for row in csv.DictReader(file):
            for benchmark in grid.weights:
                cell = cells[benchmark, row["model"]]
                assert math.isclose(cell.score, float(row[benchmark]), rel_tol=0, abs_tol=1e-9)
    # three runs left nothing to score, five were flagged
    assert agent.fell_back == 8
    assert cells["arenahardwriting", "Qwen3-1.7B-Base"].reported == 0.5
    assert agent.reported > agent.score


def test_the_rows_of_the_published_page_follow(grid: Grid, published: Path) -> None:
    board = make_board(read_published(published, grid), grid)
    computed = {one.agent: one.score for one in board.agents}
    names = {"Opus 4.6": "Opus-4.6", "GPT-5.2": "GPT-5.2", "Gemini 3 Pro": "Gemini-3-Pro"}
    known = {name: computed[agent] for name, agent in names.items()}
    assert board.instruct_models is not None
    known |= {"Base Models": board.base_models, "Official Instruct Models": board.instruct_models}
    beyond = set()
    with (published / "readme_leaderboard.csv").open() as file:
        for row in csv.DictReader(file):
            from_cells, printed = (
                grid.weighted_mean({name: float(row[name]) for name in grid.weights}),
                float(row["avg"]),
            )
            # What was rounded to `printed` lies within 0.05 of it; what the rounded cells allow, within 0.05 of their mean.
            assert max(from_cells - ROUNDING, printed - ROUNDING) <= min(from_cells, printed) + ROUNDING
            if abs(from_cells - printed) > ROUNDING:
                beyond.add(row["agent"])
            if row["agent"] in known:
                assert abs(100 * known.pop(row["agent"]) - printed) <= ROUNDING
    # Opus 4.6's unrounded cells are published and give 23.16; GPT 5.4's are not.
    assert beyond == {"Opus 4.6", "GPT 5.4"}
    assert not known


def test_weights_and_fall_backs_are_the_published_ones(grid: Grid, published: Path) -> None:
    assert grid.weights == json.loads((published / "factors.json").read_text())
    zeroshot = json.loads((published / "baselines.json").read_text())["zeroshot"]
    for place, score in grid.base.items():
        assert zeroshot[grid.models[place.base_model].partition("/")[2]][place.benchmark] == score
    assert len(grid.base) == 28


def test_replicates_are_averaged_with_their_sample_deviation(ask: Ask, grid: Grid, tmp_path: Path) -> None:
    for number, value in enumerate(("0.2", "0.4", "0.9"), 1):
        table(tmp_path / f"final_agent_10h_run{number}.csv", grid, value)
    (agent,) = json.loads(ask("--from", tmp_path, "--json"))["agents"]
    assert agent["agent"] == "agent_10h"
    assert agent["n"] == 3
    assert agent["score"] == pytest.approx(0.5)
    assert agent["std"] == pytest.approx(math.sqrt(0.13))


def test_flags_take_the_base_score_and_unjudged_cells_stay_open(grid: Grid, tmp_path: Path) -> None:
    table(tmp_path / "aggregated_judged.csv", grid, gsm8k__0="ERR", bfcl__1="not stored")
    table(tmp_path / "contamination_judged.csv", grid, "", humaneval__2="C")
    table(tmp_path / "aggregated_open.csv", grid, gsm8k__0="ERR")
    judged, unjudged = sorted(make_board(read_published(tmp_path, grid), grid).agents, key=lambda a: a.agent)
    assert (judged.undecided, judged.fell_back) == (0, 3)
    assert judged.worst == judged.best == judged.score
    assert unjudged.undecided == 27
    assert unjudged.score == unjudged.best
    assert unjudged.worst == pytest.approx(grid.score(grid.base))


def test_a_final_table_that_no_rule_explains_is_told(grid: Grid, tmp_path: Path) -> None:
    table(tmp_path / "aggregated_odd.csv", grid)
    table(tmp_path / "final_odd.csv", grid, gsm8k__0="0.9")
    (line,) = read_published(tmp_path, grid).notes
    assert "gsm8k" in line
    assert "0.9000" in line


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "header"),
        (b"name,gsm8k\n", "header"),
        (b"model,gsm8k\nQwen3-1.7B-Base,42\n", "no score from 0 to 1"),
        (b"model,gsm8k\nQwen3-1.7B-Base,nan\n", "no score from 0 to 1"),
        (b"model,gsm8k\nQwen3-1.7B-Base,\xff\n", "UTF-8"),
        (b'model,gsm8k\n"Qwen3', "no CSV"),
        (b"model,gsm8k\n" + 2 * b"Qwen3-1.7B-Base,0.1\n", "two cells"),
        (b"m" * (1 << 21), "larger"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(ask: Ask, tmp_path: Path, text: bytes, reason: str) -> None:
    (tmp_path / "final_x.csv").write_bytes(text)
    line = ask("--from", tmp_path, code=2)
    assert reason in line
    assert line.count("\n") == 1


def test_a_formula_in_a_name_is_text_in_the_csv(ask: Ask, grid: Grid, tmp_path: Path) -> None:
    table(tmp_path / "final_=HYPERLINK(1).csv", grid)
    for extra in ([], ["--cells"]):
        rows = list(csv.DictReader(io.StringIO(ask("--from", tmp_path, "--format", "csv", *extra))))
        assert {row["agent"] for row in rows} == {"'=HYPERLINK(1)"}
        assert len(rows) == (28 if extra else 1)


def test_a_chart_has_a_longer_bar_for_a_better_agent(ask: Ask, grid: Grid, tmp_path: Path) -> None:
    table(tmp_path / "final_better.csv", grid, "0.8")
    table(tmp_path / "final_worse.csv", grid, "0.4")
    better, worse, *references = ask("--from", tmp_path, "--format", "chart").splitlines()
    assert better.startswith("better")
    assert better.count("█") == pytest.approx(2 * worse.count("█"), abs=2)
    assert [line.split("  ")[0] for line in references] == ["instruct models", "base models"]


def run_of(
    runs: Path,
    run_id: str,
    score: float | None,
    *,
    replicate: str | None = None,
    later: int = 0,
    benchmark: str | None = "gsm8k",
) -> Path:
    """A closed run of one cell that took two hours."""
    facts = Facts(
        agent="claude",
        method="claude_opus_10h" + (f"_{replicate}" if replicate else ""),
        replicate=replicate,
        benchmark=benchmark,
        base_model="Qwen/Qwen3-1.7B-Base",
        reported_score=score,
    )
    begin = START + later * HOUR
    writer = RunWriter.create(runs / run_id, run_id, started_at=begin, facts=facts)
    writer.close(ended_at=begin + 2 * HOUR, exit_status="0")
    return runs / run_id


def scanned(
    folder: Path, severity: Severity | None = None, blank: CoverageState = CoverageState.CLEAR
) -> None:
    """A scan that found nothing, or one thing of that severity."""
    name, rule = folder.name, "benchmark-ingestion"
    finding = Finding(name, "f1", rule, "1", Origin.DETECTOR, Reach.TRAINED, "title", "text", START, ())
    coverage = Coverage(blank if severity is None else CoverageState.FOUND, "everything")
    result = RuleResult(rule, "1", coverage, () if severity is None else (finding,))
    rulings = () if severity is None else (Ruling("f1", severity),)
    add_scan(Review(folder, name), Scan(name, START, None, "v1.1", "hash", (result,), rulings))


def decided(folder: Path, reviewer: str, answer: Answer, action: ScoreAction | None = None) -> None:
    verdict = Verdict(folder.name, reviewer, START, reviewer, ReviewerKind.HUMAN, answer, score_action=action)
    add_verdict(Review(folder, folder.name), verdict)


def cell_of(board: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    (agent,) = board["agents"]
    cells = agent["cells"]
    assert isinstance(cells, list)
    found = next(c for c in cells if (c["benchmark"], c["base_model"]) == ("gsm8k", "Qwen/Qwen3-1.7B-Base"))
    assert isinstance(found, dict)
    return found


def test_a_run_nobody_looked_at_is_open_and_a_clean_scan_settles_it(ask: Ask, runs: Path) -> None:
    folder = run_of(runs, "one", 0.7)
    cell = cell_of(json.loads(ask("--json")))
    assert (cell["score"], cell["worst"], cell["best"], cell["undecided"]) == (0.7, cell["base"], 0.7, 1)
    assert cell["hours"] == 2
    scanned(folder)
    cell = cell_of(json.loads(ask("--json")))
    assert (cell["score"], cell["worst"], cell["undecided"]) == (0.7, 0.7, 0)


def test_what_was_measured_counts_and_what_was_reported_stands_beside_it(ask: Ask, runs: Path) -> None:
    folder = run_of(runs, "one", 0.7)
    scanned(folder)
    attempt = ScoreAttempt(
        "one", "a-1", START, START, "gsm8k", "accuracy", ScoreStatus.COMPLETE, "vllm", Isolation.CONTAINER, value=0.25
    )  # fmt: skip
    add_score(Review(folder, "one"), replace(attempt, attempt_id="a-0", limit_n=8, value=0.9))
    assert cell_of(json.loads(ask("--json")))["score"] == 0.7
    add_score(Review(folder, "one"), attempt)
    cell = cell_of(json.loads(ask("--json")))
    assert (cell["score"], cell["reported"]) == (0.25, 0.7)


def test_a_scan_that_could_not_look_settles_nothing(ask: Ask, runs: Path) -> None:
    scanned(run_of(runs, "one", 0.7), blank=CoverageState.COULD_NOT_LOOK)
    cell = cell_of(json.loads(ask("--json")))
    assert (cell["score"], cell["best"], cell["undecided"]) == (0.7, 0.7, 1)
    assert cell["worst"] == cell["base"]


@pytest.mark.parametrize(
    ("severity", "falls", "undecided"),
    [(Severity.VIOLATION, True, 1), (Severity.SUSPICIOUS, False, 1), (Severity.NOTE, False, 0)],
)
def test_what_detectors_found_is_provisional(
    ask: Ask, runs: Path, severity: Severity, falls: bool, undecided: int
) -> None:
    folder = run_of(runs, "one", 0.7)
    scanned(folder, severity)
    cell = cell_of(json.loads(ask("--json")))
    assert cell["provisional"] == cell["score"] == (cell["base"] if falls else 0.7)
    assert (cell["reported"], cell["best"], cell["undecided"]) == (0.7, 0.7, undecided)
    decided(folder, "ann", Answer.CLEAN)
    cell = cell_of(json.loads(ask("--json")))
    assert (cell["score"], cell["worst"], cell["undecided"]) == (0.7, 0.7, 0)


@pytest.mark.parametrize(
    ("answer", "action", "falls", "undecided"),
    [
        (Answer.VIOLATION, None, True, 0),
        (Answer.VIOLATION, ScoreAction.STANDS, False, 0),
        (Answer.CLEAN, ScoreAction.BASE_SCORE, True, 0),
        (Answer.CLEAN, None, False, 0),
        (Answer.VIOLATION, ScoreAction.RERUN, False, 1),
        (Answer.UNCLEAR, None, False, 1),
    ],
)
def test_a_person_settles_a_cell(
    ask: Ask, runs: Path, answer: Answer, action: ScoreAction | None, falls: bool, undecided: int
) -> None:
    decided(run_of(runs, "one", 0.7), "ann", answer, action)
    cell = cell_of(json.loads(ask("--json")))
    assert cell["score"] == (cell["base"] if falls else 0.7)
    assert cell["reported"] == 0.7
    assert cell["undecided"] == undecided


def test_people_who_disagree_leave_a_cell_open(ask: Ask, runs: Path) -> None:
    folder = run_of(runs, "one", 0.7)
    decided(folder, "ann", Answer.CLEAN)
    decided(folder, "bob", Answer.VIOLATION)
    assert cell_of(json.loads(ask("--json")))["undecided"] == 1


def test_an_imported_judge_opens_a_cell_and_decides_nothing(ask: Ask, runs: Path) -> None:
    folder = run_of(runs, "one", 0.7)
    scanned(folder)
    judge = Verdict("one", "j", START, "gpt", ReviewerKind.IMPORTED, data=Answer.VIOLATION)
    add_verdict(Review(folder, "one"), judge)
    cell = cell_of(json.loads(ask("--json")))
    assert (cell["score"], cell["undecided"]) == (0.7, 1)


def test_a_failed_run_and_tasks_never_run_have_the_base_score(ask: Ask, runs: Path) -> None:
    run_of(runs, "one", None)
    (agent,) = json.loads(ask("--json"))["agents"]
    assert (agent["fell_back"], agent["missing"], agent["undecided"]) == (28, 27, 0)
    assert agent["score"] == pytest.approx(Grid.of(load_catalog()).score({}))


def test_the_latest_run_of_a_cell_counts_and_replicates_stand_apart(
    ask: Ask, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(runs, "old", 0.1)
    run_of(runs, "new", 0.3, later=5)
    run_of(runs, "second", 0.5, replicate="run2")
    run_of(runs, "stray", 0.5, benchmark=None)
    assert call(ptb(), ["leaderboard", "--json"]) == 0
    out, err = capsys.readouterr()
    (agent,) = json.loads(out)["agents"]
    assert agent["n"] == 2
    assert cell_of(json.loads(out))["reported"] == pytest.approx(0.4)
    assert "old is left out: new is a later run" in err
    assert "stray is left out" in err


def test_a_folder_with_nothing_says_what_to_do(ask: Ask, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "ptb import" in ask("--from", empty, code=2)


def test_a_copy_of_the_published_folder_needs_no_other_file(
    ask: Ask, published: Path, tmp_path: Path
) -> None:
    shutil.copy(published / "aggregated_avg_Opus-4.6.csv", tmp_path)
    (agent,) = json.loads(ask("--from", tmp_path, "--json"))["agents"]
    assert agent["score"] == pytest.approx(0.2316289994, abs=1e-9)
    assert (agent["std"], agent["n"]) == (None, None)


def test_an_empty_board_has_no_agents() -> None:
    grid = Grid.of(load_catalog())
    board: Board = make_board(read_published(Path("/nonexistent"), grid), grid)
    assert board.agents == ()
