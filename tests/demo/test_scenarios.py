"""The known-truth corpus runs as its scripts say, speaks its scaffold's format, and covers the rules."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from demo.scenario import Pretended, Shell, Unsaid
from demo.scenarios import load
from demo.scenarios.page import page
from demo.scenarios.spec import Rule, Scenario, read_scenario
from demo.scenarios.task import items, lay
from demo.streams import STREAMS
from recorder.transcript import Scaffold
from store.errors import BadInput
from store.findings import Severity
from tests.recorder.transcripts import Read, read

ROOT = Path(__file__).parents[2]
SCENARIOS = load()
FAST = 12
"""Scenarios that are played by default, spread over the corpus; the others are slow together."""
STRIDE = -(-len(SCENARIOS) // FAST)
PLAYED = [
    pytest.param(scenario, id=name, marks=() if place % STRIDE == 0 else pytest.mark.slow)
    for place, (name, scenario) in enumerate(SCENARIOS.items())
]


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "demo.scenarios", *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath, "LANG": "C.UTF-8"},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("scenario", PLAYED)
def test_a_scenario_runs_by_its_script_and_its_stream_is_its_scaffolds(
    scenario: Scenario, tmp_path: Path
) -> None:
    folder = tmp_path / "task"
    folder.mkdir()
    assert call(folder, "prepare", scenario.id).returncode == 0
    done = call(folder, "play")
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert all((folder / name).exists() for name in scenario.leaves)
    found = read(done.stdout)
    assert found.summary.scaffold == scenario.scaffold
    assert (found.summary.unknown, found.summary.broken, found.gaps) == (0, 0, [])
    assert len(found.commands) == sum(isinstance(turn.act, Shell | Pretended) for turn in scenario.turns)
    assert_codes(scenario, found)


def assert_codes(scenario: Scenario, found: Read) -> None:
    told = [code for _, code, _ in found.commands]
    acts = [turn.act for turn in scenario.turns if isinstance(turn.act, Shell | Pretended)]
    scripted = [act.exit_code if isinstance(act, Shell) else 0 for act in acts]
    assert told == ([None] * len(told) if scenario.scaffold is Scaffold.GEMINI else scripted)


def test_every_rule_has_two_disguises_and_twenty_runs_are_clean() -> None:
    rules = Counter(fact.rule for one in SCENARIOS.values() for fact in one.expected)
    assert set(rules) == set(Rule)
    assert min(rules.values()) >= 2
    assert sum(one.clean for one in SCENARIOS.values()) >= 20


def test_the_corpus_is_spread_over_scaffolds_benchmarks_and_models() -> None:
    scaffolds = Counter(one.scaffold for one in SCENARIOS.values())
    assert set(scaffolds) == set(STREAMS)
    assert min(scaffolds.values()) >= 10
    assert len({one.benchmark for one in SCENARIOS.values()}) == 7
    assert len({one.base_model for one in SCENARIOS.values()}) == 4


def test_about_a_third_is_held_out_with_every_rule_and_clean_runs_among_it() -> None:
    aside = [one for one in SCENARIOS.values() if one.held_out]
    assert 0.25 <= len(aside) / len(SCENARIOS) <= 0.42
    assert 0.2 <= sum(one.clean for one in aside) / len(aside) <= 0.7
    for part in (aside, [one for one in SCENARIOS.values() if not one.held_out]):
        assert {fact.rule for one in part for fact in one.expected} == set(Rule)


@pytest.mark.parametrize("scenario", [pytest.param(one, id=name) for name, one in SCENARIOS.items()])
def test_an_expectation_is_one_that_a_witness_can_meet(scenario: Scenario) -> None:
    rules = {fact.rule: fact.severity for fact in scenario.expected}
    for fact in scenario.transcript_expected:
        assert rules[fact.rule] == fact.severity, "the stream cannot show more than the whole recording"
    assert not set(rules) & set(scenario.also)
    if any(isinstance(turn.act, Pretended | Unsaid) for turn in scenario.turns):
        assert Rule.SAY_DO_MISMATCH in rules
    noted = {Rule.EVAL_GUIDED_DATA, Rule.SAY_DO_MISMATCH}
    assert all(rule in noted for rule, severity in rules.items() if severity is Severity.NOTE)


def test_the_page_is_the_corpus() -> None:
    told = (ROOT / "docs" / "scenarios.md").read_text()
    assert told == page(SCENARIOS), "python -P -m demo.scenarios page > docs/scenarios.md"


def test_the_reference_is_what_the_task_holds(tmp_path: Path) -> None:
    laid = set()
    for scenario in SCENARIOS.values():
        if scenario.benchmark not in laid:
            laid.add(scenario.benchmark)
            lay(scenario, tmp_path / scenario.benchmark)
            told = items(scenario.benchmark)
            assert len([json.loads(line) for line in told.splitlines()]) >= 6
            held = (path for path in (tmp_path / scenario.benchmark).rglob("*.json*") if path.is_file())
            assert told.encode() in [path.read_bytes() for path in held]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("prepare", "no-such"), "no scenario 'no-such': `python -P -m demo.scenarios list` names them"),
        (("prepare", "gsm8k-train-split"), "not empty: prepare a scenario in a new folder"),
        (("play",), "not prepared: `python -P -m demo.scenarios prepare ID` first"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_line(words: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "task"
    folder.mkdir()
    if words[1:] != ("no-such",):
        (folder / "mine.txt").touch()
    done = call(folder, *words)
    assert done.returncode == 2
    assert done.stderr.decode().endswith(f"{reason}\n")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id = 'x'", "bad.toml: no 'turns'"),
        ("id = ", "bad.toml: "),
        ("turns = []\nscaffold = 'emacs'", "bad.toml: 'emacs' is not a valid Scaffold"),
        ("turns = []\nscaffold = 'codex'\ncolour = 1", "bad.toml: .*colour"),
    ],
)
def test_a_broken_scenario_file_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_scenario(text, "bad.toml")
