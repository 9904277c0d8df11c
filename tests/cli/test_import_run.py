"""``ptb import`` from the command line."""

import json
from pathlib import Path

import pytest

from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from tests.recorder.results_tree import AGENTS, published, whole


def test_a_tree_is_imported_and_told_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for scaffold in AGENTS:
        whole(tmp_path / "results", scaffold)
    runs = tmp_path / "runs"
    args = ["import", str(tmp_path / "results"), "--into", str(runs), "--json"]
    assert call(ptb(), args) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["failed"] == 0
    assert {run["agent"] for run in told["runs"]} == set(AGENTS)
    assert all((runs / run["run_id"] / "run.json").exists() for run in told["runs"])
    assert "4/4" in err
    assert call(ptb(), args) == 0
    assert {run["fate"] for run in json.loads(capsys.readouterr().out)["runs"]} == {"known"}


def test_a_failed_import_is_exit_code_2_and_the_others_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    monkeypatch.setenv("PTB_RUNS", str(runs))
    for scaffold in ("claude", "codex"):
        published(tmp_path / "results", scaffold)
    assert call(ptb(), ["import", str(tmp_path / "results")]) == 0
    damaged = next(runs.glob("claude-*"))
    (damaged / "run.json").write_text("{")
    assert call(ptb(), ["import", str(tmp_path / "results")]) == 2
    out, err = capsys.readouterr()
    assert "1 known, 1 failed" in out
    assert "1 of 2 folders could not be imported" in err


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_path_that_holds_nothing_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "empty").mkdir()
    assert call(ptb(), ["import", str(tmp_path / name), "--into", str(tmp_path / "runs")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert name in err
