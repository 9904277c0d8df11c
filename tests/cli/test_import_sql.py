"""From a folder of results to an answer: every scaffold, whole and as published, asked with one query."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recorder.results_tree import published, whole

SCAFFOLDS = ("claude", "codex", "gemini", "opencode")
COMMANDS = "SELECT agent, job, count(*) AS n FROM commands JOIN runs USING (run_id) GROUP BY ALL ORDER BY ALL"


def ptb(*arguments: str) -> str:
    """What ``ptb`` prints; it must succeed."""
    command = [sys.executable, "-P", "-m", "ptb_tui", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commands_of_all_scaffolds_in_both_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_RUNS", str(tmp_path / "runs"))
    for scaffold in SCAFFOLDS:
        whole(tmp_path / "results", scaffold, "gsm8k_Qwen_Qwen3-1.7B-Base_101")
        published(tmp_path / "published", scaffold, "gsm8k_Qwen_Qwen3-1.7B-Base_102")
    ptb("import", str(tmp_path / "results"), str(tmp_path / "published"))
    rows = json.loads(ptb("sql", COMMANDS, "--format", "json"))
    counted: dict[str, dict[str, int]] = {}
    for row in rows:
        counted.setdefault(row["agent"], {})[row["job"]] = row["n"]
    assert set(counted) == set(SCAFFOLDS)
    for scaffold, by_form in counted.items():
        assert by_form["101"] == by_form["102"] >= 4, scaffold
