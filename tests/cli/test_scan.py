"""``ptb scan``: exit codes, the shape of its JSON, profiles, and runs that cannot be written or read."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from store.findings import Decision, FindingState, add_decision
from store.overlay import Review
from tests.review.runs import EVAL, QUESTIONS, TASK, Story, samples

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def tell(folder: Path, *, cheats: bool, reference: bool = True) -> Path:
    """A run that trains on eval items, or does not."""
    story = Story(folder, reference=reference)
    maker = story.start("python make_data.py")
    if cheats:
        story.read(maker, EVAL)
    story.write(maker, f"{TASK}/train.jsonl", samples(*QUESTIONS if cheats else ["something of my own"]))
    story.train(f"{TASK}/train.jsonl")
    return story.end()


def answers(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_standing_violation_is_1_a_clean_run_0_and_a_missing_reference_3(runs: Path) -> None:
    tell(runs / "clean", cheats=False)
    tell(runs / "blind", cheats=False, reference=False)
    assert call(ptb(), ["scan", str(runs / "clean")]) == 0
    assert call(ptb(), ["scan", str(runs / "blind")]) == 3
    assert call(ptb(), ["scan", "--all"]) == 3
    tell(runs / "cheat", cheats=True)
    assert call(ptb(), ["scan", str(runs / "cheat")]) == 1
    assert call(ptb(), ["scan", "--all"]) == 1


def test_json_is_one_object_a_line_and_run_broken_ones_too(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(runs / "clean", cheats=False)
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{")
    assert call(ptb(), ["scan", "--all", "--json"]) == 3
    lines = answers(capsys.readouterr().out)
    assert len(lines) == 2
    for answer in lines:
        assert set(answer) == {"run_id", "profile", "flagged", "findings", "coverage"}
    (broken,) = [answer for answer in lines if answer["run_id"] == "broken"]
    coverage = broken["coverage"]
    assert coverage["benchmark-ingestion"]["state"] == "could_not_look"
    assert "not JSON" in coverage["benchmark-ingestion"]["reason"]


def test_a_rejected_violation_does_not_count(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tell(runs / "run-1", cheats=True)
    assert call(ptb(), ["scan", "run-1", "--json"]) == 1
    (finding,) = answers(capsys.readouterr().out)[0]["findings"]
    review = Review(folder, "run-1")
    add_decision(
        review, Decision("run-1", finding["finding_id"], 1, "mara", FindingState.REJECTED, "allowed")
    )
    assert call(ptb(), ["scan", "run-1", "--json"]) == 0
    (again,) = answers(capsys.readouterr().out)[0]["findings"]
    assert (again["finding_id"], again["state"]) == (finding["finding_id"], "rejected")


def test_another_profile_rules_without_looking_again(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(runs / "run-1", cheats=True)
    assert call(ptb(), ["scan", "run-1"]) == 1
    monkeypatch.setattr("review.rules.ingestion.BenchmarkIngestion.look", None)
    assert call(ptb(), ["scan", "run-1", "--profile", "paper", "--json"]) == 1
    answer = answers(capsys.readouterr().out.splitlines()[-1])[0]
    assert answer["profile"] == "paper"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name the runs to scan, or give --all"),
        (["x", "--all"], "name the runs to scan, or give --all"),
        (["no-such-run"], "no run 'no-such-run'"),
        (["--all", "--profile", "v9"], "no rule profile 'v9'"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["scan", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_no_runs_at_all_is_fine_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["scan", "--all", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ptb demo" in captured.err


SCAN_AS_NOBODY = """
import os, sys
from review.profile import load_profile
from review.scan import scan
from pathlib import Path
from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
import ptb_tui.cli.scan
scan(Path(sys.argv[2]), load_profile())  # imports everything while the interpreter's own files can be read
if os.geteuid() == 0:
    os.seteuid(65534)
sys.exit(call(ptb(), ["scan", sys.argv[1], "--json"]))
"""


def test_a_read_only_run_is_scanned_and_its_findings_kept_beside(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        folder = tell(base / "run-1", cheats=True)
        writable = tell(base / "run-2", cheats=True)
        state = base / "state"
        state.mkdir()
        state.chmod(0o777)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        done = subprocess.run(
            [sys.executable, "-P", "-c", SCAN_AS_NOBODY, str(folder), str(writable)],
            env={
                **os.environ,
                "PYTHONPATH": str(SOURCE),
                **dict.fromkeys(("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), str(state)),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)["flagged"] is True
        assert done.stderr.count("\n") == 1
        assert "is read-only: what was found is kept in" in done.stderr
        assert not (folder / "review").exists()
        assert list((state / "ptb" / "review" / "run-1" / "scans").glob("*.json"))


def test_what_several_rules_could_not_see_is_said_once(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(runs / "words", kernel=False)
    story.say("done")
    call(ptb(), ["scan", str(story.end())])
    out = capsys.readouterr().out
    unseen = "processes, file accesses and connections: never recorded"
    assert out.count(unseen) == 1
    assert f"rules: {unseen}" in out
