"""The bookkeeping of a job: its file while it runs, its attempts when they end, and jobs whose process died."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from store.jobs import Job, Phase, Progress, Standing, asked_to_cancel, read_jobs, write_job
from store.overlay import Review
from store.scores import ScoreAttempt, ScoreStatus, add_score, read_scores

_WRITE_EVERY_S = 1.0


class Stopped(Exception):
    """Somebody asked the job to stop."""


@dataclass(slots=True)
class Ledger:
    """Keeps one job's file up to date and tells a listener."""

    review: Review
    job: Job
    listener: Callable[[Job], None]
    stop_asked: Callable[[], bool]
    """Whether this process was told to stop by a signal."""
    _written: float = 0.0

    def update(self, **changes: Any) -> None:
        """Something changed that others want to know at once."""
        self.job = replace(self.job, updated_at=time.time_ns(), **changes)
        write_job(self.review, self.job)
        self._written = time.monotonic()
        self.listener(self.job)

    def tick(self, progress: Progress | None = None) -> None:
        """Some time went by; raises :class:`Stopped` when the job shall stop."""
        if self.stop_asked() or asked_to_cancel(self.review, self.job.job_id):
            raise Stopped
        changed = progress is not None and progress != self.job.progress
        if time.monotonic() - self._written >= _WRITE_EVERY_S:
            self.update(progress=progress or self.job.progress)
        elif changed and progress:
            self.job = replace(self.job, progress=progress)
            self.listener(self.job)

    def end(self, outcome: ScoreStatus, value: float | None, reason: str) -> None:
        """The job is over."""
        self.update(phase=Phase.ENDED, outcome=outcome.value, value=value, reason=reason, container=None)


def settle_lost(review: Review) -> list[Job]:
    """Write down what became of jobs whose process died without a word; these, as they are now.

    What is written follows from the job's file alone, so that two who settle the same job write the same.
    """
    jobs, _ = read_jobs(review)
    known = {attempt.attempt_id for attempt in read_scores(review)[0]}
    settled = []
    for job in jobs:
        if job.standing is not Standing.LOST:
            continue
        reason = f"its process (pid {job.owner.pid} on {job.owner.host}) died while it was {job.phase}"
        if job.attempt_id is not None and job.attempt_id not in known:
            add_score(
                review,
                ScoreAttempt(
                    job.run_id, job.attempt_id, job.started_at, job.updated_at, job.benchmark, "", ScoreStatus.LOST,
                    job.engine, job.isolation, limit_n=job.limit_n, token_limit=job.token_limit, device=job.device,
                    reason=reason, sampling="not known: its process died",
                ),
            )  # fmt: skip
        ended = replace(job, phase=Phase.ENDED, outcome=ScoreStatus.LOST.value, reason=reason, container=None)
        write_job(review, ended)
        settled.append(ended)
    return settled
