"""Scoring attempts and jobs beside a run: what counts as its score, and which jobs still run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from store.jobs import (
    Job,
    Phase,
    Progress,
    Standing,
    ask_to_cancel,
    asked_to_cancel,
    read_jobs,
    write_job,
)
from store.manifest import Facts
from store.overlay import Review
from store.owner import Owner, current_owner
from store.scores import Isolation, ScoreAttempt, ScoreStatus, add_score, read_scores
from store.sql.query import open_query
from store.verify import verify
from store.writer import RunWriter
from tests.store.recorded import START, closed_run
from tests.waiting import until

RUN = "scored-run"
SECOND = 1_000_000_000


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / RUN
    with RunWriter.create(folder, RUN, started_at=START, facts=Facts(benchmark="gsm8k")) as writer:
        writer.close(ended_at=START + 1, exit_status="0")
    return folder


@pytest.fixture
def review(run: Path) -> Review:
    return Review(run, RUN)


def attempt(number: int, value: float | None = 0.5) -> ScoreAttempt:
    return ScoreAttempt(
        RUN, f"attempt-{number}", START + number * SECOND, START + (number + 1) * SECOND, "gsm8k", "accuracy",
        ScoreStatus.COMPLETE, "transformers", Isolation.CONTAINER, value=value, samples=1319, seed=1, token_limit=4000,
    )  # fmt: skip


def measured(run: Path) -> float | None:
    with open_query([run]) as query:
        (row,) = query.run("SELECT score FROM runs").table().to_pylist()
    score: float | None = row["score"]
    return score


def test_every_attempt_is_a_row_and_the_latest_that_counts_is_the_score(run: Path, review: Review) -> None:
    assert measured(run) is None
    add_score(review, attempt(1, 0.25))
    add_score(review, replace(attempt(2, 0.75), limit_n=10))
    add_score(review, replace(attempt(3, None), status=ScoreStatus.FAILED, reason="out of memory"))
    add_score(review, replace(attempt(4, 0.9), benchmark="humaneval"))
    assert measured(run) == 0.25
    add_score(review, attempt(5, 0.125))
    assert measured(run) == 0.125
    with open_query([run]) as query:
        rows = query.run("SELECT * FROM scores ORDER BY ts").table().to_pylist()
    assert [row["counts"] for row in rows] == [True, False, False, False, True]
    assert [row["status"] for row in rows] == ["complete", "complete", "failed", "complete", "complete"]
    assert (rows[1]["limit_n"], rows[2]["reason"], rows[0]["samples"]) == (10, "out of memory", 1319)
    assert (rows[0]["ended_at"] - rows[0]["ts"]).total_seconds() == 1


def test_an_attempt_is_no_part_of_the_recording_and_an_edited_one_does_not_count(
    tmp_path: Path, run: Path, review: Review
) -> None:
    before = verify(run).recording_hash
    kept = add_score(review, attempt(1, 0.25))
    write_job(review, job())
    report = verify(run)
    assert (report.recording_hash, report.problems) == (before, ())
    kept.write_text(kept.read_text().replace("0.25", "0.95"))
    assert measured(run) is None
    assert [problem.reason for problem in read_scores(review)[1]] == ["changed after it was written"]


def test_attempts_of_two_machines_merge_by_copying(tmp_path: Path, run: Path, review: Review) -> None:
    other = closed_run(tmp_path / "copy", RUN)
    add_score(review, attempt(1))
    add_score(Review(other, RUN), attempt(2))
    shutil.copytree(other / "scores", run / "scores", dirs_exist_ok=True)
    assert [one.attempt_id for one in read_scores(review)[0]] == ["attempt-1", "attempt-2"]


def job(owner: Owner | None = None) -> Job:
    return Job(
        RUN, "job-1", owner or current_owner(), START, START, "gsm8k", "transformers", Isolation.CONTAINER, "cpu",
        Phase.SAMPLING, "job-1-1", 1, 3, 4000, progress=Progress(3, 10, 0.5, 31.5, 12.0), container="ptb-score-1",
    )  # fmt: skip


def test_a_job_is_found_with_its_progress_and_ends(review: Review) -> None:
    write_job(review, job())
    [found], problems = read_jobs(review)
    assert problems == []
    assert replace(found, updated_at=START) == job()
    assert found.updated_at > START
    assert found.standing is Standing.RUNNING
    write_job(review, replace(found, phase=Phase.ENDED, outcome="complete"))
    [found], _ = read_jobs(review)
    assert found.standing is Standing.ENDED


SLEEPER = """
import sys, time
from store.owner import current_owner
from store.jsonio import dumps
print(dumps(current_owner()).decode(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def sleeper() -> Iterator[tuple[subprocess.Popen[str], Owner]]:
    from store.decode import decode
    from store.jsonio import loads

    environment = {**os.environ, "PYTHONPATH": str(Path("src").resolve())}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", SLEEPER], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        yield process, decode(Owner, loads(process.stdout.readline()))
        process.kill()


def test_a_job_whose_process_was_killed_is_lost(
    review: Review, sleeper: tuple[subprocess.Popen[str], Owner]
) -> None:
    process, owner = sleeper
    assert job(owner).standing is Standing.RUNNING
    process.send_signal(signal.SIGKILL)
    until(
        lambda: job(owner).standing is not Standing.RUNNING
    )  # a corpse that nobody waited for counts as dead
    process.wait()
    assert job(owner).standing is Standing.LOST


def test_a_pid_used_again_or_of_another_boot_is_not_the_job() -> None:
    here = current_owner()
    assert here.start_ticks is not None
    assert here.alive
    assert job(replace(here, start_ticks=here.start_ticks - 1)).standing is Standing.LOST
    assert job(replace(here, boot_id="another")).standing is Standing.LOST


def test_a_job_elsewhere_runs_as_long_as_it_speaks() -> None:
    for elsewhere in (replace(current_owner(), host="node-7"), replace(current_owner(), pid_namespace=1)):
        assert elsewhere.alive is None
        assert replace(job(elsewhere), updated_at=time.time_ns()).standing is Standing.RUNNING
        assert job(elsewhere).standing is Standing.LOST


def test_anybody_can_ask_a_job_to_stop(review: Review) -> None:
    write_job(review, job())
    assert not asked_to_cancel(review, "job-1")
    ask_to_cancel(review, job())
    assert asked_to_cancel(review, "job-1")
    assert len(read_jobs(review)[0]) == 1


def test_a_job_file_that_is_none_is_told_and_the_others_read(review: Review) -> None:
    write_job(review, job())
    jobs = review.run_folder / "scores" / "jobs"
    (jobs / "cut.json").write_text('{"run_id": "x"')
    (jobs / "other.json").write_text("[]")
    os.mkfifo(jobs / "pipe.json")
    found, problems = read_jobs(review)
    assert [one.job_id for one in found] == ["job-1"]
    assert len(problems) == 3
