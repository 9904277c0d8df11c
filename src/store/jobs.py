"""What is being scored now: ``scores/jobs/JOB.json``, by which any process finds, follows or cancels a job.

The process that does the job is the only one to write its file, whole and renamed into place, at every step and at
least every few seconds. To cancel, anybody makes ``JOB.cancel`` beside it, which works from other machines and without
the right to signal. Where the run folder is read-only both lie in the user's state folder.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from store.decode import decode
from store.jsonio import dumps, loads
from store.overlay import SCORES, Problem, Review
from store.owner import Owner
from store.scores import Isolation

JOBS = "jobs"
_CANCEL = ".cancel"
_MOST_BYTES = 1 << 20
_SILENT_S = 60.0
"""A job of another machine that said nothing for so long is taken for dead."""


class Phase(StrEnum):
    """What a job is at."""

    CHECKING = "checking"
    """The model and the harness."""
    COPYING = "copying"
    """The model, and hashing it."""
    WAITING = "waiting"
    """For the device."""
    LOADING = "loading"
    """The engine loads the model."""
    SAMPLING = "sampling"
    ENDED = "ended"


class Standing(StrEnum):
    """What has become of a job."""

    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"
    """Its process is gone (killed, rebooted) and could not say so."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt is; None for what is not known yet."""

    done: int = 0
    """Samples scored."""
    total: int | None = None
    """Samples to score."""
    metric: float | None = None
    """Of the samples scored so far."""
    tokens_per_s: float | None = None
    """Generated."""
    eta_s: float | None = None
    """Seconds to go."""

    @property
    def share(self) -> float | None:
        """The part that is done; None where the whole is not known."""
        return self.done / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Job:
    """One ``ptb score``: one attempt after the other, down the ladder of token limits."""

    run_id: str
    job_id: str
    """``[A-Za-z0-9_-]{1,100}``."""
    owner: Owner
    started_at: int
    """ns since the epoch."""
    updated_at: int
    benchmark: str
    engine: str
    isolation: Isolation
    device: str
    """``cpu``, or the ids of GPUs, comma-separated."""
    phase: Phase
    attempt_id: str | None = None
    """Of the attempt under way, or of the last one."""
    attempt: int = 0
    """Its number, from 1."""
    attempts: int = 1
    """How many there may be."""
    token_limit: int | None = None
    limit_n: int | None = None
    container: str | None = None
    """Name of the container that evaluates."""
    log: str | None = None
    """File that the harness's output goes to."""
    progress: Progress = Progress()
    outcome: str | None = None
    """A :class:`store.scores.ScoreStatus`, once it ended."""
    value: float | None = None
    """The score, once it is complete."""
    reason: str = ""

    @property
    def standing(self) -> Standing:
        """Whether it runs, ended, or its process is gone."""
        if self.phase is Phase.ENDED:
            return Standing.ENDED
        alive = self.owner.alive
        if alive is None:
            alive = time.time_ns() - self.updated_at < _SILENT_S * 1e9
        return Standing.RUNNING if alive else Standing.LOST


def write_job(review: Review, job: Job) -> Path:
    """Put the job's file in place; raises :class:`StoreFailed`."""
    return review.write(f"{job.job_id}.json", dumps(replace(job, updated_at=time.time_ns())), SCORES, JOBS)


def read_jobs(review: Review) -> tuple[list[Job], list[Problem]]:
    """All jobs of a run, oldest first; of one in both places, the one written last."""
    jobs: dict[str, Job] = {}
    problems: list[Problem] = []
    for folder in review.places(SCORES, JOBS):
        for path in sorted(folder.glob("[!.]*.json")):
            try:
                job = decode(Job, loads(_read(path)), "job")
            except (OSError, ValueError) as error:
                problems.append(Problem(path, str(error)))
                continue
            if job.job_id not in jobs or job.updated_at > jobs[job.job_id].updated_at:
                jobs[job.job_id] = job
    return sorted(jobs.values(), key=lambda job: (job.started_at, job.job_id)), problems


def running_job(jobs: Sequence[Job]) -> Job | None:
    """The one that is under way, the last of several; None where none is."""
    return next((job for job in reversed(jobs) if job.standing is Standing.RUNNING), None)


def ask_to_cancel(review: Review, job: Job) -> None:
    """Leave the word for the job's process; raises :class:`StoreFailed`."""
    review.write(job.job_id + _CANCEL, b"", SCORES, JOBS)


def asked_to_cancel(review: Review, job_id: str) -> bool:
    """Whether somebody wants the job to stop."""
    return any((folder / (job_id + _CANCEL)).exists() for folder in review.places(SCORES, JOBS))


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("too large for a job")
    return data
