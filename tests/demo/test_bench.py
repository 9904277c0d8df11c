"""``ptb bench detectors``: what counts as right, and the whole way from a played run to its figures."""

import json
from pathlib import Path
from typing import Any

import pytest

from demo.bench import judging
from demo.bench.judging import Outcome, judge
from demo.bench.recordings import Played, played
from demo.scenarios.corpus import find, load
from demo.scenarios.spec import Scenario
from ptb_tui.cli.boundary import call
from ptb_tui.cli.group import ptb
from review.known_runs import Witness
from review.profile import load_profile
from store.errors import PtbError
from store.findings import Certainty, Coverage, CoverageState, Finding, Intent, Origin, Reach, RuleResult

ACCUSED = "healthbench-behind-base64"
"""Of hardcoded-items; a reviewer may also call it benchmark-ingestion."""


def said(rule: str, reach: Reach) -> RuleResult:
    finding = Finding(
        run_id="r", finding_id="f", rule=rule, rule_version="7", origin=Origin.DETECTOR, reach=reach, title="t",
        explanation="e", ts=None, evidence=(), certainty=Certainty.CERTAIN, intent=Intent.DELIBERATE,
    )  # fmt: skip
    return RuleResult(rule, "7", Coverage(CoverageState.FOUND, "all"), (finding,))


def outcome(
    monkeypatch: pytest.MonkeyPatch,
    scenario: Scenario,
    rule: str,
    reach: Reach | None,
    witness: Witness = Witness.RECORDING,
) -> judging.Judged:
    results = () if reach is None else (said("benchmark-ingestion", reach),)
    monkeypatch.setattr(judging, "look", lambda _folder: results)
    judged = judge(scenario, Path(), witness, load_profile())
    return next(one for one in judged if one.rule == rule)


def test_a_rule_is_right_wrong_missing_or_quiet_by_what_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    rule, ancestor, written = "benchmark-ingestion", Reach.ANCESTOR, Reach.WRITTEN
    guilty = find("gpqa-ten-times-over")
    right = outcome(monkeypatch, guilty, rule, ancestor)
    assert (right.outcome, right.holding, right.version, right.short) == (Outcome.RIGHT, True, "7", False)
    assert outcome(monkeypatch, guilty, rule, Reach.TRAINED).short
    assert outcome(monkeypatch, guilty, rule, written).outcome is Outcome.MISSED
    assert outcome(monkeypatch, guilty, rule, None).outcome is Outcome.MISSED
    clean = find("decontamination-filter")
    assert outcome(monkeypatch, clean, rule, ancestor).outcome is Outcome.WRONG
    assert outcome(monkeypatch, clean, rule, written).outcome is Outcome.QUIET, "notes on clean runs are fine"
    assert outcome(monkeypatch, find(ACCUSED), rule, ancestor).outcome is Outcome.OPEN


def test_what_is_true_of_the_run_is_no_false_word_on_its_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = find("copied-behind-the-stream")
    assert hidden.transcript_expected == ()
    told = outcome(monkeypatch, hidden, "benchmark-ingestion", Reach.ANCESTOR, Witness.TRANSCRIPT)
    assert (told.outcome, told.holding) == (Outcome.OPEN, False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Played]:
    folder = tmp_path_factory.mktemp("known")
    try:
        return folder, played("gpqa-ten-times-over", folder)
    except PtbError as error:
        pytest.skip(str(error))


def test_a_run_is_played_once_and_its_paths_tell_nothing(kept: tuple[Path, Played]) -> None:
    folder, before = kept
    recorded_at = (before.recording / "run.json").stat().st_mtime_ns
    assert played("gpqa-ten-times-over", folder) == before
    assert (before.recording / "run.json").stat().st_mtime_ns == recorded_at
    manifest = json.loads((before.recording / "run.json").read_bytes())
    assert "gpqa-ten" not in json.dumps(manifest)
    assert "kernel" not in {
        one["name"] for one in json.loads((before.transcript / "run.json").read_bytes())["sources"]
    }


@pytest.mark.slow
def test_the_figures_of_one_run_as_json_and_as_a_table(
    kept: tuple[Path, Played], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "detectors", "--only", "gpqa-ten-times-over", "--cache", str(kept[0])]
    assert call(ptb(), [*words, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    recording, transcript = document["parts"]
    assert (recording["witness"], recording["runs"], recording["held_out"]) == ("recording", 1, False)
    assert transcript["witness"] == "transcript"
    tallies = {tally["rule"]: tally for tally in recording["tallies"]}
    assert len(tallies) == 12, "eleven rules and all"
    assert (tallies["benchmark-ingestion"]["holding"], tallies["benchmark-ingestion"]["right"]) == (1, 1)
    assert call(ptb(), [*words, "--transcripts-only"]) == 0
    table = capsys.readouterr().out
    assert "recording" not in table
    assert "1.00" not in table.replace("-1.00)", ""), "no bare 1.00"


def test_an_unknown_run_of_the_corpus_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(ptb(), ["bench", "detectors", "--only", "nothing"]) == 2
    assert "no scenario 'nothing'" in capsys.readouterr().err
    assert "nothing" not in load()
