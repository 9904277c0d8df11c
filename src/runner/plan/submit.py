"""Hands planned runs to a scheduler, one job a run, and remembers which job is which until its run is there."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runner.plan.matrix import PlannedRun
from store.decode import decode
from store.durable import writing
from store.errors import PtbError, Unavailable
from store.jsonio import dumps, loads
from store.library import runs_folder

_PATIENCE_S = 60.0
_ASK_S = 5.0
_SLURM_ID = re.compile(r"(\d+)(?:;\S+)?")
_CONDOR_ID = re.compile(r"(\d+\.\d+) - ")
_CONDOR_STATES = {"1": "idle", "2": "running", "3": "removed", "4": "completed", "5": "held"}
"""https://htcondor.readthedocs.io/en/latest/classad-attributes/job-classad-attributes.html, JobStatus."""


class Scheduler(StrEnum):
    """Who runs jobs."""

    SLURM = "slurm"
    HTCONDOR = "htcondor"


@dataclass(frozen=True, slots=True)
class Job:
    """A run that was handed to a scheduler."""

    job: str
    """``slurm:123``; the run has it as its ``job``."""
    submitted_at: int
    """Nanoseconds since the epoch."""
    agent: str
    agent_model: str | None
    benchmark: str
    base_model: str
    seed: int

    @property
    def scheduler(self) -> str:
        """The part of the id before the colon."""
        return self.job.partition(":")[0]


def submit(
    run: PlannedRun, scheduler: Scheduler, lines: Sequence[str], spare_hours: float, index: int
) -> Job:
    """Write the job's file and submit it; raises :class:`Unavailable` where the scheduler does not take it."""
    folder = jobs_folder()
    now = time.time_ns()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if scheduler is Scheduler.SLURM:
            file = folder / f"{now}-{index}.sbatch"
            file.write_text(_slurm(run, folder, lines, spare_hours))
            job_id = _submitted(["sbatch", "--parsable", str(file)], _SLURM_ID.match)
        else:
            file = folder / f"{now}-{index}.sub"
            file.write_text(_condor(run, folder, lines))
            job_id = _submitted(["condor_submit", "-terse", str(file)], _CONDOR_ID.match)
        job = Job(
            f"{scheduler}:{job_id}", now, run.agent.agent, run.agent.agent_model, run.task.benchmark,
            run.task.base_model, run.seed,
        )  # fmt: skip
        (folder / f"{scheduler}-{job_id}.json").write_bytes(dumps(job))
    return job


def jobs_folder(runs: Path | None = None) -> Path:
    """Where submitted jobs are remembered: beside the runs, which all machines of a cluster see."""
    return (runs or runs_folder()).absolute() / ".submitted"


def read_jobs(runs: Path | None = None) -> list[Job]:
    """All jobs that were submitted, oldest first; files that are none are left out."""
    found = []
    for file in jobs_folder(runs).glob("*.json"):
        try:
            found.append(decode(Job, loads(file.read_bytes()), file.name))
        except (OSError, ValueError, PtbError):
            continue
    return sorted(found, key=lambda job: job.submitted_at)


def states(jobs: Sequence[Job]) -> dict[str, str]:
    """What the schedulers say of jobs, by job, in their own words; nothing for those that they do not know."""
    told: dict[str, str] = {}
    for scheduler, ask in ((Scheduler.SLURM, _ask_slurm), (Scheduler.HTCONDOR, _ask_condor)):
        ids = [job.job.partition(":")[2] for job in jobs if job.scheduler == scheduler]
        if ids:
            told |= {f"{scheduler}:{name}": state for name, state in ask(ids).items()}
    return told


def _slurm(run: PlannedRun, folder: Path, lines: Sequence[str], spare_hours: float) -> str:
    minutes = int((run.hours + spare_hours) * 60)
    directives = [f"--job-name={run.name}", f"--output={folder}/%j.log", f"--time={minutes}", *lines]
    command = shlex.join(_command(run))
    return "\n".join(
        [
            "#!/bin/sh",
            *(f"#SBATCH {one}" for one in directives),
            f"export PTB_RUNS={shlex.quote(str(runs_folder().absolute()))}",
            f'exec {command} --job "slurm:$SLURM_JOB_ID"',
            "",
        ]
    )


def _condor(run: PlannedRun, folder: Path, lines: Sequence[str]) -> str:
    program, *arguments = _command(run)
    words = [*map(_condor_word, arguments), "--job", "htcondor:$(ClusterId).$(ProcId)"]
    runs = _condor_word(f"PTB_RUNS={runs_folder().absolute()}")
    return "\n".join(
        [
            "universe = vanilla",
            f"batch_name = {run.name}",
            f"executable = {program}",
            f'arguments = "{" ".join(words)}"',
            f'environment = "{runs}"',
            "getenv = PATH,HOME,PYTHONPATH,PTB_*,DOCKER_*",
            *(f"{end} = {folder}/$(ClusterId).$(ProcId).{end}" for end in ("output", "error", "log")),
            *lines,
            "queue",
            "",
        ]
    )


def _command(run: PlannedRun) -> list[str]:
    return [sys.executable, "-P", "-m", "ptb_tui", "run", *run.arguments]


def _condor_word(word: str) -> str:
    """One argument in HTCondor's quoting: quotes doubled, blanks inside single quotes, ``$`` by its macro."""
    escaped = word.replace('"', '""').replace("'", "''").replace("$", "$(DOLLAR)")
    return f"'{escaped}'" if not escaped or any(mark in escaped for mark in " '\t") else escaped


def _submitted(command: list[str], find: Callable[[str], re.Match[str] | None]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, check=False
        )
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not on PATH: submit from a machine that has it") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{command[0]} did not answer in {_PATIENCE_S:g} s") from error
    found = find(done.stdout.strip())
    if done.returncode or found is None:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise Unavailable(f"{command[0]} did not take the job ({command[-1]}): it says {said[-1]}")
    return found[1]


def _ask_slurm(ids: Sequence[str]) -> dict[str, str]:
    said = _said(["squeue", "--noheader", f"--jobs={','.join(ids)}", "--format=%i %T"])
    return {name: state.lower() for name, _, state in (line.partition(" ") for line in said)}


def _ask_condor(ids: Sequence[str]) -> dict[str, str]:
    said = _said(["condor_q", *ids, "-format", "%d.", "ClusterId", "-format", "%d ", "ProcId", "-format", "%d\\n", "JobStatus"])  # fmt: skip
    lines = (line.partition(" ") for line in said)
    return {name: _CONDOR_STATES.get(state.strip(), state) for name, _, state in lines}


def _said(command: list[str]) -> list[str]:
    """Lines of a scheduler's answer; none where it is not there: the rest can be told without it."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_ASK_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []
