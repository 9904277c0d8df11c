"""``ptb review``: work on many cases, from dealing them out to what the authors get."""

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from review.batch.agreement import krippendorff_alpha
from review.reviewed import read_reviewed
from store.library import find_run
from store.manifest_file import read_manifest
from tests.recorder.results_tree import AGENTS, whole
from tests.review.runs import EVAL, QUESTIONS, TASK, Story, samples


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Four imported cases of one method each; their own judge accuses all of contaminated data."""
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    root = tmp_path / "results"
    for scaffold in AGENTS:
        whole(root, scaffold)
    assert call(ptb(), ["import", str(root)]) == 0
    capsys.readouterr()
    return root


def ask(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert call(ptb(), [*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def ids(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [run["run_id"] for run in ask(capsys, "ls")]


def decide(capsys: pytest.CaptureFixture[str], run: str, who: str, data: str, action: str = "stands") -> None:
    answers = ["--data", data, "--model", "clean", "--score-action", action]
    ask(capsys, "verdict", run, *answers, "--rationale", f"{who} looked", "--reviewer", who)


def test_alpha_is_that_of_the_published_example() -> None:
    """Krippendorff (2011), section C: nominal data, any number of observers, missing data: alpha = 0.743."""
    columns = [
        "1 1 1",
        "2 2 3 2",
        "3 3 3 3",
        "3 3 3 3",
        "2 2 2 2",
        "1 2 3 4",
        "4 4 4 4",
        "1 1 2 1",
        "2 2 2 2",
    ]
    units = [column.split() for column in [*columns, "5 5 5", "1 1", "3"]]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None
    assert krippendorff_alpha([["a", "b"], ["b", "a"]]) == pytest.approx(-0.5)


def test_cases_are_dealt_evenly_and_second_reviewers_are_blind(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dealt = ask(capsys, "review", "assign", "--reviewer", "ann", "--reviewer", "bob", "--second", "0.5")
    assert sorted(one["why"] for one in dealt) == ["first"] * 4 + ["second"] * 2
    assert {name: sum(one["reviewer"] == name for one in dealt) for name in ("ann", "bob")} == {
        "ann": 3,
        "bob": 3,
    }
    assert ask(capsys, "review", "assign", "--reviewer", "ann", "--reviewer", "bob", "--second", "0.5") == []

    second = next(one for one in dealt if one["why"] == "second")
    first = next(one for one in dealt if one["run_id"] == second["run_id"] and one["why"] == "first")
    run, blind, other = second["run_id"], second["reviewer"], first["reviewer"]
    decide(capsys, run, other, "violation", "base score")
    assert ask(capsys, "verdict", run, "--reviewer", blind) == []
    folder = find_run(run).folder
    seen = read_reviewed(folder, read_manifest(folder), reader=blind)
    assert (seen.verdicts, seen.outcome) == ((), None)
    assert seen.hidden >= 2
    assert len(ask(capsys, "verdict", run, "--reviewer", other)) >= 2
    assert run in [one["run_id"] for one in ask(capsys, "review", "mine", "--reviewer", blind)]
    decide(capsys, run, blind, "clean")
    assert run not in [one["run_id"] for one in ask(capsys, "review", "mine", "--reviewer", blind)]
    assert {one["reviewer"] for one in ask(capsys, "verdict", run, "--reviewer", blind)} >= {blind, other}


def test_a_second_review_needs_two_people(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["review", "assign", "--reviewer", "ann"]) == 2
    assert "two reviewers" in capsys.readouterr().err


def test_what_reviewers_differ_on_is_measured_and_settled(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ids(capsys)
    for run, other in zip(runs, ("violation", "clean", "violation", "clean"), strict=True):
        decide(capsys, run, "ann", "clean" if run == runs[0] else other)
        decide(capsys, run, "bob", other)
    told = {one["axis"]: one for one in ask(capsys, "review", "agreement")}
    assert (told["data"]["runs"], told["data"]["answers"], told["data"]["differing"]) == (4, 8, 1)
    assert told["data"]["alpha"] == pytest.approx(1 - 7 * 2 / (64 - 9 - 25))
    assert told["model"]["alpha"] is None
    assert told["api"]["runs"] == 0

    shown = ask(capsys, "review", "reconcile", runs[0], code=1)
    assert shown["disputed"]
    assert shown["axes"]["data"] == {"ann": "clean", "bob": "violation"}
    assert call(ptb(), ["review", "reconcile", runs[0], "--rationale", "talked"]) == 2
    assert "people differ on data" in capsys.readouterr().err
    settle = ["--answer", "data=violation", "--score-action", "base score", "--rationale", "talked"]
    assert not ask(capsys, "review", "reconcile", runs[0], *settle, "--reviewer", "ann")["disputed"]
    rows = ask(capsys, "sql", f"SELECT verdict, score_action FROM runs WHERE run_id = '{runs[0]}'")
    assert rows == [{"verdict": "violation", "score_action": "base score"}]


def test_an_audit_draws_from_what_was_scanned_and_is_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path))
    for number in range(3):
        Story(tmp_path / f"clear-{number}", run_id=f"clear-{number}").end()
    guilty = Story(tmp_path / "guilty", run_id="guilty")
    maker = guilty.start("python make_data.py")
    guilty.read(maker, EVAL)
    guilty.write(maker, f"{TASK}/train.jsonl", samples(*QUESTIONS))
    guilty.train(f"{TASK}/train.jsonl")
    guilty.end()
    assert ask(capsys, "review", "audit")["sample"] == []
    assert call(ptb(), ["scan", "--all"]) == 1
    capsys.readouterr()
    drawn = ask(capsys, "review", "audit", "--size", "2", "--seed", "7", "--assign", "ann")
    assert drawn["clear"] == 3
    assert len(drawn["sample"]) == 2
    assert all("clear" in run for run in drawn["sample"])
    assert drawn["misses_below"] == pytest.approx(1 - 0.05**0.5)
    assert ask(capsys, "review", "audit", "--size", "2", "--seed", "7")["sample"] == drawn["sample"]
    assert [one["why"] for one in ask(capsys, "review", "mine", "--reviewer", "ann")] == ["audit"] * 2


def test_the_same_script_in_other_runs_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path))
    script = "\n".join(f"print('line {number} of a script that travels')" for number in range(20))
    for name, text in (("one", script), ("two", script), ("three", script + "\n# changed")):
        story = Story(tmp_path / name, run_id=name)
        story.write(story.start("cat"), f"{TASK}/gen_{name}.py", text)
        story.end()
    (shared,) = ask(capsys, "review", "same", "one")
    assert shared["here"]["path"] == f"{TASK}/gen_one.py"
    assert [place["path"] for place in shared["elsewhere"]] == [f"{TASK}/gen_two.py"]


def test_the_queue_puts_first_what_a_decision_moves_most(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ask(capsys, "review", "queue")
    assert sorted(one["run_id"] for one in told) == sorted(ids(capsys))
    worth = [one["worth"] or 0 for one in told]
    assert worth == sorted(worth, reverse=True)
    decide(capsys, told[0]["run_id"], "ann", "clean")
    assert told[0]["run_id"] not in [one["run_id"] for one in ask(capsys, "review", "queue")]


def test_the_authors_get_their_own_tables_a_patch_that_applies_and_a_sheet_a_case(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    untouched = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    runs = ask(capsys, "ls")
    claude = next(run["run_id"] for run in runs if run["method"] == AGENTS["claude"])
    codex = next(run["run_id"] for run in runs if run["method"] == AGENTS["codex"])
    decide(capsys, claude, "ann", "clean")
    hostile = "ann | ``` <script>\x1b[31m"
    decide(capsys, codex, hostile, "violation", "base score")
    out = tmp_path / "export"
    told = ask(capsys, "review", "export", "--ptb", "--into", str(out))
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == untouched

    cells = {
        name: next(csv.DictReader((out / f"contamination_{method}.csv").open()))["gsm8k"]
        for name, method in AGENTS.items()
    }
    assert cells == {"claude": "", "codex": "C", "gemini": "C", "opencode": "C"}
    with (out / "before_after.csv").open() as file:
        rows = {row["run_id"]: row for row in csv.DictReader(file)}
    assert (rows[claude]["judged"], rows[claude]["decided"]) == ("C", "")
    assert rows[claude]["score_after"] == rows[claude]["reported"] != rows[claude]["score_before"]
    assert told["changed"] >= 1

    patched = tmp_path / "patched"
    subprocess.run(["cp", "-r", results, patched], check=True)
    subprocess.run(["git", "apply", "-p1", str(out / "judge_results.patch")], cwd=patched, check=True)
    (judged,) = patched.glob(f"{AGENTS['claude']}/*/judge_result.json")
    given = json.loads(judged.read_text())
    assert given["contamination"] is False
    assert given["disallowed_model"] is False
    (unchanged,) = patched.glob(f"{AGENTS['gemini']}/*/judge_result.json")
    assert json.loads(unchanged.read_text())["contamination"] is True

    text = (out / "cases" / f"{codex}.md").read_text()
    assert "\x1b" not in text
    assert "```` ann" in text or "ann ¦ ``` <script>" in text
    assert not (out / "cases" / f"{claude}.md").exists()
    assert call(ptb(), ["review", "export", "--ptb", "--into", str(out)]) == 2
    assert "holds something already" in capsys.readouterr().err


def test_a_sheet_quotes_the_evidence_with_time_place_and_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    story = Story(tmp_path / "runs" / "guilty", run_id="guilty")
    maker = story.start("python make_data.py")
    story.read(maker, EVAL)
    story.write(maker, f"{TASK}/train.jsonl", samples(*QUESTIONS))
    story.train(f"{TASK}/train.jsonl")
    story.end()
    (finding,) = ask(capsys, "scan", "guilty", code=1)["findings"]
    ask(capsys, "review", "export", "--ptb", "--into", str(tmp_path / "out"))
    text = next((tmp_path / "out" / "cases").glob("*.md")).read_text()
    assert finding["rule"] in text
    for evidence in finding["evidence"]:
        assert f"--seq {evidence['seq']}" in text
    assert "sha256" in text
    assert "What speaks against" in text
