"""What is known of the scoring of one run: attempts that ended, the job under way, and the end of its log.

Everything is read from the files that jobs leave beside the run, so a job that another process began, or one that this
app began before it was quit, is found like any other.
"""

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.redact import redact
from store.jobs import Job, Standing, asked_to_cancel, read_jobs, running_job
from store.overlay import SCORES, Review
from store.plain import plain_lines
from store.scores import ScoreAttempt, ScoreStatus, read_scores

_TAIL_BYTES = 64 * 1024
_OUTPUT = "output.txt"
RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt, ended or not; or a job that ended before it came to an attempt."""

    key: str
    number: int
    """In the run, from 1."""
    ts: int
    """When it began: ns since the epoch."""
    state: str
    """A :class:`ScoreStatus`, or :data:`RUNNING`."""
    engine: str
    token_limit: int | None = None
    limit_n: int | None = None
    samples: int | None = None
    value: float | None = None
    stderr: float | None = None
    drawn: str = ""
    """Seed, temperature and top-p, and who decided them."""
    reason: str = ""
    log: Path | None = None
    """Its harness's output, where there is any."""
    counts: bool = False
    """It is the run's score."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """The scoring of one run at one moment."""

    rows: tuple[Row, ...]
    """Oldest first."""
    job: Job | None
    """The job under way, else the last one; None where there was none."""
    stopping: bool
    """Somebody asked the job under way to stop."""
    unreadable: tuple[str, ...]
    """Files of jobs and attempts that cannot be read, with the reason."""

    @property
    def running(self) -> Job | None:
        """The job under way."""
        return self.job if self.job is not None and self.job.standing is Standing.RUNNING else None


def read_scoring(review: Review, benchmark: str | None) -> Scoring:
    """Jobs and attempts as they are now; ``benchmark`` is the run's own."""
    jobs, unread_jobs = read_jobs(review)
    attempts, unread = read_scores(review)
    running = running_job(jobs)
    counting = [one.attempt_id for one in attempts if one.counts_for(benchmark)]
    told = [(one.ts, _attempted(review, one)) for one in attempts]
    known = {one.attempt_id for one in attempts}
    told += [(one.updated_at, _of_job(one)) for one in jobs if _tells_more(one, known)]
    ordered = [row for _, row in sorted(told, key=lambda pair: (pair[0], pair[1].key))]
    return Scoring(
        tuple(
            replace(row, number=number, counts=row.key in counting[-1:])
            for number, row in enumerate(ordered, start=1)
        ),
        running or (jobs[-1] if jobs else None),
        running is not None and asked_to_cancel(review, running.job_id),
        tuple(f"{one.path.name}: {one.reason}" for one in (*unread_jobs, *unread)),
    )


def read_tail(log: Path | None) -> list[str]:
    """The last lines of a harness's output, made plain and without secrets; none where it cannot be read.

    Of a line that renews itself (a progress bar) the last state is kept.
    """
    if log is None:
        return []
    try:
        # A harness is hostile: what it left under that name may be a pipe that nobody writes to.
        descriptor = os.open(log, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return []
        file.seek(max(status.st_size - _TAIL_BYTES, 0))
        data = file.read(_TAIL_BYTES)
    text = redact(data.decode(errors="replace")).text.replace("\r\n", "\n").rstrip()
    lines = [one.rstrip("\r").rpartition("\r")[2] for one in text.split("\n")]
    return [plain for one in lines[status.st_size > _TAIL_BYTES :] for plain in plain_lines(one)]


def _attempted(review: Review, attempt: ScoreAttempt) -> Row:
    return Row(
        key=attempt.attempt_id,
        number=0,
        ts=attempt.ts,
        state=attempt.status.value,
        engine=" ".join(filter(None, (attempt.engine, attempt.engine_version))),
        token_limit=attempt.token_limit,
        limit_n=attempt.limit_n,
        samples=attempt.samples,
        value=attempt.value,
        stderr=attempt.stderr,
        drawn=attempt.sampling,
        reason=attempt.reason,
        log=_kept_log(review, attempt.log),
    )


def _kept_log(review: Review, folder: str | None) -> Path | None:
    """Where the output of an attempt was kept; the name comes from a record, so it must stay inside."""
    if folder is None:
        return None
    for place in review.places(SCORES):
        path = place / folder / _OUTPUT
        if path.is_file() and path.resolve().is_relative_to(place.resolve()):
            return path
    return None


def _tells_more(job: Job, known: set[str]) -> bool:
    """Whether a job says what no kept attempt does."""
    if job.attempt_id is not None:
        return job.attempt_id not in known
    return f"{job.job_id}-0" not in known


def _of_job(job: Job) -> Row:
    state = {Standing.RUNNING: RUNNING, Standing.LOST: ScoreStatus.LOST.value}.get(
        job.standing, job.outcome or ScoreStatus.FAILED.value
    )
    reason = job.reason
    if job.standing is Standing.LOST:
        reason = f"its process (pid {job.owner.pid} on {job.owner.host}) died while it was {job.phase}"
    return Row(
        key=job.attempt_id or job.job_id,
        number=0,
        ts=job.started_at,
        state=state,
        engine=job.engine,
        token_limit=job.token_limit,
        limit_n=job.limit_n,
        reason=reason,
        log=Path(job.log) if job.log else None,
    )
