"""Review records: append-only, safe for several writers, readable when the run is not writable."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from store.findings import (
    Coverage,
    CoverageState,
    Decision,
    Evidence,
    Finding,
    FindingState,
    Origin,
    Reach,
    RuleResult,
    Ruling,
    Scan,
    Severity,
    add_decision,
    add_finding,
    add_scan,
    finding_id,
    read_findings,
    read_scans,
)
from store.marks import Mark, add_mark, read_marks
from store.overlay import Review
from store.verdicts import Answer, ReviewerKind, ScoreAction, Verdict, add_verdict, read_verdicts

SOURCE = Path(__file__).parents[2] / "src"
RULE = "benchmark-ingestion"


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def review(tmp_path: Path) -> Review:
    folder = tmp_path / "run"
    folder.mkdir()
    return Review(folder, "run-1")


def finding(title: str = "t", identity: str = "a", ts: int | None = 5) -> Finding:
    return Finding(
        "run-1", finding_id("run-1", RULE, [identity]), RULE, "1", Origin.DETECTOR, Reach.TRAINED,
        title, "because", ts, (Evidence(3, "read", "eval.jsonl"),), ("eval.jsonl", "train.jsonl"),
    )  # fmt: skip


def scan(
    *findings: Finding, ts: int = 1, severity: Severity = Severity.VIOLATION, profile: str = "v1.1"
) -> Scan:
    coverage = Coverage(CoverageState.FOUND if findings else CoverageState.CLEAR, "10 accesses")
    return Scan(
        "run-1", ts, "hash", profile, "p1", (RuleResult(RULE, "1", coverage, findings),),
        tuple(Ruling(f.finding_id, severity) for f in findings),
    )  # fmt: skip


def test_a_finding_keeps_its_id_over_scans_and_only_new_answers_are_kept(review: Review) -> None:
    assert add_scan(review, scan(finding(), ts=1)) is not None
    assert add_scan(review, scan(finding(), ts=2)) is None
    assert len(read_scans(review)[0]) == 1
    add_scan(review, scan(finding("new words"), ts=3))
    [standing], problems = read_findings(review)
    assert problems == []
    assert standing.finding == finding("new words")
    assert (standing.state, standing.severity, standing.profile) == (
        FindingState.OPEN,
        Severity.VIOLATION,
        "v1.1",
    )


def test_a_finding_that_the_latest_scan_does_not_make_is_gone(review: Review) -> None:
    add_scan(review, scan(finding(), ts=1))
    add_scan(review, scan(ts=2))
    assert read_findings(review)[0] == []


def test_what_people_and_imported_judges_found_stays(review: Review) -> None:
    theirs = replace(finding(identity="b"), origin=Origin.PERSON, author="mara")
    add_finding(review, theirs)
    add_finding(review, theirs)
    add_scan(review, scan(ts=2))
    assert [s.finding for s in read_findings(review)[0]] == [theirs]


def test_a_rejected_violation_does_not_stand_and_the_last_word_counts(review: Review) -> None:
    add_scan(review, scan(finding()))
    identity = finding().finding_id
    assert read_findings(review)[0][0].violates
    add_decision(review, Decision("run-1", identity, 10, "mara", FindingState.REJECTED, "decontamination"))
    assert not read_findings(review)[0][0].violates
    add_decision(review, Decision("run-1", identity, 11, "jo", FindingState.ACCEPTED, "no, it trains on it"))
    assert read_findings(review)[0][0].violates


def test_another_profile_rules_without_another_look(review: Review) -> None:
    add_scan(review, scan(finding(), ts=1))
    add_scan(review, scan(finding(), ts=2, severity=Severity.NOTE, profile="paper"))
    [standing], _ = read_findings(review)
    assert (standing.profile, standing.severity) == ("paper", Severity.NOTE)


def test_an_edited_record_and_a_cut_one_are_told_and_the_others_read(review: Review) -> None:
    add_finding(review, finding(identity="good"))
    edited = add_finding(review, finding(identity="bad"))
    edited.write_text(edited.read_text().replace("because", "never mind"))
    (edited.parent / "stray.json").write_text("{")
    standing, problems = read_findings(review)
    assert len(standing) == 1
    assert {problem.reason for problem in problems} == {
        "changed after it was written",
        "no name that ptb gives",
    }


def test_a_record_of_another_shape_is_told(review: Review, tmp_path: Path) -> None:
    from store.overlay import RecordKind

    review.append(RecordKind.MARKS, "mark-1", {"run_id": "run-1", "ts": "noon"})
    review.append(RecordKind.MARKS, "mark-2", ["no", "object"])
    _, problems = read_marks(review)
    assert [p.reason for p in problems] == ["marks.ts is str, not int", "marks is no JSON object"] or [
        p.reason for p in problems
    ] == ["marks is no JSON object", "marks.ts is str, not int"]


def test_keys_of_a_newer_version_are_ignored(review: Review) -> None:
    from store.overlay import RecordKind

    mark = {"run_id": "r", "ts": 1, "seq": 2, "reviewer": "m", "text": "", "made_at": 3, "colour": "red"}
    review.append(RecordKind.MARKS, "mark-2", mark)
    assert read_marks(review) == ([Mark("r", 1, 2, "m", "", 3)], [])


def test_overlays_of_two_machines_merge_by_copying(review: Review, tmp_path: Path) -> None:
    other = Review(tmp_path / "copy", "run-1")
    other.run_folder.mkdir()
    add_mark(review, Mark("run-1", 5, 3, "mara", "here", 100))
    add_mark(other, Mark("run-1", 9, 4, "jo", "and here", 101))
    add_mark(other, Mark("run-1", 5, 3, "mara", "here", 100))
    shutil.copytree(other.run_folder / "review", review.run_folder / "review", dirs_exist_ok=True)
    assert [(m.reviewer, m.text) for m in read_marks(review)[0]] == [("mara", "here"), ("jo", "and here")]


def test_many_writers_at_once_lose_nothing(review: Review) -> None:
    def write(writer: int) -> None:
        for n in range(20):
            add_mark(review, Mark("run-1", n, n, f"reviewer {writer}", "same place", n))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    marks, problems = read_marks(review)
    assert (len(marks), problems) == (160, [])


def test_a_verdict_is_stale_when_the_recording_is_another(review: Review) -> None:
    verdict = Verdict(
        "run-1", "v1", 7, "mara", ReviewerKind.HUMAN, data=Answer.VIOLATION,
        score_action=ScoreAction.BASE_SCORE, rationale="seq 3", evidence=(3,), recording_hash="one",
    )  # fmt: skip
    add_verdict(review, verdict)
    [read], _ = read_verdicts(review)
    assert read == verdict
    assert not read.is_stale("one")
    assert read.is_stale("two")


WRITE_A_MARK = """
import os, sys
from pathlib import Path
from store.marks import Mark, add_mark, read_marks
from store.overlay import Review, state_folder
state_folder()  # imports what it needs while the interpreter's own files can still be read
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write everywhere
review = Review(Path(sys.argv[1]), "run-1")
path = add_mark(review, Mark("run-1", 1, 2, "mara", "kept", 3))
print(path, review.is_in_state_folder(path), len(read_marks(review)[0]))
"""


def test_a_read_only_run_is_marked_in_the_state_folder() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run, state = folder / "run", folder / "state"
        run.mkdir()
        state.mkdir()
        run.chmod(0o555)
        folder.chmod(0o755)
        state.chmod(0o777)
        answer = subprocess.run(
            [sys.executable, "-P", "-c", WRITE_A_MARK, str(run)],
            env={**os.environ, "PYTHONPATH": str(SOURCE), "XDG_STATE_HOME": str(state)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert answer.stderr == ""
        path, in_state, count = answer.stdout.split()
        assert Path(path).is_relative_to(state)
        assert (in_state, count) == ("True", "1")
        assert list(run.iterdir()) == []
        assert json.loads(Path(path).read_text())["text"] == "kept"
